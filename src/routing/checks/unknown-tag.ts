// Rules look for tags; some key should have them.
import { matchGlob } from '../../lib/glob.ts';
import { renderNearest } from '../../lib/nearest.ts';
import type { RoutingCheck } from './context.ts';
import { listMatches } from './references.ts';

export const unknownTag: RoutingCheck = {
  code: 'reference/unknown-tag',
  severity: 'warning',
  meaning: 'A rule looks for a tag that no client key has, or for a value that none of them has.',
  action: 'Correct the tag, or give it to the keys that are meant.',
  *check({ config }) {
    const values = new Map<string, Set<string>>();
    for (const { tags } of config.keys) {
      for (const [name, value] of Object.entries(tags))
        values.set(name, (values.get(name) ?? new Set()).add(value));
    }
    for (const { pointer, match } of listMatches(config)) {
      for (const [name, glob] of Object.entries(match.tags ?? {})) {
        const known = values.get(name);
        const at = `${pointer}/tags/${name}`;
        if (!known)
          yield {
            pointer: at,
            part: 'key',
            message: `no key has the tag "${name}"`,
            suggestion: renderNearest(name, values.keys()),
          };
        else if (![...known].some((value) => matchGlob(glob, value))) {
          yield {
            pointer: at,
            message: `no key has the tag ${name}: ${glob}`,
            suggestion: renderNearest(glob, known),
          };
        }
      }
    }
    for (const section of ['budgets', 'rateLimits'] as const) {
      for (const [index, { per }] of config[section].entries()) {
        const name = per.startsWith('tag:') ? per.slice(4) : undefined;
        if (name !== undefined && !values.has(name)) {
          yield {
            pointer: `/${section}/${index}/per`,
            message: `no key has the tag "${name}"`,
            suggestion: renderNearest(name, values.keys()),
          };
        }
      }
    }
  },
};
