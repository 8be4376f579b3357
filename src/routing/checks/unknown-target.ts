// A target of a combo must lead somewhere.
import type { RoutingCheck } from './context.ts';
import { find } from './find-name.ts';
import { atModel, listTargets } from './references.ts';

export const unknownTarget: RoutingCheck = {
  code: 'reference/unknown-target',
  severity: 'error',
  meaning: 'A target of a combo is no combo, no alias and no model of a declared provider.',
  action: 'Correct the name, or declare the provider.',
  *check(context) {
    for (const { pointer, name } of listTargets(context.config))
      yield* find(context, atModel(context.locate, pointer), name);
  },
};
