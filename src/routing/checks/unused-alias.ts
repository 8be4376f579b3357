// An alias that nobody may use.
import { renderPointer } from '../../lib/json-pointer.ts';
import type { RoutingCheck } from './context.ts';
import { createReach } from './reach.ts';

export const unusedAlias: RoutingCheck = {
  code: 'unused/alias',
  severity: 'warning',
  meaning: 'No key may use an alias, and nothing else in the file names it.',
  action: 'Add it to the `models` of a key, or remove it.',
  *check(context) {
    const reach = createReach(context);
    for (const name of reach ? Object.keys(context.config.aliases) : []) {
      if (!reach?.isUsed(name))
        yield { pointer: renderPointer(['aliases', name]), part: 'key', message: `no key may use "${name}"` };
    }
  },
};
