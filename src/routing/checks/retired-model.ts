// A name that leads to a model which is gone.
import type { RoutingCheck } from './context.ts';
import { findRetirements } from './retirement.ts';

export const retiredModel: RoutingCheck = {
  code: 'model/retired',
  severity: 'warning',
  meaning: 'A name leads to a model that its provider no longer serves.',
  action: 'Choose its successor.',
  check: (context) => findRetirements(context, (retires, now) => retires <= now, 'was retired on'),
};
