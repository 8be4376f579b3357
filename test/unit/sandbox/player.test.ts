import { expect, test } from 'vitest';
import { createManualTimers } from '../../../src/lib/timers.ts';
import type { Player } from '../../../src/upstream/sandbox/player.ts';
import { createPlayer } from '../../../src/upstream/sandbox/player.ts';
import type { Step } from '../../../src/upstream/sandbox/steps.ts';

const head: Step = { kind: 'head', status: 200, headers: {} };
const data = (text: string): Step => ({ kind: 'data', bytes: Buffer.from(text) });

function watch(steps: readonly Step[], onData?: (player: Player) => void) {
  const timers = createManualTimers();
  const seen: string[] = [];
  const player: Player = createPlayer(
    steps,
    {
      onHead: (status) => seen.push(`head ${status}`),
      onData: (bytes) => {
        seen.push(Buffer.from(bytes).toString());
        onData?.(player);
      },
      onEnd: () => seen.push('end'),
      onCut: () => seen.push('cut'),
    },
    timers,
  );
  return { player, seen, timers };
}

test('nothing happens before resume, everything up to the first wait after it', () => {
  const { player, seen, timers } = watch([
    head,
    data('a'),
    { kind: 'wait', milliseconds: 10 },
    data('b'),
    { kind: 'end' },
  ]);
  expect(seen).toEqual([]);
  player.resume();
  expect(seen).toEqual(['head 200', 'a']);
  timers.advance(9);
  expect(seen).toHaveLength(2);
  timers.advance(1);
  expect(seen).toEqual(['head 200', 'a', 'b', 'end']);
});

test('a pause from inside the sink holds the next step, a resume goes on in order', () => {
  const { player, seen } = watch([head, data('a'), data('b'), { kind: 'end' }], (inner) => inner.pause());
  player.resume();
  expect(seen).toEqual(['head 200', 'a']);
  player.resume();
  expect(seen).toEqual(['head 200', 'a', 'b']);
  player.resume();
  expect(seen.at(-1)).toBe('end');
});

test('a resume from inside the sink does not nest', () => {
  const { player, seen } = watch([head, data('a'), data('b'), { kind: 'end' }], (inner) => {
    inner.pause();
    inner.resume();
  });
  player.resume();
  expect(seen).toEqual(['head 200', 'a', 'b', 'end']);
});

test('a resume during a wait does not shorten it', () => {
  const { player, seen, timers } = watch([{ kind: 'wait', milliseconds: 10 }, head, { kind: 'end' }]);
  player.resume();
  player.pause();
  player.resume();
  expect(seen).toEqual([]);
  timers.advance(10);
  expect(seen).toEqual(['head 200', 'end']);
});

test('a stall says nothing more; a cut ends at once', () => {
  const stalled = watch([head, { kind: 'stall' }, data('never'), { kind: 'end' }]);
  stalled.player.resume();
  stalled.timers.advance(1e9);
  expect(stalled.seen).toEqual(['head 200']);
  const cut = watch([head, { kind: 'cut' }, data('never')]);
  cut.player.resume();
  cut.player.resume();
  expect(cut.seen).toEqual(['head 200', 'cut']);
});

test('stop silences it and leaves no timer', () => {
  const { player, seen, timers } = watch([{ kind: 'wait', milliseconds: 5 }, head, { kind: 'end' }]);
  player.resume();
  expect(timers.pending).toBe(1);
  player.stop();
  expect(timers.pending).toBe(0);
  timers.advance(10);
  player.resume();
  expect(seen).toEqual([]);
});
