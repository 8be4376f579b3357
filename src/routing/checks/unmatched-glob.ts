// Globs over model names should match something that is known.
import { isGlob, matchGlob } from '../../lib/glob.ts';
import { findNearest } from '../../lib/nearest.ts';
import { knownModels, type RoutingCheck } from './context.ts';
import { mayBegin } from './reach.ts';
import { listModelGlobs } from './references.ts';

export const unmatchedGlob: RoutingCheck = {
  code: 'reference/unmatched-glob',
  severity: 'warning',
  meaning: 'A glob over model names matches no combo, no alias and no model that is known.',
  action:
    'Correct the glob. It is matched whole, without case, against the name as clients write it and against `provider/model`.',
  *check(context) {
    // Large files repeat their globs.
    const known = new Map<string, boolean>();
    // A provider without a list takes any name: a glob that may lead there proves nothing.
    const open = context.snapshot.providers
      .values()
      .filter((provider) => knownModels(context, provider).length === 0);
    const prefixes = open.flatMap(({ id, prefixes: more }) => [id, ...more]);
    for (const { pointer, name } of listModelGlobs(context.config)) {
      if (!isGlob(name) || prefixes.some((prefix) => mayBegin(name, `${prefix}/`))) continue;
      if (!known.has(name))
        known.set(
          name,
          context.names().some((other) => matchGlob(name, other)),
        );
      if (known.get(name)) continue;
      const near = findNearest(name.replaceAll('*', ''), context.names());
      yield {
        pointer,
        message: `"${name}" matches nothing`,
        suggestion: near === undefined ? undefined : `there is "${near}"`,
      };
    }
  },
};
