// Weights count for one strategy only; elsewhere they look like a decision and are none.
import { escapeSegment } from '../../lib/json-pointer.ts';
import { isWritten, type DocumentCheck } from './context.ts';

export const ignoredWeight: DocumentCheck = {
  code: 'combo/ignored-weight',
  severity: 'warning',
  meaning: 'A target has a weight, but the strategy of its combo does not look at weights.',
  action: 'Set `strategy: weighted`, or remove the weight.',
  *check(context) {
    for (const [name, { strategy, targets }] of Object.entries(context.config.combos)) {
      if (strategy === 'weighted') continue;
      for (const index of targets.keys()) {
        const pointer = `/combos/${escapeSegment(name)}/targets/${index}/weight`;
        if (isWritten(context, pointer))
          yield { pointer, message: `the strategy "${strategy}" does not look at weights` };
      }
    }
  },
};
