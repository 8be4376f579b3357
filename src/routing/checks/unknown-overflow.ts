// Where a combo goes on must exist.
import type { RoutingCheck } from './context.ts';
import { find } from './find-name.ts';
import { listOverflows } from './references.ts';

export const unknownOverflow: RoutingCheck = {
  code: 'reference/unknown-overflow',
  severity: 'error',
  meaning:
    'A combo goes on to a name that leads nowhere when a prompt does not fit, is refused, or is handed over.',
  action: 'Correct the name of the combo, alias or model.',
  *check(context) {
    for (const { pointer, name } of listOverflows(context.config)) yield* find(context, { pointer }, name);
  },
};
