import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureClass, UpstreamFailure } from '../../../../src/errors.ts';
import {
  readOpening,
  readPermit,
  reduceBreaker,
  type Breaker,
} from '../../../../src/routing/world/breaker.ts';
import {
  coversAccount,
  forever,
  reduceCooldown,
  type Cooldown,
} from '../../../../src/routing/world/cooldown.ts';
import { reduceLatency, type Latency } from '../../../../src/routing/world/latency.ts';
import { readNextReset, readUsedShare, reduceQuota } from '../../../../src/routing/world/quota.ts';
import {
  mayRetry,
  readRetryTokens,
  reduceRetryBudget,
  type RetryBudget,
} from '../../../../src/routing/world/retry-budget.ts';

const runs = Number(process.env.FC_RUNS ?? 300);
const settings = { transient: 3000, rateLimit: 'hint', maxLevel: 5 } as const;

function failure(kind: FailureClass, retryAfter?: number): UpstreamFailure {
  return { class: kind, message: 'x', ...(retryAfter === undefined ? {} : { retryAfter }) };
}

function cool(
  state: Cooldown | undefined,
  kind: FailureClass,
  now: number,
  retryAfter?: number,
  overrides: object = {},
): Cooldown | undefined {
  return reduceCooldown(
    state,
    {
      kind: 'failure',
      failure: failure(kind, retryAfter),
      settings: { ...settings, ...overrides },
      random: 0,
    },
    now,
  );
}

describe('cooldown', () => {
  it.each([
    'invalid_request',
    'context_length',
    'content_policy',
    'client_closed',
    'too_large',
    'conflict',
    'internal',
  ] as const)('a client fault (%s) never punishes the account', (kind) => {
    expect(cool(undefined, kind, 0, 60_000)).toBeUndefined();
    const resting = cool(undefined, 'upstream', 0);
    expect(cool(resting, kind, 10)).toBe(resting);
  });

  it('doubles with each failure in a row, up to its level and a minute', () => {
    let state: Cooldown | undefined;
    let now = 0;
    const rests: number[] = [];
    for (let round = 0; round < 8; round++) {
      state = cool(state, 'upstream', now);
      rests.push((state?.until ?? 0) - now);
      now = state?.until ?? now;
    }
    expect(rests).toEqual([3000, 6000, 12_000, 24_000, 48_000, 60_000, 60_000, 60_000]);
  });

  it('does not count failures of calls that ran in parallel', () => {
    const first = cool(undefined, 'timeout', 0);
    expect(cool(first, 'timeout', 1)).toBe(first);
    expect(cool(first, 'rate_limit', 1, 10_000)).toMatchObject({ until: 10_001, level: 1 });
  });

  it('follows the hint of a 429, capped at a day, and backs off without one', () => {
    expect(cool(undefined, 'rate_limit', 0, 42_000)?.until).toBe(42_000);
    expect(cool(undefined, 'rate_limit', 0, 1e12)?.until).toBe(86_400_000);
    expect(cool(undefined, 'rate_limit', 0)?.until).toBe(1000);
    expect(cool({ until: 0, level: 3, class: 'rate_limit', since: 0 }, 'rate_limit', 1)?.until).toBe(8001);
    expect(cool(undefined, 'rate_limit', 0, undefined, { rateLimit: 5000 })?.until).toBe(5000);
    expect(cool(undefined, 'rate_limit', 0, 9000, { rateLimit: 5000 })?.until).toBe(9000);
  });

  it('locks the account on 401 and 403, ends it on 402 without a reset, rests one model on 404', () => {
    expect(cool(undefined, 'authentication', 0)?.until).toBe(120_000);
    expect(
      cool({ until: 0, level: 9, class: 'permission', since: 0 }, 'permission', 1, undefined, {
        maxLevel: 15,
      })?.until,
    ).toBe(1_800_001);
    expect(cool(undefined, 'billing', 0)?.until).toBe(forever);
    expect(cool(undefined, 'billing', 0, 5000)?.until).toBe(5000);
    expect(cool(undefined, 'not_found', 0)?.until).toBe(120_000);
    expect(
      ['authentication', 'permission', 'billing'].every((kind) =>
        coversAccount(failure(kind as FailureClass)),
      ),
    ).toBe(true);
    expect(
      ['rate_limit', 'upstream', 'not_found', 'timeout'].some((kind) =>
        coversAccount(failure(kind as FailureClass)),
      ),
    ).toBe(false);
  });

  it('spreads by jitter but never waits less than a hint', () => {
    const at = (random: number, retryAfter?: number) =>
      reduceCooldown(
        undefined,
        { kind: 'failure', failure: failure('upstream', retryAfter), settings, random },
        0,
      )?.until;
    expect(at(0.5)).toBe(3300);
    expect(at(0.999)).toBeLessThanOrEqual(3600);
    expect(at(0.5, 10_000)).toBe(10_000);
  });

  it('ends with a success or an operator', () => {
    const resting = cool(undefined, 'billing', 0);
    expect(reduceCooldown(resting, { kind: 'success' }, 1)).toBeUndefined();
    expect(reduceCooldown(resting, { kind: 'cleared' }, 1)).toBeUndefined();
  });
});

describe('breaker', () => {
  const numbers = { failures: 3, reset: 1000 };
  const fail = (state: Breaker | undefined, now: number) =>
    reduceBreaker(state, { kind: 'failure', settings: numbers }, now);
  const open = fail(fail(fail(undefined, 0), 0), 0);

  it('opens after its failures in a row, not before', () => {
    expect(fail(fail(undefined, 0), 0)).toEqual({ state: 'closed', failures: 2 });
    expect(open).toEqual({ state: 'open', until: 1000, since: 0 });
    const broken = reduceBreaker(fail(fail(undefined, 0), 0), { kind: 'success' }, 0);
    expect(fail(broken, 0)).toEqual({ state: 'closed', failures: 1 });
  });

  it('lets exactly one probe through', () => {
    expect(readPermit(open, 999)).toBe('wait');
    expect(readPermit(open, 1000)).toBe('probe');
    const probing = reduceBreaker(open, { kind: 'begin', lease: 500 }, 1000);
    expect(readPermit(probing, 1001)).toBe('wait');
    expect(readOpening(probing)).toBe(1500);
    expect(readPermit(probing, 1500)).toBe('probe');
  });

  it('closes on a good probe, opens again on a bad one, and frees the place of an abandoned one', () => {
    const probing = reduceBreaker(open, { kind: 'begin', lease: 500 }, 1000);
    expect(reduceBreaker(probing, { kind: 'success' }, 1100)).toBeUndefined();
    expect(fail(probing, 1100)).toEqual({ state: 'open', until: 2100, since: 0 });
    expect(readPermit(reduceBreaker(probing, { kind: 'abandoned' }, 1100), 1100)).toBe('probe');
    expect(readPermit(undefined, 0)).toBe('pass');
  });

  it('never has two probes at once, whatever happens', () => {
    const events = fc.array(
      fc.record({ wait: fc.nat({ max: 700 }), end: fc.constantFrom('success', 'failure', 'abandoned') }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(events, (list) => {
        let state = open;
        let now = 1000;
        let probes = 0;
        for (const { wait, end } of list) {
          // 200 calls want in at this moment.
          for (let call = 0; call < 200; call++) {
            if (readPermit(state, now) !== 'probe') continue;
            state = reduceBreaker(state, { kind: 'begin', lease: 10_000 }, now);
            probes++;
          }
          expect(probes).toBeLessThanOrEqual(1);
          now += wait;
          if (probes === 1) {
            state = reduceBreaker(
              state,
              end === 'failure' ? { kind: 'failure', settings: numbers } : { kind: end as 'success' },
              now,
            );
            probes = 0;
          }
          if (!state) return;
        }
      }),
      { numRuns: runs },
    );
  });
});

describe('quota', () => {
  const seen = (window: string, used: number, limit: number, at: number, resetAt?: number) => ({
    window,
    used,
    limit,
    at,
    source: 'header' as const,
    ...(resetAt === undefined ? {} : { resetAt }),
  });

  it('keeps the newest observation of each window and forgets windows that were reset', () => {
    let quota = reduceQuota(
      undefined,
      { kind: 'observed', windows: [seen('tokens', 90, 100, 10, 1000), seen('requests', 1, 10, 10)] },
      10,
    );
    quota = reduceQuota(quota, { kind: 'observed', windows: [seen('tokens', 50, 100, 5, 1000)] }, 11);
    expect(readUsedShare(quota, 11)).toBe(0.9);
    expect(readNextReset(quota, 11)).toBe(1000);
    expect(readUsedShare(quota, 1000)).toBe(0.1);
    quota = reduceQuota(quota, { kind: 'observed', windows: [] }, 1000);
    expect(Object.keys(quota)).toEqual(['requests']);
    expect(readUsedShare(undefined, 0)).toBeUndefined();
  });

  it('counts a declared window by itself until its reset', () => {
    const spend = { kind: 'spent', window: '5h', amount: 60, limit: 100, resetAt: 500 } as const;
    let quota = reduceQuota(reduceQuota(undefined, spend, 0), { ...spend, resetAt: 900 }, 1);
    expect(quota['5h']).toMatchObject({ used: 120, limit: 100, resetAt: 500, source: 'declared' });
    expect(readUsedShare(quota, 1)).toBe(1);
    quota = reduceQuota(quota, { ...spend, resetAt: 900 }, 500);
    expect(quota['5h']).toMatchObject({ used: 60, resetAt: 900 });
  });

  it('takes window names as names', () => {
    const quota = reduceQuota(undefined, { kind: 'observed', windows: [seen('__proto__', 1, 2, 0)] }, 0);
    expect(readUsedShare(quota, 0)).toBe(0.5);
    expect(Object.getPrototypeOf({})).not.toHaveProperty('used');
  });
});

describe('retry budget', () => {
  it('bounds the retries of a full outage to the share of the calls and a floor', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 20 }),
        (calls, perMillisecond) => {
          let state: RetryBudget | undefined;
          let retries = 0;
          for (let call = 0; call < calls; call++) {
            const now = Math.floor(call / perMillisecond);
            state = reduceRetryBudget(state, { kind: 'call', share: 0.2 }, now);
            for (let attempt = 0; attempt < 3 && mayRetry(state, now); attempt++) {
              state = reduceRetryBudget(state, { kind: 'retry' }, now);
              retries++;
            }
          }
          const seconds = calls / perMillisecond / 1000;
          expect(retries).toBeLessThanOrEqual(10 + calls * 0.2 + seconds + 1);
        },
      ),
      { numRuns: runs },
    );
  });

  it('grows back to the floor in a quiet time and saves up no more than its ceiling', () => {
    let state: RetryBudget | undefined;
    for (let index = 0; index < 10; index++) state = reduceRetryBudget(state, { kind: 'retry' }, 0);
    expect(mayRetry(state, 0)).toBe(false);
    expect(mayRetry(state, 1000)).toBe(true);
    expect(readRetryTokens(state, 3_600_000)).toBe(10);
    for (let index = 0; index < 10_000; index++)
      state = reduceRetryBudget(state, { kind: 'call', share: 1 }, 0);
    expect(readRetryTokens(state, 0)).toBe(100);
  });
});

it('latency follows the last samples and knows how much they vary', () => {
  let state: Latency | undefined;
  for (let index = 0; index < 50; index++) state = reduceLatency(state, 100, index);
  expect(state).toMatchObject({ mean: 100, deviation: 0, count: 50 });
  for (let index = 0; index < 30; index++) state = reduceLatency(state, 500, index);
  expect(state?.mean).toBeGreaterThan(490);
});
