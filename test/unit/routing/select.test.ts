import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import type { Provider } from '../../../src/routing/snapshot.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import type { MutableWorld } from '../../../src/routing/world/world.ts';
import { makeSnapshot } from '../../support/config.ts';
import {
  decideFor,
  expectPlan,
  listAttempts,
  makeConnection,
  makeProvider,
  profile,
} from '../../support/routing.ts';

const ids = ['a', 'b', 'c', 'd'];
type Select = NonNullable<Provider['select']>;

function makeParts(select: Select, stickyCalls = 1) {
  const connections = ids.map((id) => makeConnection('p', { id }));
  return { providers: [makeProvider('p', { connections, select, stickyCalls })] };
}

function firsts(
  select: Select,
  count: number,
  options: { readonly world?: MutableWorld; readonly sticky?: number; readonly seed?: number } = {},
): string[] {
  const { world = createWorld(), sticky = 1, seed = 1 } = options;
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const plan = expectPlan(decideFor(makeParts(select, sticky), 'p/m', { world, random }));
    world.apply(plan.effects);
    return plan.attempts[0]!.connection.id;
  });
}

const call = (id: string) => ({ provider: 'p', connection: `p@${id}`, model: 'm', profile });

describe('select', () => {
  it('fill-first keeps to the priorities', () => {
    expect(listAttempts(decideFor(makeParts('fill-first'), 'p/m'))).toEqual(ids.map((id) => `p/m@${id}`));
  });

  it('round-robin stays for some calls and goes on', () => {
    expect(firsts('round-robin', 9, { sticky: 2 }).join('')).toBe('aabbccdda');
    expect(firsts('round-robin', 5).join('')).toBe('abcda');
  });

  it('strict-random has every account once before any comes again', () => {
    const cards = firsts('strict-random', 400);
    for (let round = 0; round < 100; round++)
      expect(new Set(cards.slice(round * 4, round * 4 + 4)).size).toBe(4);
    expect(
      new Set(Array.from({ length: 100 }, (_, round) => cards.slice(round * 4, round * 4 + 4).join(''))).size,
    ).toBeGreaterThan(15);
  });

  it('random spreads evenly', () => {
    const cards = firsts('random', 4_000);
    const spread = ids.reduce(
      (sum, id) => sum + (cards.filter((card) => card === id).length - 1_000) ** 2 / 1_000,
      0,
    );
    expect(spread).toBeLessThan(16.3);
  });

  it('least-used takes the account that has rested longest', () => {
    const world = createWorld();
    for (const [index, id] of ['b', 'a', 'd'].entries())
      world.record({ kind: 'call-began', call: call(id), retry: false, retryShare: 1 }, 1_000 + index);
    expect(listAttempts(decideFor(makeParts('least-used'), 'p/m', { world }))).toEqual([
      'p/m@c',
      'p/m@b',
      'p/m@a',
      'p/m@d',
    ]);
  });

  it('p2c takes the account with less to do', () => {
    const world = createWorld();
    for (const id of ['a', 'b', 'c'])
      world.record({ kind: 'call-began', call: call(id), retry: false, retryShare: 1 }, 0);
    const cards = firsts('p2c', 2_000, { world });
    // d is in half of all pairs of four, and wins each.
    expect(Math.abs(cards.filter((card) => card === 'd').length - 1_000)).toBeLessThan(100);
  });

  it('never loses or doubles an account', () => {
    const selects = fc.constantFrom<Select>(
      'fill-first',
      'round-robin',
      'p2c',
      'random',
      'least-used',
      'strict-random',
    );
    fc.assert(
      fc.property(
        selects,
        fc.nat(),
        fc.subarray(ids, { minLength: 1 }),
        fc.nat(2 ** 30 - 1),
        (select, seed, present, position) => {
          const world = createWorld({ hasCredential: (key) => present.includes(key.slice(2)) });
          world.apply([{ kind: 'rotate', combo: 'p@', position }]);
          const plan = expectPlan(
            decideFor(makeParts(select, 3), 'p/m', { world, random: createRandom(seed) }),
          );
          expect(plan.attempts.map(({ connection }) => connection.id).toSorted()).toEqual(
            [...present].toSorted(),
          );
        },
      ),
      { numRuns: Number(process.env.FC_RUNS ?? 300) },
    );
  });
});

it('is written in the file, and an account may be for some models only', () => {
  const snapshot = makeSnapshot({
    providers: {
      openai: {
        select: 'round-robin',
        connections: [
          { id: 'a', apiKey: '${env:A}', models: ['gpt-5-mini'] },
          { id: 'b', apiKey: '${env:B}' },
        ],
      },
    },
  });
  expect(snapshot.providers.get('openai')).toMatchObject({ select: 'round-robin', stickyCalls: 3 });
  expect(listAttempts(decideFor(snapshot, 'openai/gpt-5'))).toEqual(['openai/gpt-5@b']);
  expect(listAttempts(decideFor(snapshot, 'openai/gpt-5-mini'))).toHaveLength(2);
});
