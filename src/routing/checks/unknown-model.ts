// Names in lists of models must exist, or the rule is silently dead.
import { isGlob } from '../../lib/glob.ts';
import { type RoutingCheck, resolve, suggestName } from './context.ts';
import { listModelGlobs } from './references.ts';

export const unknownModel: RoutingCheck = {
  code: 'reference/unknown-model',
  severity: 'error',
  meaning: 'A list of models names something that is no combo, no alias and no model of a declared provider.',
  action: 'Correct the name.',
  *check(context) {
    const { aliases } = context.config;
    for (const { pointer, name } of listModelGlobs(context.config)) {
      if (
        isGlob(name) ||
        Object.hasOwn(aliases, name) ||
        Object.hasOwn(context.config.combos, name) ||
        resolve(context, name)
      )
        continue;
      yield { pointer, message: `there is no "${name}"`, suggestion: suggestName(context, name) };
    }
  },
};
