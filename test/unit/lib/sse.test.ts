import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSseReader } from '../../../src/lib/sse.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 300);

type Frame = readonly [data: string, event: string | undefined];

function read(bytes: Uint8Array, sizes: readonly number[], limit?: number): Frame[] {
  const frames: Frame[] = [];
  const reader = createSseReader((data, event) => frames.push([data, event]), limit);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  reader.end();
  return frames;
}

const whole = (text: string): Frame[] => read(Buffer.from(text), [text.length * 4 + 1]);

describe('frames', () => {
  test.each<[what: string, text: string, frames: Frame[]]>([
    ['one line', 'data: a\n\n', [['a', undefined]]],
    ['no space behind the colon', 'data:a\n\n', [['a', undefined]]],
    ['only one space is taken', 'data:  a\n\n', [[' a', undefined]]],
    ['several data lines', 'data: a\ndata: b\n\n', [['a\nb', undefined]]],
    ['a bare data line', 'data: a\ndata\n\n', [['a\n', undefined]]],
    ['an event name', 'event: ping\ndata: {}\n\n', [['{}', 'ping']]],
    [
      'a name belongs to its frame only',
      'event: a\ndata: 1\n\ndata: 2\n\n',
      [
        ['1', 'a'],
        ['2', undefined],
      ],
    ],
    ['comments, ids and retries are nothing', ': hi\nid: 4\nretry: 5\ndata: a\n\n', [['a', undefined]]],
    ['a name without data is nothing', 'event: ping\n\ndata: a\n\n', [['a', undefined]]],
    [
      'blank lines between frames',
      '\n\n\ndata: a\n\n\n\ndata: b\n\n',
      [
        ['a', undefined],
        ['b', undefined],
      ],
    ],
    ['a byte order mark', '\ufeffdata: a\n\n', [['a', undefined]]],
    [
      'CRLF',
      'event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n',
      [
        ['a', 'x'],
        ['b', undefined],
      ],
    ],
    [
      'CR alone',
      'data: a\r\rdata: b\r\r',
      [
        ['a', undefined],
        ['b', undefined],
      ],
    ],
    [
      'a last frame that never ended',
      'data: a\n\ndata: b',
      [
        ['a', undefined],
        ['b', undefined],
      ],
    ],
    ['nothing at all', '', []],
  ])('%s', (_, text, frames) => {
    expect(whole(text)).toEqual(frames);
    expect(read(Buffer.from(text), [1])).toEqual(frames);
  });

  test('are the same at any byte split and with any line end', () => {
    const line = fc.constantFrom('data: é😀', 'data:', 'event: x', ': c', '', '', 'data: {"a":"b"}', 'id: 1');
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        sizes,
        (lines, end, cuts) => {
          const plain = Buffer.from(lines.map((one) => one + end).join(''));
          const expected = whole(lines.map((one) => `${one}\n`).join(''));
          expect(read(plain, cuts)).toEqual(expected);
        },
      ),
      { numRuns },
    );
  });
});

describe('the limit', () => {
  test('stops a line that never ends', () => {
    expect(() => read(Buffer.from(`data: ${'x'.repeat(100)}`), [10], 50)).toThrow(RangeError);
  });

  test('stops a frame of ever more lines', () => {
    expect(() => read(Buffer.from('data: xxxxxxxxx\n'.repeat(20)), [16], 50)).toThrow(RangeError);
  });

  test('lets many small frames pass', () => {
    expect(read(Buffer.from('data: xxxxxxxxx\n\n'.repeat(20)), [7], 50)).toHaveLength(20);
  });
});
