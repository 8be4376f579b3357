// Whether any client key can meet a match as a whole.
import type { ResolvedMatch } from '../../config/generated/types.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import { isGlob, matchGlob } from '../../lib/glob.ts';
import { renderTarget } from '../resolve.ts';
import { type RoutingContext, matchesAny, resolve } from './context.ts';
import { type MatchPlace, listMatches } from './references.ts';

export function* findUnreachable(
  context: RoutingContext,
  sections: readonly MatchPlace['section'][],
): Generator<Finding> {
  const { keys } = context.config;
  for (const { section, id, pointer, match, enabled } of listMatches(context.config)) {
    if (!sections.includes(section) || !enabled) continue;
    const byKey = match.keys !== undefined || match.tags !== undefined;
    if (!byKey || keys.length === 0) continue;
    // A single condition that nothing meets is reported by the reference checks.
    const possible = keys.filter((key) => match.keys === undefined || matchesAny(match.keys, key.id));
    const tagged = possible.filter((key) =>
      Object.entries(match.tags ?? {}).every(([name, glob]) => matchGlob(glob, key.tags[name] ?? '')),
    );
    if (possible.length === 0 || !anyMeetsTags(context, match.tags)) continue;
    const able =
      match.models === undefined
        ? tagged
        : tagged.filter((key) => mayAsk(context, key.models, match.models ?? []));
    if (able.length > 0) continue;
    const what =
      tagged.length === 0
        ? 'no key has both this id and these tags'
        : 'no key that it matches may use these models';
    yield { pointer, message: `"${id}" can never apply: ${what}` };
  }
}

function anyMeetsTags(
  { config }: RoutingContext,
  tags: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(tags ?? {}).every(([name, glob]) =>
    config.keys.some((key) => Object.hasOwn(key.tags, name) && matchGlob(glob, key.tags[name] ?? '')),
  );
}

/** Whether some name that the key may use is one that the rule is about. */
function mayAsk(
  context: RoutingContext,
  allowed: readonly string[] | undefined,
  wanted: readonly string[],
): boolean {
  if (!allowed) return true;
  // Two globs can meet in a name that nobody has written down; only literal lists can be proven apart.
  if (allowed.some(isGlob) && wanted.some(isGlob)) return true;
  return [...context.names(), ...allowed, ...wanted].some((name) => {
    const target = resolve(context, name);
    const forms = target ? [name, renderTarget(target)] : [name];
    return matchesAny(allowed, ...forms) && matchesAny(wanted, ...forms);
  });
}

/** Whether `wide` holds for every request for which `narrow` holds; only where that is plain to see. */
export function covers(wide: ResolvedMatch, narrow: ResolvedMatch): boolean {
  const wanted: Readonly<Record<string, unknown>> = { ...wide };
  const given: Readonly<Record<string, unknown>> = { ...narrow };
  return Object.keys(wanted).every(
    (name) => wanted[name] === undefined || JSON.stringify(wanted[name]) === JSON.stringify(given[name]),
  );
}
