import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/routing/decide.ts';
import type { Facts } from '../../../src/routing/facts.ts';
import { explain } from '../../../src/routing/explain.ts';
import { renderExplanation } from '../../../src/routing/render-explanation.ts';
import { runTests } from '../../../src/routing/test-runner.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { listBudgetCharges, listNotices, matchBudgets, moveToPeriod } from '../../../src/routing/budgets.ts';
import { makeConfig, makeSnapshot } from '../../support/config.ts';
import { makeFacts } from '../../support/routing.ts';

type Plain = Readonly<Record<string, unknown>>;

const now = Date.UTC(2026, 0, 15, 12);
const usd = 1_000_000_000;

/** 1,000 tokens of prompt and 1,000 of answer cost 1 + 2 dollars at `paid`, nothing at `free`. */
const base = {
  providers: {
    paid: {
      catalog: 'openai',
      connections: [
        { id: 'a', apiKey: '${env:A}' },
        { id: 'b', apiKey: '${env:B}' },
      ],
    },
    other: { catalog: 'anthropic' },
    local: { protocols: [{ name: 'openai-chat', baseUrl: 'http://127.0.0.1:1' }], auth: 'none' },
  },
  models: {
    'paid/m': { price: { input: 1000, output: 2000 } },
    'other/m': { price: { input: 1000, output: 2000 } },
    'local/m': { price: { input: 0, output: 0 } },
    'local/unknown': {},
  },
  combos: {
    both: { targets: ['paid/m', 'local/m'] },
    spare: { targets: ['local/m'] },
    paying: { targets: ['paid/m', 'other/m'] },
  },
  keys: [
    { id: 'k', digest: `sha256:${'1'.repeat(64)}`, tags: { team: 'x' } },
    { id: 'l', digest: `sha256:${'2'.repeat(64)}`, tags: { team: 'y' } },
  ],
};
const budget = { id: 'b', limit: 10, period: 'monthly' };
const rules = (...budgets: readonly Plain[]) =>
  makeSnapshot({ ...base, budgets: budgets.map((one) => ({ ...budget, ...one })) });

const ask = { inputTokens: 1000, maxOutputTokens: 1000 };
const charges = (snapshot: ReturnType<typeof rules>, model = 'paid/m', part: Partial<Facts> = {}) => {
  const facts = makeFacts(model, { ...ask, ...part });
  const decision = decide({ snapshot, facts, world: createWorld(), now, random: () => 0 });
  if (decision.kind === 'refuse') throw new Error(decision.message);
  const matched = matchBudgets(snapshot.budgets, facts, now);
  return decision.attempts.flatMap((attempt) => listBudgetCharges(matched, attempt, facts, now));
};

describe('a call', () => {
  it.each<[string, Plain, Partial<Facts>, number]>([
    ['its prompt and its longest answer, where that is short', {}, {}, 3],
    ['a usual answer, where it may be long', {}, { maxOutputTokens: 100_000 }, 3],
    ['the longest answer', { reserve: 'worst-case' }, { maxOutputTokens: 20_000 }, 41],
    ['the longest answer up to a cap', { reserve: 'capped', reserveCap: 5 }, { maxOutputTokens: 20_000 }, 5],
    ['nothing', { reserve: 'none' }, {}, 0],
  ])('sets aside %s', (_, part, facts, dollars) => {
    const [one] = charges(rules({ limit: 100, ...part }), 'paid/m', facts);
    expect(one).toMatchObject({ id: 'b ', amount: dollars * usd });
    expect(new Date(one!.until).toISOString()).toBe('2026-02-01T00:00:00.000Z');
  });

  it.each([-1_000_000, 0])(
    'that asks for %d tokens of answer sets aside as much as one that asks for nothing',
    (limit) => {
      const silly = charges(rules({ limit: 100 }), 'paid/m', { maxOutputTokens: limit });
      expect(silly[0]).toMatchObject({ amount: 3 * usd });
    },
  );

  it('that costs nothing, or nobody knows what, is charged to nobody', () => {
    expect(charges(rules({}), 'local/m')).toEqual([]);
    expect(charges(rules({}), 'local/unknown')).toEqual([]);
  });

  it.each<[string, string]>([
    ['all', ''],
    ['key', 'k'],
    ['provider', 'paid'],
    ['model', 'paid/m'],
    ['connection', 'paid@a'],
    ['tag:team', 'x'],
    ['tag:none', ''],
  ])('counts for whom the budget is: per %s', (per, subject) => {
    const principal = { role: 'inference', key: 'k', tags: { team: 'x' }, noLog: false } as const;
    expect(charges(rules({ per }), 'paid/m', { principal })[0]?.id).toBe(`b ${subject}`);
  });

  it('counts only where the budget is about it', () => {
    const principal = { role: 'inference', key: 'k', tags: { team: 'x' }, noLog: false } as const;
    const count = (match: Plain) =>
      charges(rules({ match }), 'paying', { principal }).map(({ id }) => id).length;
    expect(count({})).toBe(3);
    expect(count({ providers: ['paid'] })).toBe(2);
    expect(count({ models: ['other/*'] })).toBe(1);
    expect(count({ models: ['paying'] })).toBe(3);
    expect(charges(rules({ match: { models: ['paying'] } }), 'paying[1m]', { principal })).toHaveLength(3);
    expect(count({ keys: ['l'] })).toBe(0);
    expect(count({ tags: { team: 'x' } })).toBe(3);
    expect(charges(rules({ enabled: false }))).toEqual([]);
  });
});

describe('money', () => {
  const since = Date.UTC(2026, 0, 1);

  it('that is set aside counts until the call has ended, and then what it cost', () => {
    const world = createWorld();
    const one = [{ id: 'b ', amount: 3 * usd, since }];
    world.record({ kind: 'money-reserved', charges: one }, now);
    world.record({ kind: 'money-reserved', charges: one }, now);
    expect([world.spent('b ', since), world.settled('b ', since)]).toEqual([6 * usd, 0]);
    world.record({ kind: 'money-settled', charges: one, cost: usd }, now);
    expect([world.spent('b ', since), world.settled('b ', since)]).toEqual([4 * usd, usd]);
    world.record({ kind: 'money-settled', charges: one, cost: 0 }, now);
    expect([world.spent('b ', since), world.settled('b ', since)]).toEqual([usd, usd]);
  });

  it('of an earlier period is forgotten', () => {
    const world = createWorld();
    world.record({ kind: 'money-settled', charges: [{ id: 'b ', amount: 0, since }], cost: usd }, now);
    const next = Date.UTC(2026, 1, 1);
    expect(world.spent('b ', next)).toBe(0);
    world.record(
      { kind: 'money-settled', charges: [{ id: 'b ', amount: 0, since: next }], cost: 5 },
      next + 1,
    );
    expect(world.spent('b ', next)).toBe(5);
  });

  it('of a call that began before the reset counts after it, and brings nothing of the old period along', () => {
    const world = createWorld();
    const [one] = charges(rules({}));
    world.record({ kind: 'money-settled', charges: [{ ...one!, amount: 0 }], cost: 9 * usd }, now);
    world.record({ kind: 'money-reserved', charges: [one!] }, one!.until - 1000);
    const late = moveToPeriod([one!], one!.until + 1000);
    world.record({ kind: 'money-settled', charges: late, cost: usd }, one!.until + 1000);
    expect(world.spent('b ', one!.until)).toBe(usd);
  });

  it('is told once, when the share is reached at which operators want to know', () => {
    const snapshot = rules({ warnAt: 0.5 });
    const world = createWorld();
    const told = [2, 2, 2, 2].map((dollars) => {
      const own = charges(snapshot);
      world.record({ kind: 'money-settled', charges: own.slice(0, 1), cost: dollars * usd }, now);
      return listNotices(own.slice(0, 1), dollars * usd, world).length;
    });
    expect(told).toEqual([0, 0, 1, 0]);
  });
});

describe('a budget without room', () => {
  const run = (test: Plain, budgets: readonly Plain[] = [{}]) => {
    const authored = {
      ...base,
      budgets: budgets.map((one) => ({ ...budget, ...one })),
      tests: [
        { name: 't', ...test, request: { model: 'both', key: 'k', ...ask, ...(test['request'] as object) } },
      ],
    };
    const [result] = runTests({ snapshot: makeSnapshot(authored), tests: makeConfig(authored).tests });
    return Object.fromEntries(result!.faults.map(({ what, actual }) => [what, actual]));
  };
  const spent = (dollars: number) => ({ spend: { b: dollars }, time: '2026-01-15T12:00:00Z' });

  it('leaves out what costs; what is free is still asked', () => {
    const all = ['paid@a/m', 'paid@b/m', 'local/m'];
    expect(run({ given: spent(7), expect: { attempts: all, charges: ['b'] } })).toEqual({});
    expect(
      run({
        given: spent(7.01),
        expect: { attempts: ['local/m'], reasons: ['b', 'budget-exceeded'], charges: [] },
      }),
    ).toEqual({});
  });

  it('refuses with the time of the reset, where nothing is left', () => {
    const refused = {
      refusal: 'budget_exceeded',
      status: 429,
      headers: { 'Retry-After': String(16.5 * 86_400) },
    };
    expect(run({ request: { model: 'paid/m' }, given: spent(10), expect: refused })).toEqual({});
    const total = { refusal: 'budget_exceeded', status: 429 };
    expect(
      run({ request: { model: 'paid/m' }, given: spent(10), expect: total }, [{ period: 'total' }]),
    ).toEqual({});
  });

  it('sends requests elsewhere, once', () => {
    const elsewhere = [{ onExceeded: { route: 'spare' } }];
    const routed = { target: 'local/m', reasons: ['budget-route'] };
    expect(run({ request: { model: 'paid/m' }, given: spent(10), expect: routed }, elsewhere)).toEqual({});
    // It counts there, and holds nothing back; another budget may.
    const cheaper = [{ onExceeded: { route: 'paying' } }];
    const counted = { target: 'paid/m', charges: ['b'] };
    expect(
      run({ request: { model: 'other/m' }, outcomes: ['ok'], given: spent(10), expect: counted }, cheaper),
    ).toEqual({});
    const back = [...cheaper, { id: 'hard', limit: 1 }];
    expect(
      run({ request: { model: 'paid/m' }, given: spent(10), expect: { refusal: 'budget_exceeded' } }, back),
    ).toEqual({});
  });

  it('that sends requests to a third place holds back what another one has sent elsewhere', () => {
    const there = { limit: 1, onExceeded: { route: 'paying' } };
    const paid = { target: 'paid/m', charges: ['b', 'hour'] };
    const asked = { request: { model: 'other/m' }, outcomes: ['ok'], given: spent(10) };
    expect(run({ ...asked, expect: paid }, [there, { id: 'hour', ...there }])).toEqual({});
    const third = { id: 'third', limit: 1, onExceeded: { route: 'spare' } };
    expect(run({ ...asked, expect: { refusal: 'budget_exceeded' } }, [there, third])).toEqual({});
  });

  it('only warns where it is told to', () => {
    const warned = { target: 'paid/m', reasons: ['budget-warn', 'b'], charges: ['b'] };
    expect(run({ given: spent(99), expect: warned }, [{ onExceeded: { action: 'warn' } }])).toEqual({});
  });

  it('holds back a call that fitted when it was decided: what failed before has cost nothing', () => {
    expect(run({ outcomes: [503, 503, 'ok'], given: spent(5), expect: { target: 'local/m' } })).toEqual({});
  });

  it('is of one provider, where each has its own', () => {
    const own = [{ per: 'provider', match: { providers: ['paid'] } }];
    const left = ['other/m'];
    expect(run({ request: { model: 'paying' }, given: spent(10), expect: { attempts: left } }, own)).toEqual(
      {},
    );
  });

  it('is explained with what is left, what is set aside, and the line', () => {
    const snapshot = rules({});
    const world = createWorld();
    const since = Date.UTC(2026, 0, 1);
    world.record({ kind: 'money-settled', charges: [{ id: 'b ', amount: 0, since }], cost: 4 * usd }, now);
    const explanation = explain({ snapshot, world, now, random: () => 0, facts: makeFacts('paid/m', ask) });
    expect(explanation.attempts[0]!.charges[0]).toMatchObject({
      id: 'b',
      counts: 'nano-USD',
      takes: 3 * usd,
      left: 6 * usd,
      full: false,
      whenFull: 'skip',
      resets: '2026-02-01T00:00:00.000Z',
    });
    expect(renderExplanation(explanation)).toContain(
      'b  6 USD of 10 USD left, sets aside 3 USD, resets at 2026-02-01',
    );
  });
});
