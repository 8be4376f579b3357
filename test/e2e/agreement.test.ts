// The running gateway and the course of routing (which tests, simulations and explanations go) agree about random requests
// to random configurations over the faulty simulator: attempt by attempt, reason by reason, and in what they remember. And
// what the gateway has stored explains itself: `why` decides again as was decided.
import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt, Reason } from '../../src/routing/decision.ts';
import type { Facts } from '../../src/routing/facts.ts';
import type { UsageRow } from '../../src/routing/ports.ts';
import { createManualClock, type ManualClock } from '../../src/lib/clock.ts';
import { createRandom } from '../../src/lib/random.ts';
import type { Timers } from '../../src/lib/timers.ts';
import { admitKey, describeFault } from '../../src/routing/admission.ts';
import { Course } from '../../src/routing/course.ts';
import { explain } from '../../src/routing/explain.ts';
import { anonymous, createPrincipal } from '../../src/routing/principal.ts';
import { createSlots } from '../../src/routing/slots.ts';
import { createSnapshotRef, type Snapshot } from '../../src/routing/snapshot.ts';
import { readOutcome, showError, showFailure } from '../../src/routing/testing/outcomes.ts';
import { readStoredAttempts, readStoredFacts, readStoredReasons } from '../../src/routing/stored.ts';
import { explainWhy } from '../../src/routing/why.ts';
import { createWorld } from '../../src/routing/world/memory.ts';
import { createGateway } from '../../src/server/compose.ts';
import { createTransport } from '../../src/upstream/transport.ts';
import { makeSnapshot } from '../support/config.ts';
import { createMemoryLedger } from '../support/gateway.ts';

/** Model of every simulated provider → how it behaves, and the word for that in a script. */
const behaviours = {
  good: { behaviour: { reply: 'ok' }, word: 'ok' },
  limited: { behaviour: { status: 429, message: 'slow down' }, word: 429 },
  busy: { behaviour: { status: 503, message: 'busy' }, word: 503 },
  broken: { behaviour: { status: 500, message: 'oops' }, word: 500 },
  locked: { behaviour: { status: 401, message: 'who?' }, word: 401 },
  odd: { behaviour: { status: 400, message: 'what?' }, word: 400 },
  missing: { behaviour: { status: 404, message: 'where?' }, word: 404 },
} as const;
type Model = keyof typeof behaviours;

const models = Object.keys(behaviours) as Model[];
const providers = ['p', 'q', 'r'] as const;
const combos = ['one', 'two', 'three'] as const;

const target = fc.record({ provider: fc.constantFrom(...providers), model: fc.constantFrom(...models) });
const strategy = fc.constantFrom(
  'priority',
  'weighted',
  'round-robin',
  'random',
  'strict-random',
  'p2c',
  'least-used',
  'lkgp',
  'sticky',
  'fill-first',
);
const combo = fc.record({
  strategy,
  targets: fc.uniqueArray(target, {
    minLength: 1,
    maxLength: 5,
    selector: ({ provider, model }) => `${provider}/${model}`,
  }),
});
/** Tokens cost a dollar a million; what one answer costs is some millionths. */
const budgets = fc.subarray([
  { id: 'all', limit: 0.000006, period: 'hourly', reserve: 'none' },
  {
    id: 'q',
    match: { providers: ['q'] },
    limit: 0.000005,
    period: 'daily',
    reserve: 'capped',
    reserveCap: 0.00001,
  },
  {
    id: 'each',
    per: 'key',
    limit: 0.000004,
    period: 'total',
    reserve: 'none',
    onExceeded: { route: 'p/good' },
  },
]);
const configuration = fc.record({
  accounts: fc.tuple(...providers.map(() => fc.integer({ min: 1, max: 3 }))),
  select: fc.constantFrom('fill-first', 'round-robin', 'p2c', 'random', 'least-used', 'strict-random'),
  retries: fc.integer({ min: 0, max: 2 }),
  failures: fc.integer({ min: 1, max: 4 }),
  combos: fc.tuple(combo, combo, combo),
  policies: fc.subarray([
    { id: 'no-q', match: { models: ['two'] }, blockProviders: ['q'] },
    { id: 'like-r', match: { models: ['three'] }, preferProviders: ['r'] },
    { id: 'never', match: { models: ['p/odd'] }, deny: 'never' },
  ]),
  affinity: fc.boolean(),
  budgets,
  /** What the key may do in a minute, and what the first provider's accounts include in an hour. */
  limits: fc.record(
    {
      requests: fc.constantFrom('3/min', '8/min'),
      tokens: fc.constantFrom('20/min', '100/5m'),
      sessions: fc.constant(1),
    },
    { requiredKeys: [] },
  ),
  quota: fc.option(
    fc.record(
      { requests: fc.integer({ min: 1, max: 6 }), tokens: fc.integer({ min: 10, max: 60 }) },
      { requiredKeys: ['requests'] },
    ),
  ),
});
const key = 'key-of-the-test-0123456789';
const request = fc.record({
  model: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<string>(...combos) },
    { weight: 1, arbitrary: fc.constantFrom('p/good', 'p/odd', 'nobody', 'r/limited') },
  ),
  stream: fc.boolean(),
  session: fc.constantFrom(undefined, 'a', 'b'),
  known: fc.boolean(),
  pause: fc.constantFrom(0, 0, 500, 4_000, 60_000),
});

/** Requests in all: each configuration gets twenty. */
const runs = Math.ceil(Number(process.env['FC_RUNS'] ?? 500) / 20);

function compileOf(made: typeof configuration extends fc.Arbitrary<infer Value> ? Value : never): Snapshot {
  const sandbox = {
    faults: true,
    behaviours: Object.fromEntries(models.map((name) => [name, behaviours[name].behaviour])),
  };
  return makeSnapshot({
    providers: Object.fromEntries(
      providers.map((id, index) => [
        id,
        {
          sandbox,
          select: made.select,
          connections: Array.from({ length: made.accounts[index]! }, (_, account) => ({
            id: `c${account}`,
            ...(index === 0 && made.quota && { quota: { window: '1h', threshold: 0.9, ...made.quota } }),
          })),
        },
      ]),
    ),
    combos: Object.fromEntries(
      combos.map((name, index) => [
        name,
        {
          demo: true,
          strategy: made.combos[index]!.strategy,
          targets: made.combos[index]!.targets.map(({ provider, model }) => `${provider}/${model}`),
        },
      ]),
    ),
    policies: made.policies,
    budgets: made.budgets,
    models: Object.fromEntries(
      providers.flatMap((id) => models.map((name) => [`${id}/${name}`, { price: { input: 1, output: 1 } }])),
    ),
    keys: [{ id: 'k', digest: `sha256:${hash('sha256', key, 'hex')}`, limits: made.limits }],
    defaults: { session: { affinity: made.affinity } },
    resilience: {
      profiles: { default: { retries: made.retries, breaker: { failures: made.failures, reset: '30s' } } },
    },
  });
}

/** Timers that never wait: time jumps to where they are due. */
function createJumpingTimers(clock: ManualClock): Timers {
  return {
    after: (milliseconds, run) => {
      const timer = setImmediate(() => {
        clock.advance(milliseconds);
        run();
      });
      return () => clearImmediate(timer);
    },
    every: () => () => undefined,
  };
}

/** The simulator answers at once, and no time passes while it does. */
const instant: Timers = {
  after: (_, run) => {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
  every: () => () => undefined,
};

function createPair(snapshot: Snapshot) {
  const clock = createManualClock();
  const rows: UsageRow[] = [];
  const world = createWorld();
  const random = createRandom(7);
  const gateway = createGateway({
    snapshots: createSnapshotRef(snapshot),
    secrets: { read: () => 'secret', epoch: 1 },
    ledger: createMemoryLedger(rows),
    transport: createTransport({ timers: instant }),
    timers: createJumpingTimers(clock),
    clock,
    world,
    random,
  });
  const time = createManualClock();
  const slots = createSlots(time, { after: () => () => undefined, every: () => () => undefined });
  return { clock, rows, world, gateway, time, slots, twin: createWorld(), twinRandom: createRandom(7) };
}

type Pair = ReturnType<typeof createPair>;
type Asked = typeof request extends fc.Arbitrary<infer Value> ? Value : never;

async function ask({ clock, gateway, rows }: Pair, { model, stream, session, pause, known }: Asked) {
  clock.advance(pause);
  const at = clock.now();
  const response = await gateway.fetch(
    new Request('http://127.0.0.1/v1/chat/completions', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(known && { authorization: `Bearer ${key}` }),
        ...(session && { 'x-session-id': session }),
      },
      body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'hi' }] }),
    }),
  );
  await response.text();
  return { at, status: response.status, row: rows.at(-1)! };
}

/** The same request through the course, from the facts that the gateway stored. */
function follow(
  { twin, twinRandom }: Pair,
  snapshot: Snapshot,
  facts: Facts,
  start: number,
  { tokens }: UsageRow,
) {
  const course = new Course({ snapshot, facts, world: twin, random: twinRandom }, start);
  for (let now = start; ;) {
    const move = course.proceed(now);
    if (move.kind === 'wait') now += move.milliseconds;
    else if (move.kind === 'end') return { course, end: move.end, now };
    else if (move.kind === 'call') {
      const answer = readOutcome(behaviours[move.attempt.model as Model].word, facts.stream);
      course.settle(answer.kind === 'success' ? { ...answer, tokens } : answer, now);
    } else throw new Error('nothing here has places');
  }
}

const brief = ({ code, message, rule, about, connection, until }: Reason) => ({
  code,
  message,
  rule,
  about,
  connection,
  until,
});

describe('the gateway and the course', () => {
  it(`agree about ${runs * 20} requests`, { timeout: 60_000 + runs * 2_000 }, async () => {
    const seen = {
      requests: 0,
      attempts: 0,
      held: 0,
      refused: 0,
      failed: 0,
      limited: 0,
      replayed: 0,
      unpaid: 0,
    };
    await fc.assert(
      fc.asyncProperty(
        configuration,
        fc.array(request, { minLength: 20, maxLength: 20 }),
        async (made, requests) => {
          const snapshot = compileOf(made);
          const pair = createPair(snapshot);
          for (const asked of requests) {
            const { at, status, row } = await ask(pair, asked);
            const { twin: world, slots, time } = pair;
            const { ttl } = snapshot.sessions;
            const principal = asked.known ? createPrincipal(snapshot.keys.values()[0]!) : anonymous;
            const session = asked.session === undefined ? undefined : `ext:${asked.session}`;
            time.set(at);
            seen.requests++;
            const admitted = admitKey({ principal, world, slots, session: () => session, ttl, now: at });
            if (admitted && 'limit' in admitted) {
              seen.limited++;
              expect([status, readStoredReasons(row).map(brief)]).toEqual([
                429,
                [brief(describeFault(admitted, principal, snapshot, at))],
              ]);
              continue;
            }
            const facts = readStoredFacts(row, snapshot)!;
            const explained = explain({
              snapshot,
              facts,
              world: pair.twin,
              now: at,
              random: createRandom(1),
            });
            const { course, end, now } = follow(pair, snapshot, facts, at, row);
            admitted?.release();
            seen.attempts += course.attempts.length;
            seen.held += course.attempts.filter(({ held }) => held).length;
            const calls = course.attempts
              .filter(({ held }) => held === undefined)
              .map(({ attempt, end: ended, status: code }) => [attempt.target, ended, code]);
            const recorded = readStoredAttempts(row);
            expect(recorded.map((one) => [one.target, one.class ?? 'success', one.status])).toEqual(calls);
            expect(readStoredReasons(row).map(brief)).toEqual(course.reasons.map(brief));
            const shown =
              end.kind === 'served'
                ? 200
                : end.kind === 'failed'
                  ? showFailure(end.failure, 'openai-chat')
                  : showError(end.refusal.code, 'openai-chat');
            expect(status).toBe(shown);
            expect(row.connection).toBe(end.kind === 'served' ? accountOf(end.attempt) : null);
            expect(explained.outcome, JSON.stringify(explained.outcome)).toMatchObject({
              kind: end.kind === 'refused' ? 'refuse' : 'route',
            });
            if (end.kind === 'refused') seen.refused++;
            if (end.kind === 'failed') seen.failed++;
            expect(pair.clock.now()).toBe(now);
            expect(pair.twin.report(now)).toEqual(pair.world.report(now));
            for (const counter of ['all ', 'q ', 'each ', 'each k'])
              expect(pair.twin.spent(counter, 0)).toBe(pair.world.spent(counter, 0));
            if (course.reasons.some(({ code }) => code === 'budget-exceeded')) seen.unpaid++;
            const { replay } = explainWhy({ row, snapshot, now });
            const { decision } = course;
            const planned = decision.kind === 'route' ? decision.attempts.map((one) => one.target) : [];
            expect(replay?.outcome).toBe(decision.kind);
            if (replay?.drawn) expect(replay.targets.toSorted()).toEqual([...new Set(planned)].sort());
            else expect(replay?.targets).toEqual([...new Set(planned)]);
            seen.replayed++;
          }
        },
      ),
      { numRuns: runs },
    );
    // A run that only ever succeeds would prove nothing.
    expect(seen.attempts).toBeGreaterThan(seen.requests * 0.7);
    expect(Math.min(seen.refused, seen.failed, seen.limited, seen.unpaid)).toBeGreaterThan(
      seen.requests / 100,
    );
    expect(seen.replayed).toBeGreaterThan(seen.requests / 2);
    if (runs > 25) console.warn(`agreement: ${JSON.stringify(seen)}`);
  });
});

function accountOf({ connection }: Attempt): string {
  return connection.id;
}
