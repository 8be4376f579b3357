// Random edits over hand-written, heavily commented files: the meaning is exactly the intended one, and no comment
// or blank line outside the touched entry is lost or changed.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { editText, type Edit } from '../../../../src/config/edit.ts';
import { patchValue } from '../../../../src/config/edit/patch.ts';
import { isSame, toValue, type Value } from '../../../../src/config/edit/value.ts';
import { isGatewayError } from '../../../../src/errors.ts';
import { makeEdit, ops } from '../../../support/random-edits.ts';

const folder = new URL('../../../fixtures/edit/', import.meta.url);
const files = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(new URL(name, folder), 'utf8'),
}));
// Twenty files, two properties each: two thousand runs by default.
const runs = Number(process.env.FC_RUNS ?? 50);
const timeout = 20_000 + runs * 40;

const read = (text: string): Value => toValue(parseDocument(text, { merge: true }).toJS({ mapAsMap: true }));

const scalars = fc.constantFrom(
  'plain',
  'a: b',
  '# no comment',
  'true',
  '${env:X}',
  '',
  ' lead',
  'two\nlines\n',
  'x\n\n y',
  "it's",
  '{a}',
  '-',
  '!no',
  42,
  0.5,
  true,
  null,
  '__proto__',
  'ü – €',
  '*star',
  '&amp',
  '[x',
  'trail ',
  '1e3',
  '0x1f',
  '~',
);
const values: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: scalars, weight: 5 },
    { arbitrary: fc.array(tie('any'), { maxLength: 3 }), weight: 1 },
    {
      arbitrary: fc.dictionary(fc.constantFrom('id', 'k', 'a b', 'x:y', 'models', '#x', '1'), tie('any'), {
        maxKeys: 3,
      }),
      weight: 2,
    },
  ),
})).any;

const steps = fc.record({
  pick: fc.nat(),
  op: fc.constantFrom(...ops),
  value: values,
  name: fc.constantFrom('fresh', 'a b', '__proto__', 'x: y', '9', 'new-name'),
  other: fc.nat(),
});

/** Undefined where an anchor or a merge stands in the way, which only a file with anchors may say. */
function tryEdit(text: string, edit: Edit): string | undefined {
  try {
    return editText(text, edit);
  } catch (error) {
    if (isGatewayError(error) && error.code === 'conflict' && /&\w/.test(text)) return undefined;
    throw error;
  }
}

const listComments = (text: string): string[] =>
  text.split(/\r?\n/).flatMap((line) => /(?:^|\s)(#.*)$/.exec(line)?.[1] ?? []);

describe.each(files)('edits of $name', ({ text }) => {
  it(
    'mean what they say, or are refused with a reason',
    () => {
      fc.assert(
        fc.property(fc.array(steps, { minLength: 1, maxLength: 4 }), (list) => {
          let current = text;
          for (const step of list) {
            const root = read(current);
            const edit = makeEdit(root, step);
            if (!edit) continue;
            let wanted: Value;
            try {
              wanted = patchValue(root, edit);
            } catch (error) {
              expect(isGatewayError(error) && error.status < 500).toBe(true);
              continue;
            }
            let edited: string;
            try {
              edited = editText(current, edit);
            } catch (error) {
              if (!isGatewayError(error)) throw error;
              expect(error.code).toBe('conflict');
              // Only files with anchors may refuse an edit that makes sense.
              expect(
                text,
                `${JSON.stringify(edit)}\n${current}\n${error.message} ${(error.cause as Error)?.message}`,
              ).toMatch(/&\w/);
              continue;
            }
            expect(isSame(read(edited), wanted), `${JSON.stringify(edit)}\n${edited}`).toBe(true);
            if (current.includes('\r\n')) expect(edited.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
            current = edited;
          }
        }),
        { numRuns: runs },
      );
    },
    timeout,
  );

  it(
    'keep every comment when something is only added',
    () => {
      fc.assert(
        fc.property(steps, (step) => {
          const edit = makeEdit(read(text), { ...step, op: step.pick % 2 ? 'add' : 'append' });
          if (!edit) return;
          const edited = tryEdit(text, edit);
          if (edited === undefined) return;
          expect(listComments(edited).filter((comment) => listComments(text).includes(comment))).toEqual(
            listComments(text),
          );
          // Every character that was there still stands there, in its order: only new ones came in. Empty collections
          // may become blocks and an alias may be written out.
          const rest = text.replaceAll(/[{}[\]\s]|\*\w+/g, '');
          let at = 0;
          for (const character of edited) if (character === rest[at]) at++;
          expect(rest.slice(at)).toBe('');
        }),
        { numRuns: runs },
      );
    },
    timeout,
  );
});
