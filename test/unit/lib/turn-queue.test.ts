import { expect, it, onTestFinished } from 'vitest';
import { createTurnQueue } from '../../../src/lib/turn-queue.ts';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

it('hands on what arrives in one turn together, in its order, and not before the turn is over', async () => {
  const seen: string[] = [];
  const add = createTurnQueue<string>((item) => seen.push(item));
  add('a');
  add('b');
  await Promise.resolve();
  add('c');
  expect(seen).toEqual([]);
  await nextTurn();
  expect(seen).toEqual(['a', 'b', 'c']);
});

it('leaves to the next turn what is added while it runs', async () => {
  const seen: number[] = [];
  const add = createTurnQueue<number>((item) => {
    seen.push(item);
    if (item < 3) add(item + 1);
  });
  add(1);
  await nextTurn();
  expect(seen).toEqual([1]);
  await nextTurn();
  await nextTurn();
  expect(seen).toEqual([1, 2, 3]);
});

it('loses nothing behind an item that throws', async () => {
  const faults: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => faults.push(error.message));
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  const seen: string[] = [];
  const add = createTurnQueue<string>((item) => {
    if (item === 'b') throw new Error('b is broken');
    seen.push(item);
  });
  for (const item of ['a', 'b', 'c']) add(item);
  await nextTurn();
  await nextTurn();
  expect({ seen, faults }).toEqual({ seen: ['a', 'c'], faults: ['b is broken'] });
});
