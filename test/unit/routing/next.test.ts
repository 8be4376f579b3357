import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureClass } from '../../../src/errors.ts';
import type { Combo } from '../../../src/routing/snapshot.ts';
import type { Outcome, RoutePlan } from '../../../src/routing/decision.ts';
import { next } from '../../../src/routing/next.ts';
import {
  decideFor,
  expectPlan,
  makeCombo,
  makeConnection,
  makeOutcome,
  makeProvider,
  makeTarget,
  profile,
} from '../../support/routing.ts';

function makePlan(retries = 0): RoutePlan {
  const options = { profile: { ...profile, retries } };
  const providers = [
    makeProvider('a', {
      ...options,
      connections: [makeConnection('a', { id: 'x' }), makeConnection('a', { id: 'y' })],
    }),
    makeProvider('b', options),
  ];
  return expectPlan(decideFor({ providers, combos: [makeCombo('c', 'priority', ['a/m', 'b/m'])] }, 'c'));
}

/** Drives the plan with one failure after the other; the last one repeats. */
function drive(plan: RoutePlan, failures: readonly (readonly [FailureClass, number?])[]) {
  const outcomes: Outcome[] = [];
  const tried: string[] = [];
  for (;;) {
    const step = next(plan, outcomes);
    if (step.kind === 'fail') return { tried, step };
    tried.push(step.attempt.connection.key);
    const [kind, status] = failures[Math.min(outcomes.length, failures.length - 1)]!;
    outcomes.push(makeOutcome(step.attempt, kind, status === undefined ? {} : { status }));
  }
}

describe('next', () => {
  it('begins with the first attempt', () => {
    expect(next(makePlan(), [])).toMatchObject({ kind: 'attempt', index: 0 });
  });

  it.each([
    'rate_limit',
    'overloaded',
    'timeout',
    'upstream',
    'authentication',
    'billing',
    'permission',
    'not_found',
  ] as const)('goes on to the next connection and target after %s', (kind) => {
    expect(drive(makePlan(), [[kind, 500]]).tried).toEqual(['a@x', 'a@y', 'b@default']);
  });

  it.each(['invalid_request', 'content_policy', 'client_closed'] as const)('stops at %s', (kind) => {
    const { tried, step } = drive(makePlan(3), [[kind, 400]]);
    expect(tried).toEqual(['a@x']);
    expect(step.reason.code).toBe('not-retryable');
  });

  it('does not knock at the same closed door for another account', () => {
    expect(drive(makePlan(), [['connection'], ['upstream', 500]]).tried).toEqual(['a@x', 'b@default']);
  });

  it('repeats only what may pass, after everything else was tried, with a growing pause', () => {
    const plan = makePlan(2);
    expect(
      drive(plan, [
        ['upstream', 500],
        ['authentication', 401],
        ['overloaded', 529],
      ]).tried,
    ).toEqual(['a@x', 'a@y', 'b@default', 'a@x', 'b@default', 'a@x', 'b@default']);
    const outcomes = plan.attempts.map((attempt) => makeOutcome(attempt, 'upstream', { status: 500 }));
    expect(next(plan, outcomes)).toMatchObject({ index: 0, delay: 250, reason: { code: 'repeat' } });
    const again = plan.attempts.map((attempt) => makeOutcome(attempt, 'upstream', { status: 500 }));
    expect(next(plan, [...outcomes, ...again])).toMatchObject({ index: 0, delay: 500 });
  });

  it('does not wait for a hint that is too long', () => {
    const plan = makePlan(2);
    const outcomes = plan.attempts.map((attempt) =>
      makeOutcome(attempt, 'overloaded', { status: 503, retryAfter: 30_000 }),
    );
    expect(next(plan, outcomes)).toMatchObject({ kind: 'fail' });
  });

  it('reports the last upstream word, not the local failure after it, with the earliest hint', () => {
    const plan = makePlan();
    const [x, y, b] = plan.attempts;
    const step = next(plan, [
      makeOutcome(x!, 'rate_limit', { status: 429, retryAfter: 9_000 }),
      makeOutcome(y!, 'authentication', { status: 401, retryAfter: 4_000 }),
      makeOutcome(b!, 'connection'),
    ]);
    expect(step).toMatchObject({
      kind: 'fail',
      outcome: { failure: { class: 'rate_limit', status: 429, retryAfter: 4_000 } },
      reason: { code: 'exhausted' },
    });
  });

  it('reports what broke, not that it was not tried again', () => {
    const plan = makePlan();
    const [x, y, b] = plan.attempts;
    const step = next(plan, [
      makeOutcome(x!, 'upstream'),
      makeOutcome(y!, 'authentication', { held: true }),
      makeOutcome(b!, 'overloaded', { held: true, retryAfter: 4_000 }),
    ]);
    expect(step).toMatchObject({ kind: 'fail', outcome: { failure: { class: 'upstream' } } });
  });

  describe('with targets for one class of failure', () => {
    const windows = { 'a/m': 10_000, 'b/m': 5_000, 'long/m': 1_000_000 };
    const combo: Combo = {
      ...makeCombo('c', 'priority', ['a/m', 'b/m']),
      onContextOverflow: [makeTarget('long/m'), makeTarget('b/m')],
      onContentPolicy: [makeTarget('mild/m')],
    };
    const plan = expectPlan(
      decideFor(
        {
          providers: ['a', 'b', 'long', 'mild'].map((id) =>
            makeProvider(id, { profile: { ...profile, retries: 0 } }),
          ),
          combos: [combo],
          models: Object.entries(windows).map(([id, context]) => ({ id, context })),
        },
        'c',
      ),
    );

    it('goes there when the prompt does not fit, past windows that are no larger', () => {
      expect(drive(plan, [['context_length', 400]]).tried).toEqual(['a@default', 'long@default']);
      expect(drive(plan, [['upstream', 500]]).tried).toEqual(['a@default', 'b@default']);
    });

    it('goes there when the content is refused, and nowhere else', () => {
      expect(drive(plan, [['content_policy', 400]]).tried).toEqual(['a@default', 'mild@default']);
      expect(
        drive(plan, [
          ['content_policy', 400],
          ['upstream', 500],
        ]).tried,
      ).toEqual(['a@default', 'mild@default']);
    });
  });

  it('repeats only once the account has rested, and not at all when that takes too long', () => {
    const plan = makePlan(1);
    const rested = (rest: number) =>
      next(
        plan,
        plan.attempts.map((attempt) => ({ ...makeOutcome(attempt, 'overloaded', { status: 503 }), rest })),
      );
    expect(rested(100)).toMatchObject({ kind: 'attempt', index: 0, delay: 250 });
    expect(rested(3_600)).toMatchObject({ kind: 'attempt', index: 0, delay: 3_600 });
    expect(rested(5_001)).toMatchObject({ kind: 'fail' });
  });

  it('ends, and never begins an attempt more than 1 + retries times', () => {
    const kinds = fc.constantFrom<FailureClass>(
      'connection',
      'upstream',
      'overloaded',
      'timeout',
      'rate_limit',
      'billing',
      'context_length',
      'internal',
    );
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.array(fc.tuple(kinds, fc.option(fc.constant(503), { nil: undefined })), { minLength: 1 }),
        (retries, failures) => {
          const { tried } = drive(makePlan(retries), failures as [FailureClass, number?][]);
          for (const key of tried) {
            expect(tried.filter((other) => other === key).length).toBeLessThanOrEqual(1 + retries);
          }
        },
      ),
      { numRuns: Number(process.env.FC_RUNS ?? 300) },
    );
  });
});
