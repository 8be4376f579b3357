// A rename takes the state along that is kept by the old name, once, and leaves everybody else's alone.
import { expect, it } from 'vitest';
import { moveId } from '../../../src/routing/world/moves.ts';
import { createStateWorld } from '../../../src/state/world.ts';
import { createMemoryState } from '../../../src/state/drivers/memory.ts';
import { createManualClock } from '../../../src/lib/clock.ts';

const provider = { from: '/providers/anthropic', to: '/providers/claude' };
const account = {
  from: '/providers/anthropic/connections/id:a',
  to: '/providers/anthropic/connections/id:first',
};
const combo = { from: '/combos/coding', to: '/combos/code' };

it.each([
  ['rotation', 'coding', combo, 'code'],
  ['rotation', 'coding2', combo, 'coding2'],
  ['breaker', 'coding', combo, 'coding'],
  ['breaker', 'anthropic@a', provider, 'claude@a'],
  ['breaker', 'anthropic/claude-x', provider, 'claude/claude-x'],
  ['retry-budget', 'anthropic', provider, 'claude'],
  ['rotation', 'anthropic@', provider, 'claude@'],
  ['rotation', 'anthropic', provider, 'anthropic'],
  ['lockout', 'anthropic', provider, 'anthropic'],
  ['breaker', 'anthropic2@a', provider, 'anthropic2@a'],
  ['cooldown', 'anthropic@a claude-x', account, 'anthropic@first claude-x'],
  ['cooldown', 'anthropic@ab', account, 'anthropic@ab'],
])('%s %s', (kind, id, move, expected) => {
  expect(moveId(kind, id, move)).toBe(expected);
  expect(moveId(kind, moveId(kind, id, move), move)).toBe(expected);
});

it('the world keeps a place of a round under the new name, and never overwrites what is there', () => {
  const { store } = createMemoryState({ clock: createManualClock() });
  const world = createStateWorld({
    store,
    hasCredential: () => true,
    saved: [
      { kind: 'rotation', id: 'coding', value: '3' },
      { kind: 'rotation', id: 'other', value: '5' },
    ],
  });
  world.move([combo]);
  world.move([combo]);
  expect([world.rotation('coding'), world.rotation('code'), world.rotation('other')]).toEqual([0, 3, 5]);
  world.move([{ from: '/combos/other', to: '/combos/code' }]);
  expect([world.rotation('code'), world.rotation('other')]).toEqual([3, 5]);
});
