// A name that leads to a model which goes soon.
import type { RoutingCheck } from './context.ts';
import { findRetirements, soon } from './retirement.ts';

export const retiringModel: RoutingCheck = {
  code: 'model/retires-soon',
  severity: 'warning',
  meaning: 'A name leads to a model that its provider takes away within 90 days.',
  action: 'Plan the change to its successor.',
  check: (context) =>
    findRetirements(context, (retires, now) => retires > now && retires <= now + soon, 'retires on'),
};
