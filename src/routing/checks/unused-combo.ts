// A combo that nobody may use.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { RoutingCheck } from './context.ts';
import { createReach } from './reach.ts';

export const unusedCombo: RoutingCheck = {
  code: 'unused/combo',
  severity: 'warning',
  meaning: 'No key may use a combo, and nothing else in the file names it.',
  action: 'Add it to the `models` of a key, or remove it.',
  *check(context) {
    const reach = createReach(context);
    for (const name of reach ? Object.keys(context.config.combos) : []) {
      if (!reach?.isUsed(name))
        yield { pointer: renderPointer(['combos', name]), part: 'key', message: `no key may use "${name}"` };
    }
  },
};
