// What every combo strategy promises, run for all of them: it orders, and does nothing else.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import type { WorldEvent } from '../../src/routing/world/world.ts';
import { strategies } from '../../src/routing/strategies/registry.ts';
import type { Branch, StrategyContext } from '../../src/routing/strategies/strategy.ts';
import { createWorld } from '../../src/routing/world/memory.ts';
import type { Combo } from '../../src/routing/snapshot.ts';
import { makeBranches, makeCombo, makeFacts, profile } from '../support/routing.ts';

const runs = { numRuns: Number(process.env.FC_RUNS ?? 300) };
const now = Date.UTC(2026, 5, 1);

interface Case {
  readonly weights: readonly number[];
  readonly seed: number;
  readonly events: readonly {
    readonly branch: number;
    readonly ok: boolean;
    readonly firstToken: number;
    readonly open: boolean;
  }[];
  readonly inputTokens: number | undefined;
  readonly session: string | undefined;
}

const cases: fc.Arbitrary<Case> = fc.record({
  weights: fc.array(fc.nat(5), { minLength: 1, maxLength: 7 }),
  seed: fc.nat(),
  events: fc.array(
    fc.record({ branch: fc.nat(6), ok: fc.boolean(), firstToken: fc.nat(5000), open: fc.boolean() }),
    { maxLength: 10 },
  ),
  inputTokens: fc.option(fc.nat(300_000), { nil: undefined }),
  session: fc.option(fc.string(), { nil: undefined }),
});

const snapshot = { sessions: { ttl: 1_800_000, affinity: true } };

describe.each(strategies.map((strategy) => [strategy.name, strategy] as const))('%s', (name, strategy) => {
  function prepare({ weights, seed, events, inputTokens, session }: Case): {
    branches: readonly Branch[];
    context: StrategyContext;
  } {
    const combo: Combo = {
      ...makeCombo(
        'c',
        name,
        weights.map((_, index) => `p${index}/m`),
      ),
      order: 'smallest-fit',
      stickBy: 'session',
    };
    const branches = makeBranches(weights);
    const world = createWorld();
    for (const { branch, ok, firstToken, open } of events) {
      const [attempt] = branches[branch % branches.length]!.attempts;
      const call = {
        provider: attempt!.provider.id,
        connection: attempt!.connection.key,
        model: attempt!.model,
        profile,
      };
      world.record({ kind: 'call-began', call, retry: false, retryShare: 1 }, now);
      const failure = { class: 'upstream', message: '', status: 500 } as const;
      const end: WorldEvent = {
        kind: 'call-ended',
        call,
        end: ok ? { kind: 'success', firstToken } : { kind: 'failure', failure, random: 0 },
      };
      if (!open) world.record(end, now);
    }
    const facts = makeFacts('c', {
      ...(inputTokens !== undefined && { inputTokens }),
      ...(session !== undefined && { session }),
    });
    return { branches, context: { snapshot, combo, facts, world, now, random: createRandom(seed) } };
  }

  it('puts the branches into another order: none is lost, doubled or made up', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { branches, context } = prepare(one);
        const { order } = strategy.order(branches, context);
        expect(order).toHaveLength(branches.length);
        expect(new Set(order)).toEqual(new Set(branches));
      }),
      runs,
    );
  });

  it('is a function of its input: the same snapshot, facts, world, clock and seed give the same order', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const [first, second] = [prepare(one), prepare(one)];
        expect(names(strategy.order(first.branches, first.context).order)).toEqual(
          names(strategy.order(second.branches, second.context).order),
        );
      }),
      runs,
    );
  });

  it('changes nothing: not the branches, not the world', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { branches, context } = prepare(one);
        const frozen = Object.freeze([...branches]);
        const world = new Proxy(context.world, {
          get: (target, key, receiver) => {
            if (key === 'apply' || key === 'record') throw new Error(`${String(key)} was called`);
            return Reflect.get(target, key, receiver) as unknown;
          },
        });
        strategy.order(frozen, { ...context, world });
      }),
      runs,
    );
  });

  it('says what it did, at the combo', () => {
    const { branches, context } = prepare({
      weights: [1, 2],
      seed: 1,
      events: [],
      inputTokens: 10,
      session: 's',
    });
    const { reasons } = strategy.order(branches, context);
    const [reason] = reasons;
    expect(reason).toMatchObject({ code: 'strategy', about: 'c' });
    expect(reason?.message.startsWith(`${name}: `)).toBe(true);
    expect(strategy.meaning).toMatch(/^[A-Z].*\.$/);
  });

  it('takes a single branch as it is', () => {
    const { branches, context } = prepare({
      weights: [0],
      seed: 3,
      events: [],
      inputTokens: undefined,
      session: undefined,
    });
    expect(strategy.order(branches, context).order).toEqual(branches);
  });
});

function names(order: readonly Branch[]): readonly string[] {
  return order.map(({ attempts }) => attempts[0]!.target);
}
