// The three small machines that look at text while it streams: fences, wrapped input, snapshots.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFenceStripper } from '../../../src/ir/fence.ts';
import { createInputReader, unwrapInput, wrapInput } from '../../../src/ir/freeform.ts';
import { createSnapshotFilter } from '../../../src/ir/snapshots.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 300);
const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 8 });

function cut(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length]!;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

describe('a fence around a text', () => {
  const strip = (text: string, sizes: readonly number[]): string => {
    const stripper = createFenceStripper();
    return (
      cut(text, sizes)
        .map((piece) => stripper.push(piece))
        .join('') + stripper.end()
    );
  };

  test.each([
    ['```json\n{"a":1}\n```', '{"a":1}'],
    ['\n ```\n{"a":1}\n```\n\n', '{"a":1}'],
    ['{"a":"```"}', '{"a":"```"}'],
    ['Here:\n```json\n{}\n```', 'Here:\n```json\n{}\n```'],
    ['``` no line end', '``` no line end'],
    ['``', '``'],
    ['', ''],
  ])('%j', (text, expected) => {
    for (const size of [1, 2, 5, 100]) expect(strip(text, [size])).toBe(expected);
  });

  test('other text is never changed and hardly held back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), cuts, (text, sizes) => {
        fc.pre(!text.trimStart().startsWith('`'));
        expect(strip(text, sizes)).toBe(text);
      }),
      { numRuns },
    );
    expect(createFenceStripper().push('{')).toBe('{');
  });
});

describe('wrapped input', () => {
  test('comes out of its JSON at any split, also inside escapes and surrogate pairs', () => {
    const escaped = (text: string): string =>
      JSON.stringify({ input: text }).replace(
        /[\u0080-\uffff]/g,
        (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), cuts, fc.boolean(), (text, sizes, escapes) => {
        const reader = createInputReader();
        const wrapped = escapes ? escaped(text) : wrapInput(text);
        expect(
          cut(wrapped, sizes)
            .map((piece) => reader.push(piece))
            .join(''),
        ).toBe(text);
        expect(unwrapInput(wrapped)).toBe(text);
      }),
      { numRuns },
    );
  });

  test('is nothing where the model sent no string', () => {
    expect(createInputReader().push('{}')).toBe('');
    expect(unwrapInput('not wrapped')).toBe('not wrapped');
  });
});

describe('snapshots', () => {
  const filter = (pieces: readonly string[]): string => {
    const state = createSnapshotFilter();
    return pieces.map((piece) => state.push(piece)).join('') + state.end();
  };

  test.each([
    [['He', 'Hello', 'Hello w', 'Hello w!'], 'Hello w!'],
    [['He', 'Hello', 'Hello w', 'Hello w'], 'Hello w'],
    [['a', 'b', 'c'], 'abc'],
    [['ha', 'haha', 'x'], 'hahahax'],
    [['ha', 'haha'], 'hahaha'],
    [['x'], 'x'],
  ])('%j', (pieces, expected) => {
    expect(filter(pieces)).toBe(expected);
  });

  test('every growing text of three pieces or more is recognised', () => {
    const growth = fc.array(fc.string({ minLength: 1 }), { minLength: 3, maxLength: 8 });
    fc.assert(
      fc.property(growth, (added) => {
        const snapshots = added.map((_, i) => added.slice(0, i + 1).join(''));
        expect(filter(snapshots)).toBe(added.join(''));
      }),
      { numRuns },
    );
  });

  test('once two pieces do not grow, nothing is ever held again', () => {
    const state = createSnapshotFilter();
    state.push('a');
    state.push('b');
    expect(state.push('ab')).toBe('ab');
    expect(state.push('abab')).toBe('abab');
  });
});
