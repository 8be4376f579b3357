// A policy that no key can meet never acts.
import type { RoutingCheck } from './context.ts';
import { findUnreachable } from './rule-reach.ts';

export const unreachablePolicy: RoutingCheck = {
  code: 'policy/unreachable',
  severity: 'warning',
  meaning:
    'No client key can ever meet a policy: each condition is met by some key, but all of them by none.',
  action: 'Loosen the match, or give the keys what it asks for.',
  check: (context) => findUnreachable(context, ['policies']),
};
