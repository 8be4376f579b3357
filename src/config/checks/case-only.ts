// `Fast` beside `fast`: exact names count case, globs do not, and people read over it.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { DocumentCheck } from './context.ts';

export const caseOnly: DocumentCheck = {
  code: 'name/differs-by-case',
  severity: 'warning',
  meaning: 'Two names differ only in upper and lower case. Globs match both, exact names only one.',
  action: 'Choose names that differ in more than that.',
  *check({ config }) {
    const first = new Map<string, { name: string; pointer: string }>();
    for (const section of ['aliases', 'combos'] as const) {
      for (const name of Object.keys(config[section])) {
        const pointer = `/${section}/${escapeSegment(name)}`;
        const earlier = first.get(name.toLowerCase());
        if (!earlier) first.set(name.toLowerCase(), { name, pointer });
        else if (earlier.name !== name) {
          yield {
            pointer,
            part: 'key',
            message: `"${name}" and "${earlier.name}" differ only in case`,
            related: [{ pointer: earlier.pointer, part: 'key', message: 'the other' }],
          };
        }
      }
    }
  },
};
