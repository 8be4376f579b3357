// The strict promise: an edit changes bytes inside the lines of the touched node only. Everything before and behind them
// is the same, byte for byte; and a thousand random edits over all fixtures say exactly what they should.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editText } from '../../../../src/config/edit.ts';
import { patchValue } from '../../../../src/config/edit/patch.ts';
import { isSame, type Value } from '../../../../src/config/edit/value.ts';
import { readText } from '../../../../src/config/file-set.ts';
import { isGatewayError } from '../../../../src/errors.ts';
import { findTouchedLines, lineOf, makeEdit } from '../../../support/random-edits.ts';

const folder = new URL('../../../fixtures/edit/', import.meta.url);
const texts = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(new URL(name, folder), 'utf8'),
}));
/** At least a thousand over the twenty files, however few runs are asked for. */
const runs = Math.max(1_000, Number(process.env['FC_RUNS'] ?? 0));

it('there are twenty files, each with comments', () => {
  expect(texts.length).toBeGreaterThanOrEqual(20);
  for (const { name, text } of texts) expect(text, name).toMatch(/#/);
});

const values = fc.oneof(
  fc.constantFrom<unknown>('new', 'a: b', '# hash', 'two\nlines\n', 42, true, null, '', '${env:X}', "it's"),
  fc.constantFrom<unknown>(['p', 'q'], [], {}, { id: 'fresh', k: ['x'] }, { a: { b: 'c' } }),
);
const kinds = fc.constantFrom('set', 'delete', 'rename', 'append', 'add', 'insert');

it(
  'only the lines of the touched node change, and the meaning is the intended one',
  () => {
    let made = 0;
    let refused = 0;
    const property = fc.property(
      fc.constantFrom(...texts),
      fc.nat(),
      kinds,
      values,
      ({ name, text }, pick, op, value) => {
        const root = readText(text);
        const edit = makeEdit(root, { pick, op, value, name: 'fresh-name', other: 0 });
        if (!edit) return;
        let wanted: Value;
        let edited: string;
        try {
          wanted = patchValue(root, edit);
          edited = editText(text, edit);
        } catch (error) {
          if (!isGatewayError(error)) throw error;
          refused++;
          return;
        }
        made++;
        const told = `${name} ${JSON.stringify(edit)}\n${edited}`;
        expect(isSame(readText(edited), wanted), told).toBe(true);
        // What an anchor means changes at every alias too: there the value is written out, far from the edit.
        if (/[:-] &\w/.test(text)) return;
        const { start, end } = findTouchedLines(text, root, edit);
        const [before, behind] = [text.slice(0, start), text.slice(end)];
        expect(edited.startsWith(before), `${told}: a byte before line ${lineOf(text, start)}`).toBe(true);
        expect(edited.endsWith(behind), `${told}: a byte behind line ${lineOf(text, end - 1)}`).toBe(true);
        expect(edited.length, told).toBeGreaterThanOrEqual(before.length + behind.length);
      },
    );
    fc.assert(property, { numRuns: runs * 2 });
    expect(made).toBeGreaterThanOrEqual(runs);
    // Only anchors may stand in the way.
    expect(refused).toBeLessThan(made / 5);
  },
  60_000 + runs * 40,
);
