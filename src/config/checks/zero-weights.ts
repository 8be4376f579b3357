// A weighted choice among targets that all weigh nothing has no answer.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { DocumentCheck } from './context.ts';

export const zeroWeights: DocumentCheck = {
  code: 'combo/zero-weights',
  severity: 'error',
  meaning: 'Every target of a weighted combo has weight 0, so none of them can ever be chosen.',
  action: 'Give at least one target a weight above 0.',
  *check({ config }) {
    for (const [name, { strategy, targets }] of Object.entries(config.combos)) {
      if (strategy !== 'weighted' || targets.length === 0 || targets.some(({ weight }) => weight > 0))
        continue;
      yield {
        pointer: `/combos/${escapeSegment(name)}/targets`,
        part: 'key',
        message: 'every target has weight 0',
      };
    }
  },
};
