// Stop texts that the gateway cuts itself: the same cut at any split of the text, and nothing after it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnswerEvent } from '../../../src/ir/events.ts';
import { createStopCutter, createStopListener } from '../../../src/ir/stop-texts.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 300);

function cut(stops: readonly string[], pieces: readonly string[]): { text: string; hit: string | undefined } {
  const cutter = createStopCutter(stops);
  const text = pieces.map((piece) => cutter.push(piece)).join('') + cutter.end();
  return { text, hit: cutter.hit };
}

describe('a text', () => {
  test.each([
    [['END'], ['One END two'], 'One ', 'END'],
    [['END'], ['One E', 'N', 'D two'], 'One ', 'END'],
    [['END'], ['One EN', 'ough'], 'One ENough', undefined],
    [['END'], ['One EN'], 'One EN', undefined],
    [['\n\n', '\nUser:'], ['a\n', 'User', ': b\n\n'], 'a', '\nUser:'],
    [['aab'], ['aa', 'aab'], 'aa', 'aab'],
    [['ab', 'xabc'], ['xabc'], 'x', 'ab'],
    [['ab', 'xabc'], ['x', 'a', 'b', 'c'], 'x', 'ab'],
    [['b', 'ab'], ['cab'], 'c', 'ab'],
    [['😀'], ['a\ud83d', '\ude00b'], 'a', '😀'],
  ])('stops %j in %j', (stops, pieces, text, hit) => {
    expect(cut(stops, pieces)).toEqual({ text, hit });
  });

  test('is cut where letter by letter it would be', () => {
    const letters = fc.stringMatching(/^[ab\n]{0,30}$/);
    const stop = fc.stringMatching(/^[ab\n]{1,4}$/);
    fc.assert(
      fc.property(
        letters,
        fc.array(stop, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(6)),
        (text, stops, sizes) => {
          const pieces: string[] = [];
          for (let at = 0, i = 0; at < text.length; i++) {
            const size = (sizes[i % Math.max(1, sizes.length)] ?? 0) + 1;
            pieces.push(text.slice(at, at + size));
            at += size;
          }
          const whole = cut(stops, pieces);
          expect(whole).toEqual(cut(stops, [...text]));
          if (whole.hit === undefined) expect(whole.text).toBe(text);
          else expect(text.startsWith(whole.text + whole.hit)).toBe(true);
          expect(stops.some((one) => whole.text.includes(one))).toBe(false);
        },
      ),
      { numRuns },
    );
  });
});

test('an answer ends with the stop text, whatever follows, and counts everything', () => {
  const seen: AnswerEvent[] = [];
  const listen = createStopListener(['END'], (event) => seen.push(event));
  const events: AnswerEvent[] = [
    { type: 'answer-start', id: 'a', model: 'm' },
    { type: 'reasoning-start', id: 0 },
    { type: 'reasoning-delta', id: 0, text: 'END is no stop here' },
    { type: 'reasoning-end', id: 0 },
    { type: 'text-start', id: 1 },
    { type: 'text-delta', id: 1, text: 'One E' },
    { type: 'text-delta', id: 1, text: 'ND two' },
    { type: 'text-end', id: 1 },
    { type: 'tool-call-start', id: 2, callId: 'c', name: 'a' },
    { type: 'tool-call-delta', id: 2, text: '{}' },
    { type: 'tool-call-end', id: 2 },
    { type: 'text-start', id: 3 },
    { type: 'text-delta', id: 3, text: 'three' },
    { type: 'text-end', id: 3 },
    { type: 'usage-update', usage: { input: 1, output: 9 } },
    { type: 'answer-end', finish: { reason: 'tool-calls' } },
  ];
  for (const event of events) listen(event);
  expect(seen).toEqual([
    ...events.slice(0, 5),
    { type: 'text-delta', id: 1, text: 'One ' },
    { type: 'text-end', id: 1 },
    { type: 'usage-update', usage: { input: 1, output: 9 } },
    { type: 'answer-end', finish: { reason: 'stop-sequence', stopSequence: 'END' } },
  ]);
});

test('an answer without a stop text is as it was', () => {
  const seen: AnswerEvent[] = [];
  const listen = createStopListener(['END'], (event) => seen.push(event));
  const events: AnswerEvent[] = [
    { type: 'text-start', id: 1 },
    { type: 'text-delta', id: 1, text: 'One' },
    { type: 'text-end', id: 1 },
    { type: 'answer-end', finish: { reason: 'stop' } },
  ];
  for (const event of events) listen(event);
  expect(seen).toEqual(events);
});
