// The same target twice in one combo is a retry in disguise, or a slip.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { DocumentCheck } from './context.ts';

export const duplicateTarget: DocumentCheck = {
  code: 'combo/duplicate-target',
  severity: 'warning',
  meaning:
    'A combo lists one target twice under the same conditions. The second is tried right after the first has failed in the same way.',
  action: 'Remove one of them; repeats are what `resilience.profiles.*.retries` is for.',
  *check({ config }) {
    for (const [name, { targets }] of Object.entries(config.combos)) {
      const first = new Map<string, number>();
      for (const [index, { model, when, schedule, connections }] of targets.entries()) {
        const key = JSON.stringify([model, when, schedule, connections]);
        const earlier = first.get(key);
        if (earlier === undefined) first.set(key, index);
        else {
          const at = `/combos/${escapeSegment(name)}/targets`;
          yield {
            pointer: `${at}/${index}`,
            message: `"${model}" is a target already`,
            related: [{ pointer: `${at}/${earlier}`, message: 'here' }],
          };
        }
      }
    }
  },
};
