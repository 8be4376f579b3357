// Globs over model names should match something that is known.
import { isGlob, matchGlob } from '../../lib/glob.ts';
import { findNearest } from '../../lib/nearest.ts';
import { type RoutingCheck } from './context.ts';
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
    for (const { pointer, name } of listModelGlobs(context.config)) {
      if (!isGlob(name)) continue;
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
