// `cache.exact` → the rule of which answers may be kept. Nothing keeps any yet, so it demands no fact of real requests.
import { parseDuration, parseSize } from '../../lib/duration.ts';
import { compileMatch } from '../policies/compile.ts';
import type { CompileStep } from './context.ts';

export const compileCache: CompileStep = ({ config, draft, at }) => {
  const exact = config.cache.exact;
  if (!exact) return;
  const { ttl, maxBytes, maxEntries, scope, persist, match } = exact;
  draft.cache = {
    ttl: parseDuration(ttl) ?? 0,
    maxBytes: parseSize(maxBytes) ?? 0,
    maxEntries,
    scope,
    persist,
    tests: compileMatch(match, new Set()),
    ...(match.models && { models: match.models }),
    ...(match.providers && { providers: match.providers }),
    at: at('/cache/exact'),
  };
};
