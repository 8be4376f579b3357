// Choosing by window needs windows.
import type { RoutingCheck } from './context.ts';
import { findMissing } from './strategy-needs.ts';

export const needsContext: RoutingCheck = {
  code: 'combo/needs-context',
  severity: 'warning',
  meaning: 'A combo chooses by context window, but the window of a target is not known.',
  action: 'Write its `context` under `models`.',
  check: (context) =>
    findMissing(
      context,
      'context-optimized',
      (facts) => facts.context !== undefined,
      'no context window is known',
    ),
};
