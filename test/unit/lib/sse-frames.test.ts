// Frames must come out the same however the bytes were split, with every kind of line end.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameCutter, eachFrame, readData, readEvent } from '../../../src/lib/sse-frames.ts';

const runs = { numRuns: Number(process.env.FC_RUNS ?? 300) };

function cut(chunks: readonly Uint8Array[]): { whole: string[]; rest: string } {
  const cutter = createFrameCutter();
  const whole: string[] = [];
  for (const chunk of chunks) {
    const run = cutter.push(chunk);
    if (run) whole.push(Buffer.from(run).toString('latin1'));
  }
  return { whole, rest: Buffer.from(cutter.rest() ?? []).toString('latin1') };
}

function frames(text: string): string[] {
  const found: string[] = [];
  eachFrame(text, (start, end) => found.push(text.slice(start, end)));
  return found;
}

function split(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
}

describe('createFrameCutter', () => {
  it('passes chunks of whole frames on without a copy', () => {
    const chunk = Buffer.from('data: 1\n\ndata: 2\n\n');
    expect(createFrameCutter().push(chunk)).toBe(chunk);
  });

  it('holds the unfinished rest and joins it with what follows', () => {
    const texts = ['data: 1\n\nda', 'ta: 2', '\n', '\ndata: 3'];
    expect(cut(texts.map((text) => Buffer.from(text)))).toEqual({
      whole: ['data: 1\n\n', 'data: 2\n\n'],
      rest: 'data: 3',
    });
  });

  it('says when a frame outgrows what is held', () => {
    const cutter = createFrameCutter();
    for (let i = 0; i < 17; i++) cutter.push(Buffer.alloc(1024 * 1024, 0x61));
    expect(cutter.overflowed).toBe(true);
  });

  it.each(['\n', '\r\n', '\r'])('gives the same frames at any split, line end %j', (newline) => {
    const field = fc.constantFrom('data: {"a":1}', 'data:', 'event: x', ': note', 'id: 1', 'data: é');
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(500), { maxLength: 12 }),
        fc.boolean(),
        (list, places, single) => {
          const text = list.map((lines) => lines.join(newline) + newline + newline).join('');
          const bytes = Buffer.from(text);
          const chunks = single ? [...bytes].map((byte) => Uint8Array.of(byte)) : split(bytes, places);
          const { whole, rest } = cut(chunks);
          expect(whole.join('') + rest).toBe(bytes.toString('latin1'));
          expect(rest.trim()).toBe('');
          const data = (all: string[]) => all.map(readData).filter((value) => value !== undefined);
          expect(data(whole.flatMap(frames))).toEqual(data(frames(bytes.toString('latin1'))));
        },
      ),
      runs,
    );
  });
});

describe('readData and readEvent', () => {
  it.each([
    ['data: x\n\n', 'x'],
    ['data:x\n\n', 'x'],
    ['data:  x\r\n\r\n', ' x'],
    ['event: e\ndata: a\ndata: b\n\n', 'a\nb'],
    [': comment\n\n', undefined],
    ['\u00EF\u00BB\u00BFdata: bom\n\n', 'bom'],
  ])('reads the data of %j', (frame, expected) => {
    expect(readData(frame)).toBe(expected);
  });

  it('reads the event name', () => {
    expect(readEvent('event: error\ndata: {}\n\n')).toBe('error');
    expect(readEvent('data: event: no\n\n')).toBeUndefined();
  });
});
