// An alias must lead somewhere.
import { isGlob } from '../../lib/glob.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { type RoutingCheck, suggestName } from './context.ts';
import { find, isCircle } from './find-name.ts';

export const unknownAliasTarget: RoutingCheck = {
  code: 'reference/unknown-alias-target',
  severity: 'error',
  meaning: 'An alias leads to a name that is no combo, no alias and no model of a declared provider.',
  action: 'Correct the name, or declare the provider.',
  *check(context) {
    for (const [name, target] of Object.entries(context.config.aliases)) {
      const pointer = renderPointer(['aliases', name]);
      // A target with `*` keeps what the pattern matched; only its provider can be looked up.
      if (isGlob(name) && target.includes('*')) {
        const prefix = target.slice(0, Math.max(target.indexOf('/'), 0));
        if (!context.snapshot.prefixes.has(prefix)) {
          yield {
            pointer,
            message: `"${target}" names no declared provider`,
            suggestion: suggestName(context, target),
          };
        }
      } else if (!isCircle(context, name)) yield* find(context, { pointer }, target, true);
    }
  },
};
