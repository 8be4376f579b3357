import { describe, expect, it } from 'vitest';
import { simulate, type SimulatedCall, type UpstreamAnswer } from '../../../src/routing/simulate.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { assembleSnapshot } from '../../../src/routing/assemble.ts';
import { compareStrategies } from '../../../scripts/strategy-month.ts';
import { makeCombo, makeFacts, makeProvider } from '../../support/routing.ts';

const snapshot = assembleSnapshot({
  providers: [makeProvider('a'), makeProvider('b')],
  combos: [makeCombo('c', 'priority', ['a/m', 'b/m'])],
});
const ok: UpstreamAnswer = { kind: 'success', firstToken: 100, takes: 500 };
const down: UpstreamAnswer = {
  kind: 'failure',
  takes: 50,
  failure: { class: 'upstream', status: 503, message: 'down' },
};

function run(upstream: (call: SimulatedCall) => UpstreamAnswer, times: readonly number[]) {
  const arrivals = times.map((at) => ({ at, facts: makeFacts('c') }));
  return simulate({ snapshot, world: createWorld(), arrivals, upstream, seed: 1 });
}

describe('simulate', () => {
  it('falls back, waits and learns as the gateway does', () => {
    const calls: string[] = [];
    const ends = run(
      ({ attempt, now }) => {
        calls.push(`${now} ${attempt.target}`);
        return attempt.provider.id === 'a' ? down : ok;
      },
      [0, 1000, 5000],
    );
    // The first request tries a; the second finds it resting; the third comes after the rest.
    expect(calls).toEqual(['0 a/m', '50 b/m', '1000 b/m', '5000 a/m', '5050 b/m']);
    expect(ends.map(({ served, waited, calls: made }) => [served?.target, waited, made])).toEqual([
      ['b/m', 150, 2],
      ['b/m', 100, 1],
      ['b/m', 150, 2],
    ]);
  });

  it('runs calls side by side', () => {
    const running: number[] = [];
    run(
      (call) => {
        running.push(call.running);
        return ok;
      },
      [0, 10, 20, 1000],
    );
    expect(running).toEqual([0, 1, 2, 0]);
  });

  it('says why a request was refused or failed', () => {
    const refused = simulate({
      snapshot,
      world: createWorld({ hasCredential: () => false }),
      arrivals: [{ at: 0, facts: makeFacts('c') }],
      upstream: () => ok,
      seed: 1,
    });
    expect(refused).toMatchObject([{ fault: 'no_credentials', calls: 0 }]);
    expect(run(() => down, [0])).toMatchObject([{ fault: 'upstream', calls: 2 }]);
  });

  it('gives the same run for the same seed', () => {
    const [first, second] = [1, 2].map(() => compareStrategies(['random', 'p2c', 'auto'], 400));
    expect(first).toEqual(second);
  });
});

describe('a month of traffic', () => {
  const by = new Map(
    compareStrategies(
      ['priority', 'random', 'cost-optimized', 'least-latency', 'lkgp', 'round-robin', 'fill-first'],
      2000,
    ).map((month) => [month.strategy, month]),
  );
  const of = (strategy: string) => by.get(strategy)!;

  it('shows each strategy good at what it is for', () => {
    for (const month of by.values()) expect(month.succeeded).toBeGreaterThan(0.99);
    expect(of('cost-optimized').cost).toBeLessThan(of('priority').cost / 5);
    expect(of('least-latency').p50).toBeLessThan(of('random').p50);
    expect(of('lkgp').switches).toBeLessThan(of('round-robin').switches / 10);
    expect(of('lkgp').switches).toBeLessThan(of('priority').switches);
    expect(of('fill-first').firstTry).toBeGreaterThanOrEqual(of('priority').firstTry);
  });
});
