import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyEdits } from '../../../src/lib/json-splice.ts';

it('makes every edit, in whatever order they are given, in small bodies and in large ones', () => {
  const gap = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(
      fc.constantFrom(0, 8 * 1024 - 60, 8 * 1024, 20_000),
      fc.array(
        fc.record({
          before: gap.map((bytes) => bytes + 1),
          length: gap,
          text: fc.string({ unit: 'grapheme' }),
        }),
        {
          maxLength: 4,
        },
      ),
      fc.boolean(),
      (base, places, backwards) => {
        let at = 0;
        let expected = '';
        const size = base + places.reduce((sum, { before, length }) => sum + before + length, 0);
        const source = Array.from({ length: size }, (_, index) =>
          String.fromCharCode(97 + (index % 26)),
        ).join('');
        const edits = places.map(({ before, length, text }) => {
          const start = at + before;
          expected += source.slice(at, start) + text;
          at = start + length;
          return { start, end: at, text };
        });
        expected += source.slice(at);
        const body = Buffer.from(source);
        const pieces = applyEdits(body, backwards ? edits.toReversed() : edits);
        expect(Buffer.concat(pieces).toString()).toBe(Buffer.from(expected).toString());
        expect(body.toString()).toBe(source);
        if (edits.length > 0 && size <= 8 * 1024) expect(pieces).toHaveLength(1);
      },
    ),
    { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
  );
});
