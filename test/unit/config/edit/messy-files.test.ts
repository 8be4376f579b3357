// Random edits over files of the worst handwriting that is still YAML without anchors: none is ever refused, each means
// what it says, and every byte outside the lines of the touched node stays.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editText } from '../../../../src/config/edit.ts';
import { patchValue } from '../../../../src/config/edit/patch.ts';
import { isSame, type Value } from '../../../../src/config/edit/value.ts';
import { readText } from '../../../../src/config/file-set.ts';
import { isGatewayError } from '../../../../src/errors.ts';
import { meanTexts, pickMap, pickValue, printMessy, readTape } from '../../../support/messy-yaml.ts';
import { findTouchedLines, lineOf, makeEdit, ops } from '../../../support/random-edits.ts';

const runs = Number(process.env['FC_RUNS'] ?? 300);

const tapes = fc.array(fc.nat({ max: 255 }), { maxLength: 400, size: 'max' });
const steps = fc.record({
  pick: fc.nat(),
  op: fc.constantFrom(...ops),
  value: fc.oneof(
    fc.array(fc.nat({ max: 255 }), { maxLength: 30 }).map((tape) => pickValue(readTape(tape), 2)),
    fc.constantFrom(...meanTexts),
  ),
  name: fc.constantFrom('fresh', 'a b', '__proto__', 'x: y', '9', '#', '- a', '<<', "it's", 'null', '?', ''),
  other: fc.nat(),
});

it(
  'no edit is refused, each means what it says, and the rest keeps every byte',
  () => {
    let files = 0;
    let messy = 0;
    const property = fc.property(tapes, fc.array(steps, { minLength: 1, maxLength: 4 }), (tape, list) => {
      const pick = readTape(tape);
      const text = printMessy(pickMap(pick, 3), pick);
      files++;
      if (text === undefined) return;
      messy++;
      let current = text;
      for (const step of list) {
        const root = readText(current);
        const edit = makeEdit(root, step);
        if (!edit) continue;
        let wanted: Value;
        try {
          wanted = patchValue(root, edit);
        } catch (error) {
          expect(isGatewayError(error) && error.status < 500).toBe(true);
          continue;
        }
        const told = `${JSON.stringify(edit)}\n${JSON.stringify(current)}\n${current}\n`;
        let edited: string;
        try {
          edited = editText(current, edit);
        } catch (cause) {
          throw new Error(`${told}is refused: ${(cause as Error).message}`, { cause });
        }
        expect(isSame(readText(edited), wanted), `${told}became\n${edited}`).toBe(true);
        if (current.includes('\r\n') && !/[^\r]\n/.test(current))
          expect(edited.replaceAll('\r\n', ''), `${told}became\n${edited}`).not.toMatch(/\n/);
        const { start, end } = findTouchedLines(current, root, edit);
        // Spaces on a blank line right behind a block text would be part of the text.
        const [before, behind] = [current.slice(0, start), current.slice(end).replace(/^(?: +\r?\n)+/, '')];
        const where = `${told}became\n${edited}\n`;
        expect(edited.startsWith(before), `${where}: a byte before line ${lineOf(current, start)}`).toBe(
          true,
        );
        expect(edited.endsWith(behind), `${where}: a byte behind line ${lineOf(current, end - 1)}`).toBe(
          true,
        );
        expect(edited.length, where).toBeGreaterThanOrEqual(before.length + behind.length);
        current = edited;
      }
    });
    fc.assert(property, { numRuns: runs });
    // Where the printer itself misses its meaning too often, nothing was shown.
    expect(messy).toBeGreaterThan(files * 0.9);
  },
  20_000 + runs * 50,
);
