// Aliases and combos share one namespace, therefore no name may stand in both.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { DocumentCheck } from './context.ts';

export const nameClash: DocumentCheck = {
  code: 'name/alias-and-combo',
  severity: 'error',
  meaning:
    'An alias and a combo have the same name. They share one namespace, so the name would have two meanings.',
  action: 'Rename one of them.',
  *check({ config }) {
    for (const name of Object.keys(config.aliases)) {
      if (!Object.hasOwn(config.combos, name)) continue;
      yield {
        pointer: `/aliases/${escapeSegment(name)}`,
        part: 'key',
        message: `"${name}" is a combo as well`,
        related: [{ pointer: `/combos/${escapeSegment(name)}`, part: 'key', message: 'the combo' }],
      };
    }
  },
};
