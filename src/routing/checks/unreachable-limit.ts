// A limit that no key can reach limits nothing.
import type { RoutingCheck } from './context.ts';
import { findUnreachable } from './rule-reach.ts';

export const unreachableLimit: RoutingCheck = {
  code: 'limit/unreachable',
  severity: 'warning',
  meaning:
    'No client key can ever meet a budget, a rate limit or the cache rule: each condition is met by some key, but all of them by none.',
  action: 'Loosen the match, or give the keys what it asks for.',
  check: (context) => findUnreachable(context, ['budgets', 'rateLimits', 'cache']),
};
