// Strategies that look at what is known: prices, windows, the world.
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/lib/random.ts';
import type { TokenPrices } from '../../../src/catalog/prices.ts';
import { findStrategy } from '../../../src/routing/strategies/registry.ts';
import type { Branch, StrategyContext } from '../../../src/routing/strategies/strategy.ts';
import type { Combo } from '../../../src/routing/snapshot.ts';
import type { Facts } from '../../../src/routing/facts.ts';
import type { Call, MutableWorld } from '../../../src/routing/world/world.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { makeBranches, makeCombo, makeFacts, profile } from '../../support/routing.ts';

const now = Date.UTC(2026, 5, 1);
const usd = (input: number, output: number): { readonly prices: TokenPrices } => ({
  prices: { input: input * 1e6, output: output * 1e6, cacheRead: input * 1e5 },
});

interface Options {
  readonly combo?: Partial<Combo>;
  readonly facts?: Partial<Facts>;
  readonly world?: MutableWorld;
  readonly random?: () => number;
  readonly now?: number;
}

function order(name: string, branches: readonly Branch[], options: Options = {}) {
  const combo: Combo = {
    ...makeCombo('c', name, []),
    targets: branches.map(({ target }) => target),
    ...options.combo,
  };
  const context: StrategyContext = {
    snapshot: { sessions: { ttl: 1_800_000, affinity: true } },
    combo,
    facts: makeFacts('c', options.facts),
    world: options.world ?? createWorld(),
    now: options.now ?? now,
    random: options.random ?? (() => 0.5),
  };
  const { order, reasons, effects } = findStrategy(name)!.order(branches, context);
  return {
    names: order.map(({ attempts }) => attempts[0]!.provider.id),
    codes: reasons.map(({ code }) => code),
    reasons,
    effects,
  };
}

const call = (provider: string): Call => ({
  provider,
  connection: `${provider}@default`,
  model: 'm',
  profile,
});

function begin(world: MutableWorld, provider: string, at = now): void {
  world.record({ kind: 'call-began', call: call(provider), retry: false, retryShare: 1 }, at);
}

function succeed(world: MutableWorld, provider: string, firstToken = 100, at = now): void {
  begin(world, provider, at);
  world.record({ kind: 'call-ended', call: call(provider), end: { kind: 'success', firstToken } }, at);
}

function observe(world: MutableWorld, provider: string, used: number, resetAt: number): void {
  const window = { window: '5h', used, limit: 100, resetAt, source: 'header', at: now } as const;
  world.record({ kind: 'quota-observed', connection: `${provider}@default`, windows: [window] }, now);
}

describe('random', () => {
  it('gives every order the same chance', () => {
    const random = createRandom(11);
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 12_000; draw++) {
      const key = order('random', makeBranches([1, 9, 0]), { random }).names.join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const spread = [...counts.values()].reduce((sum, count) => sum + (count - 2_000) ** 2 / 2_000, 0);
    expect(counts.size).toBe(6);
    expect(spread).toBeLessThan(20.5);
  });
});

describe('strict-random', () => {
  function deal(
    count: number,
    size: number,
    away: (request: number) => number | undefined = () => undefined,
  ): string[] {
    const world = createWorld();
    const all = makeBranches(Array.from({ length: size }, () => 1));
    const combo = { targets: all.map(({ target }) => target) };
    return Array.from({ length: count }, (_, request) => {
      const gone = away(request);
      const { names, effects } = order(
        'strict-random',
        all.filter((_, index) => index !== gone),
        { world, combo },
      );
      world.apply(effects);
      return names[0]!;
    });
  }

  it('repeats nothing within a round, and not the last card as the next first', () => {
    const cards = deal(500, 5);
    for (let round = 0; round < 100; round++) {
      expect(new Set(cards.slice(round * 5, round * 5 + 5)).size).toBe(5);
    }
    for (let index = 1; index < cards.length; index++) expect(cards[index]).not.toBe(cards[index - 1]);
    expect(
      new Set(Array.from({ length: 100 }, (_, round) => cards.slice(round * 5, round * 5 + 5).join())).size,
    ).toBeGreaterThan(50);
  });

  it('repeats nothing within a round while a target comes and goes', () => {
    const cards = deal(8, 5, (request) => (request % 2 === 0 ? 2 : undefined));
    const [first] = cards;
    expect(cards.slice(1, 4)).not.toContain(first);
  });
});

describe('least-used', () => {
  it('begins with what was called least', () => {
    const world = createWorld();
    for (const provider of ['p0', 'p0', 'p1']) succeed(world, provider);
    expect(order('least-used', makeBranches([1, 1, 1]), { world }).names).toEqual(['p2', 'p1', 'p0']);
  });
});

describe('cost-optimized', () => {
  const branches = makeBranches(
    [1, 1, 1, 1],
    (index) => [usd(1, 20), usd(3, 6), undefined, usd(2, 100)][index],
  );

  it('compares what this request will cost, not one price', () => {
    expect(
      order('cost-optimized', branches, { facts: { inputTokens: 100_000, maxOutputTokens: 10 } }).names,
    ).toEqual(['p0', 'p3', 'p1', 'p2']);
    expect(order('cost-optimized', branches, { facts: { inputTokens: 100 } }).names).toEqual([
      'p1',
      'p0',
      'p3',
      'p2',
    ]);
  });

  it('ranks an unknown price last and says so', () => {
    const { codes, reasons } = order('cost-optimized', branches, { facts: { inputTokens: 100 } });
    expect(codes).toEqual(['strategy', 'unknown-rank']);
    expect(reasons[1]?.message).toBe('p2/m: no price is known, therefore last.');
  });

  it('counts on the cache where the conversation was served a moment ago', () => {
    const two = makeBranches([1, 1], (index) => [usd(2, 1), usd(1.5, 1)][index]);
    const world = createWorld();
    succeed(world, 'p0');
    const facts = { inputTokens: 10_000, messageCount: 5 };
    expect(order('cost-optimized', two, { world, facts }).names[0]).toBe('p0');
    expect(order('cost-optimized', two, { world, facts, now: now + 600_000 }).names[0]).toBe('p1');
    expect(order('cost-optimized', two, { world, facts: { ...facts, messageCount: 1 } }).names[0]).toBe('p1');
  });
});

describe('fill-first', () => {
  it('goes on to the next target when a quota is used up, and comes back after its reset', () => {
    const world = createWorld();
    observe(world, 'p0', 97, now + 60_000);
    observe(world, 'p1', 50, now + 60_000);
    expect(order('fill-first', makeBranches([1, 1, 1]), { world }).names).toEqual(['p1', 'p2', 'p0']);
    expect(order('fill-first', makeBranches([1, 1, 1]), { world, now: now + 61_000 }).names).toEqual([
      'p0',
      'p1',
      'p2',
    ]);
  });
});

describe('p2c', () => {
  it('halves the spread of load that random leaves under a slow target', () => {
    const spread = (name: string): number => {
      const world = createWorld();
      const random = createRandom(5);
      const branches = makeBranches([1, 1, 1, 1]);
      const running: { readonly provider: string; readonly until: number }[] = [];
      let peak = 0;
      for (let time = 0; time < 4_000; time++) {
        for (const one of running.splice(0)) {
          if (one.until > time) running.push(one);
          else
            world.record(
              { kind: 'call-ended', call: call(one.provider), end: { kind: 'success' } },
              now + time,
            );
        }
        const provider = order(name, branches, { world, random }).names[0]!;
        begin(world, provider, now + time);
        running.push({ provider, until: time + (provider === 'p0' ? 40 : 10) });
        if (time > 100) {
          const loads = ['p0', 'p1', 'p2', 'p3'].map((id) => world.inFlight(`${id}/m`));
          peak += Math.max(...loads) - Math.min(...loads);
        }
      }
      return peak;
    };
    expect(spread('p2c')).toBeLessThan(spread('random') / 2);
  });

  it('takes the healthier of two that are equally busy', () => {
    const world = createWorld();
    succeed(world, 'p1');
    begin(world, 'p0');
    world.record({ kind: 'call-ended', call: call('p0'), end: { kind: 'abandoned' } }, now);
    for (const draw of [0, 0.9]) {
      expect(order('p2c', makeBranches([1, 1]), { world, random: () => draw }).names).toEqual(['p1', 'p0']);
    }
  });
});

describe('least-latency', () => {
  const world = createWorld();
  succeed(world, 'p0', 900);
  succeed(world, 'p1', 200);

  it('begins with the quickest; what was never measured comes last', () => {
    const { names, codes } = order('least-latency', makeBranches([1, 1, 1]), { world });
    expect(names).toEqual(['p1', 'p0', 'p2']);
    expect(codes).toContain('unknown-rank');
  });

  it('tries the others now and then', () => {
    const random = createRandom(3);
    const firsts = Array.from(
      { length: 4_000 },
      () => order('least-latency', makeBranches([1, 1, 1]), { world, random }).names[0],
    );
    const others = firsts.filter((name) => name !== 'p1').length;
    expect(others).toBeGreaterThan(150);
    expect(others).toBeLessThan(250);
    expect(new Set(firsts).size).toBe(3);
  });
});

describe('context-optimized', () => {
  const branches = makeBranches(
    [1, 1, 1, 1],
    (index) => [{ context: 200_000 }, { context: 32_000 }, undefined, { context: 1_000_000 }][index],
  );

  it('takes the smallest window that fits', () => {
    expect(order('context-optimized', branches, { facts: { inputTokens: 1_000 } }).names).toEqual([
      'p1',
      'p0',
      'p3',
      'p2',
    ]);
    expect(order('context-optimized', branches, { facts: { inputTokens: 31_500 } }).names).toEqual([
      'p0',
      'p3',
      'p1',
      'p2',
    ]);
    expect(order('context-optimized', branches, { facts: { inputTokens: 500_000 } }).names).toEqual([
      'p3',
      'p0',
      'p1',
      'p2',
    ]);
  });

  it('takes the largest window when told to', () => {
    expect(order('context-optimized', branches, { combo: { order: 'largest' } }).names).toEqual([
      'p3',
      'p0',
      'p1',
      'p2',
    ]);
  });
});

describe('lkgp', () => {
  it('keeps to what answered last', () => {
    const world = createWorld();
    expect(order('lkgp', makeBranches([1, 1, 1]), { world }).names).toEqual(['p0', 'p1', 'p2']);
    succeed(world, 'p2', 100, now - 5_000);
    succeed(world, 'p1', 100, now - 9_000);
    const { names, reasons } = order('lkgp', makeBranches([1, 1, 1]), { world });
    expect(names).toEqual(['p2', 'p0', 'p1']);
    expect(reasons[0]?.message).toBe('lkgp: p2/m answered last, 5 s ago');
  });
});

describe('reset-aware', () => {
  it('uses first what would be lost first', () => {
    const world = createWorld();
    observe(world, 'p0', 10, now + 3_600_000);
    observe(world, 'p1', 90, now + 600_000);
    observe(world, 'p2', 100, now + 60_000);
    expect(order('reset-aware', makeBranches([1, 1, 1, 1]), { world }).names).toEqual([
      'p1',
      'p0',
      'p2',
      'p3',
    ]);
  });
});

describe('sticky', () => {
  const chooser = (combo: Partial<Combo>, weights: readonly number[]) => (session: string) =>
    order('sticky', makeBranches(weights), { combo: { stickBy: 'session', ...combo }, facts: { session } })
      .names[0]!;
  const sessions = Array.from({ length: 6_000 }, (_, index) => `session-${index}`);

  it('keeps a conversation at its target, in the proportion of the weights', () => {
    const choose = chooser({}, [1, 2, 3, 0]);
    const counts: Record<string, number> = {};
    for (const session of sessions) {
      expect(choose(session)).toBe(choose(session));
      counts[choose(session)] = (counts[choose(session)] ?? 0) + 1;
    }
    const expected = { p0: 1_000, p1: 2_000, p2: 3_000 };
    expect(Object.keys(counts).toSorted()).toEqual(Object.keys(expected));
    for (const [name, count] of Object.entries(expected))
      expect(Math.abs(counts[name]! - count) / count).toBeLessThan(0.1);
  });

  it('moves only the conversations of a target that goes', () => {
    const [all, fewer] = [chooser({}, [1, 1, 1]), chooser({}, [1, 1])];
    for (const session of sessions.slice(0, 500)) {
      if (all(session) !== 'p2') expect(fewer(session)).toBe(all(session));
    }
  });

  it('may keep to the key instead, and says when there is nothing to keep to', () => {
    const principal = { key: 'ci', role: 'inference', tags: {}, noLog: false } as const;
    const byKey = (facts: Partial<Facts>) =>
      order('sticky', makeBranches([1, 1, 1]), { combo: { stickBy: 'key' }, facts });
    expect(byKey({ principal, session: 'a' }).names).toEqual(byKey({ principal, session: 'b' }).names);
    expect(byKey({ session: 'a' }).reasons[0]?.message).toBe(
      'sticky: the request has no key; the order of the file',
    );
  });
});

describe('auto', () => {
  const branches = makeBranches([1, 1, 1], (index) => [usd(10, 30), usd(1, 3), undefined][index]);
  const only = (weights: Record<string, number>, more = {}) => ({
    combo: { auto: { weights, exploration: 0, ...more } },
  });

  it('follows the weights, and shows every value', () => {
    const world = createWorld();
    succeed(world, 'p0', 50);
    succeed(world, 'p1', 5_000);
    expect(order('auto', branches, { ...only({ cost: 1 }), world }).names).toEqual(['p1', 'p2', 'p0']);
    const quick = order('auto', branches, { ...only({ latency: 1 }), world });
    expect(quick.names).toEqual(['p0', 'p2', 'p1']);
    expect(quick.codes).toEqual(['strategy', 'score', 'score', 'score']);
    expect(quick.reasons[1]?.message).toMatch(
      /^p0\/m: 0\.99 of quota \?, health 1\.00, cost 0\.00, latency 0\.99, /,
    );
  });

  it('prefers models that can do what the request needs', () => {
    const able = makeBranches([1, 1], (index) => ({
      features: index === 1 ? ['tools', 'images'] : ['tools'],
    }));
    expect(
      order('auto', able, { ...only({ fit: 1 }), facts: { hasTools: true, hasImages: true } }).names[0],
    ).toBe('p1');
  });

  it('takes the cheapest when the best is beyond the budget', () => {
    const world = createWorld();
    succeed(world, 'p0', 1);
    const options = only({ latency: 1 }, { budgetCap: 1_000_000 });
    expect(order('auto', branches, { ...options, world, facts: { inputTokens: 1_000 } }).names[0]).toBe('p1');
  });

  it('explores as often as it is told to', () => {
    const combo = { auto: { weights: { cost: 1 }, exploration: 1 } };
    expect(order('auto', branches, { combo }).names[0]).not.toBe('p1');
  });
});

describe('lkgp with a conversation', () => {
  it('goes where this conversation was answered, not where anybody was last', () => {
    const world = createWorld();
    world.record(
      { kind: 'session-served', session: ' ext:mine', connection: 'p1@default', target: 'p1/m' },
      now - 5000,
    );
    const branches = makeBranches([1, 1, 1]);
    expect(order('lkgp', branches, { world, facts: { session: 'ext:mine' } }).names[0]).toBe('p1');
    expect(order('lkgp', branches, { world, facts: { session: 'ext:other' } }).names[0]).toBe('p0');
    expect(
      order('lkgp', branches, { world, now: now + 3_600_000, facts: { session: 'ext:mine' } }).names[0],
    ).toBe('p0');
  });
});
