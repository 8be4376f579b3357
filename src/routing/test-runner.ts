// Runs the tests of a configuration: each request through the same decisions, holds and fallbacks as the gateway's, in a
// world that the test describes, against upstreams that answer what it says. No clock, no network, no file.
import type { ResolvedTest } from '../config/generated/types.ts';
import { renderPosition, type Locate } from '../diagnostics.ts';
import { createRandom } from '../lib/random.ts';
import { renderPointer } from '../lib/json-pointer.ts';
import { listBudgetCharges, matchBudgets } from './budgets.ts';
import { planCache } from './cache-recipe.ts';
import { listCallCounters } from './charges.ts';
import { listKeyCounters } from './counters.ts';
import type { Course, CourseEnd } from './course.ts';
import { decide } from './decide.ts';
import type { Attempt } from './decision.ts';
import type { Facts } from './facts.ts';
import { isRetry, type MadeCall } from './gate.ts';
import { simulate } from './simulate.ts';
import type { Snapshot } from './snapshot.ts';
import { expandCases, type TestCase } from './testing/cases.ts';
import { checkDoor } from './testing/door.ts';
import { createGivenWorld, occupyLanes, readTime } from './testing/given.ts';
import { judge, type RunOutcome, type TestFault } from './testing/judge.ts';
import { readOutcome, showError, showFailure } from './testing/outcomes.ts';
import { readTestFacts } from './testing/request.ts';
import type { MutableWorld } from './world/world.ts';

export interface TestResult {
  readonly name: string;
  /** `file:line:column` of the test. */
  readonly at?: string;
  readonly ok: boolean;
  readonly faults: readonly TestFault[];
  readonly run: TestRun;
}

/** What a test did. */
export interface TestRun extends RunOutcome {
  readonly facts: Facts;
  /** Absent when the door, or a limit of the key, refused the request. */
  readonly course?: Course;
  readonly now: number;
}

export interface TestInput {
  readonly snapshot: Snapshot;
  readonly tests: readonly ResolvedTest[];
  readonly locate?: Locate;
}

export function runTests({ snapshot, tests, locate }: TestInput): readonly TestResult[] {
  return expandCases(tests).map(({ name, index, test }: TestCase) => {
    const run = runTest(test, snapshot);
    const faults = judge(test.expect, run);
    const at = locate?.(renderPointer(['tests', index]));
    return { name, ...(at && { at: renderPosition(at) }), ok: faults.length === 0, faults, run };
  });
}

/** Runs one test without judging it. */
export function runTest(test: ResolvedTest, snapshot: Snapshot): TestRun {
  const { request, given, outcomes } = test;
  const now = readTime(given);
  const facts = readTestFacts(request, snapshot);
  const world = prepareWorld(test, snapshot, facts);
  let answered = 0;
  const [run] = simulate({
    snapshot,
    world,
    seed: given.seed,
    arrivals: [{ at: now, facts, door: () => checkDoor(request, snapshot, world, now) }],
    upstream: () => readOutcome(outcomes[answered++] ?? 'ok', request.stream),
    prepare: (slots) => occupyLanes(given, snapshot, slots),
  });
  const { course, end } = run!;
  const decision = course?.decision ?? (end as Extract<CourseEnd, { kind: 'refused' }>).refusal;
  const made = listMade(course);
  const planned: readonly Attempt[] = decision.kind === 'route' ? decision.attempts : [];
  return {
    facts,
    now,
    ...(course && { course }),
    attempts: outcomes.length === 0 ? planned : made,
    ...(end.kind === 'served' && { served: end.attempt }),
    ...(end.kind === 'refused' && { refusal: end.refusal.code }),
    status: readStatus(end, facts),
    reasons: course?.reasons ?? decision.reasons,
    headers: renderHeaders(end, made.length, facts, snapshot),
    charges: course ? listCharged(course, facts, snapshot, now) : [],
    cache: planCache(decision, facts, snapshot, now),
  };
}

function listMade(course: Course | undefined): readonly Attempt[] {
  return (course?.attempts ?? []).flatMap(({ held, attempt }) => (held === undefined ? [attempt] : []));
}

/** The limits of the key, and what every call that was made has taken. */
function listCharged(course: Course, facts: Facts, { budgets }: Snapshot, now: number): readonly string[] {
  const { key, limits } = facts.principal;
  const matched = matchBudgets(budgets, facts, now);
  const own = key === undefined || limits === undefined ? [] : listKeyCounters({ id: key, limits });
  const made: MadeCall[] = [];
  const calls = course.attempts.flatMap(({ attempt, held, end }) => {
    if (held !== undefined) return [];
    const money = listBudgetCharges(matched, attempt, facts, now).map(({ budget }) => budget);
    const counters = [...money, ...listCallCounters(attempt, isRetry(made, attempt.provider.id))];
    made.push({ target: attempt.target, ...(end !== undefined && end !== 'success' && { class: end }) });
    return counters;
  });
  return [...new Set([...own, ...calls].map(({ id }) => id))];
}

/** The world of a test; conversations lie where this request could find them. */
export function prepareWorld(
  { given }: Pick<ResolvedTest, 'given'>,
  snapshot: Snapshot,
  facts: Facts,
  hasCredential?: (connection: string) => boolean,
): MutableWorld {
  const now = readTime(given);
  const create = (servedBy?: (connection: string) => string | undefined): MutableWorld =>
    createGivenWorld(given, snapshot, {
      now,
      key: facts.principal.key,
      ...(servedBy && { servedBy }),
      ...(hasCredential && { hasCredential }),
    });
  if (Object.keys(given.sessions).length === 0) return create();
  const random = createRandom(given.seed);
  const before = decide({ snapshot, facts, world: create(), now, random });
  const candidates = before.kind === 'route' ? before.attempts : [];
  return create((key) => candidates.find(({ connection }) => connection.key === key)?.target);
}

function readStatus(end: CourseEnd, { protocol }: Facts): number {
  if (end.kind === 'served') return 200;
  return end.kind === 'failed' ? showFailure(end.failure, protocol) : showError(end.refusal.code, protocol);
}

function renderHeaders(
  end: CourseEnd,
  calls: number,
  { session, stream }: Facts,
  { revision }: Snapshot,
): Readonly<Record<string, string>> {
  const wait =
    end.kind === 'refused'
      ? end.refusal.retryAfter
      : end.kind === 'failed' && end.failure.retryAfter !== undefined
        ? Math.max(1, Math.ceil(end.failure.retryAfter / 1000))
        : undefined;
  return {
    'x-omniroute-revision': revision,
    ...(calls > 0 && { 'x-omniroute-attempts': String(calls) }),
    ...(wait !== undefined && { 'retry-after': String(wait) }),
    ...(end.kind === 'served' && {
      'x-omniroute-provider': end.attempt.provider.id,
      'x-omniroute-model': end.attempt.model,
      ...(end.attempt.provider.sandbox && { 'x-omniroute-sandbox': 'true' }),
      ...(session !== undefined && { 'x-omniroute-session-id': session }),
      ...(!stream && { 'x-omniroute-cache': 'MISS' }),
    }),
  };
}
