// Choosing by cost needs prices.
import type { RoutingCheck } from './context.ts';
import { findMissing } from './strategy-needs.ts';

export const needsPrice: RoutingCheck = {
  code: 'combo/needs-price',
  severity: 'warning',
  meaning:
    'A combo chooses by cost, but the price of a target is not known, so that target always comes last.',
  action: 'Write its price under `models`.',
  check: (context) =>
    findMissing(context, 'cost-optimized', ({ prices }) => prices !== undefined, 'no price is known'),
};
