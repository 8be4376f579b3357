// Lines must come out the same however the bytes were split; what is held is bounded.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineCutter, createLineReader } from '../../../src/lib/ndjson.ts';

const runs = { numRuns: Number(process.env.FC_RUNS ?? 300) };

function split(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
const texts = fc.array(fc.constantFrom('{"a":1}', '', '{"é":"😀\u2028"}', '  ', '[]'), { maxLength: 8 });

describe('createLineCutter', () => {
  it('passes a chunk of whole lines on without a copy', () => {
    const chunk = Buffer.from('{"a":1}\n{"b":2}\n');
    expect(createLineCutter().push(chunk)).toBe(chunk);
  });

  it('gives every byte back once, cut behind line ends only', () => {
    fc.assert(
      fc.property(texts, sizes, fc.boolean(), (lines, cuts, ended) => {
        const bytes = Buffer.from(lines.join('\n') + (ended ? '\n' : ''));
        const cutter = createLineCutter();
        const whole = split(bytes, cuts).flatMap((piece) => cutter.push(piece) ?? []);
        for (const run of whole) expect(run.at(-1)).toBe(0x0a);
        const rest = cutter.rest() ?? new Uint8Array(0);
        expect(rest.includes(0x0a)).toBe(false);
        expect(Buffer.concat([...whole, rest]).equals(bytes)).toBe(true);
      }),
      runs,
    );
  });

  it('says when a line outgrows what is held', () => {
    const cutter = createLineCutter(10);
    cutter.push(Buffer.from('{"a":1}\n12345678'));
    expect(cutter.overflowed).toBe(false);
    cutter.push(Buffer.from('9ab'));
    expect(cutter.overflowed).toBe(true);
  });
});

describe('createLineReader', () => {
  it('delivers the same lines at any split, without blank ones and a byte order mark', () => {
    fc.assert(
      fc.property(texts, sizes, fc.constantFrom('\n', '\r\n'), (lines, cuts, ending) => {
        const bytes = Buffer.from(`\uFEFF${lines.join(ending)}`);
        const seen: string[] = [];
        const reader = createLineReader((line) => seen.push(line.trim()));
        for (const piece of split(bytes, cuts)) reader.push(piece);
        reader.end();
        expect(seen).toEqual(lines.filter((line) => line.trim() !== ''));
      }),
      runs,
    );
  });

  it('throws when a line grows past the limit', () => {
    const reader = createLineReader(() => {}, 10);
    expect(() => reader.push(Buffer.from('12345678901'))).toThrow(RangeError);
  });
});
