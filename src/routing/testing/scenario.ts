// A scenario on a clock of its own → the timeline of every attempt, of the breakers and rests that come and go with them,
// of the places that calls take and wait for, and of what it costs.
import type { CourseAttempt } from '../course.ts';
import type { Refusal } from '../decision.ts';
import type { Facts } from '../facts.ts';
import { simulate, type Arrival, type SimulatedCall, type UpstreamAnswer } from '../simulate.ts';
import type { Slots } from '../slots.ts';
import type { Snapshot } from '../snapshot.ts';
import type { MutableWorld } from '../world/world.ts';
import { readOutcome } from './outcomes.ts';
import { usualPhase, type Phase, type Scenario } from './scenario-file.ts';
import { watchLanes, watchStates, type TimelineLane, type TimelineState } from './scenario-watch.ts';

export type { TimelineLane, TimelineState };

/** Times in milliseconds since the start, money in nano-USD. */
export interface TimelineAttempt {
  readonly at: number;
  readonly target: string;
  readonly connection: string;
  readonly end: string;
  /** Milliseconds that it has waited for its places before. */
  readonly queued?: number;
  readonly cost?: number | null;
}

export interface TimelineRequest {
  readonly at: number;
  readonly model: string;
  readonly key?: string;
  readonly ended: number;
  readonly outcome: string;
  readonly attempts: readonly TimelineAttempt[];
  /** Seconds after which the client may come again, where a refusal says so. */
  readonly retryAfter?: number;
}

export interface TimelineSpend {
  readonly at: number;
  readonly target: string;
  readonly key?: string;
  readonly cost: number;
  /** Everything until then. */
  readonly total: number;
}

export interface Timeline {
  readonly requests: readonly TimelineRequest[];
  readonly states: readonly TimelineState[];
  readonly lanes: readonly TimelineLane[];
  readonly spend: readonly TimelineSpend[];
  /** Answers of which nobody knows the price. */
  readonly unpriced: number;
  readonly length: number;
}

export interface ScenarioInput {
  readonly scenario: Scenario;
  readonly snapshot: Snapshot;
  readonly world: MutableWorld;
  /** Epoch milliseconds. */
  readonly start: number;
  /** A request of the scenario as facts, and what the door says to it at a moment. */
  readonly read: (request: Readonly<Record<string, unknown>>) => {
    readonly facts: Facts;
    readonly door?: (now: number) => Refusal | undefined;
  };
  /** Says what is in use before anything comes. */
  readonly prepare?: (slots: Slots) => void;
}

export function runScenario(input: ScenarioInput): Timeline {
  const { scenario, snapshot, world, start, read, prepare } = input;
  const arrivals = scenario.arrivals.flatMap(({ request, from, every, count }): readonly Arrival[] => {
    const { facts, door } = read(request);
    return Array.from({ length: count }, (_, index) => ({
      at: start + from + index * every,
      facts,
      ...(door && { door }),
    }));
  });
  const states = watchStates(world, start);
  const lanes = watchLanes(start);
  const ends = simulate({
    snapshot,
    world,
    arrivals,
    upstream: (call) => answer(call, scenario.phases, start),
    seed: scenario.seed,
    ...(prepare && { prepare }),
    watch: (now, slots) => {
      states.look(now);
      lanes.look(now, slots);
    },
  });
  const requests = ends
    .map(({ at, facts, ended, attempts, end, fault }): TimelineRequest => {
      const retryAfter = end.kind === 'refused' ? end.refusal.retryAfter : undefined;
      const { key } = facts.principal;
      return {
        at: at - start,
        model: facts.model,
        ...(key !== undefined && { key }),
        ended: ended - start,
        outcome: end.kind === 'served' && fault === undefined ? end.attempt.target : (fault ?? end.kind),
        attempts: attempts.map((one) => describe(one, start)),
        ...(retryAfter !== undefined && { retryAfter }),
      };
    })
    .sort((a, b) => a.at - b.at);
  const length = requests.reduce((most, { ended }) => Math.max(most, ended), 0);
  const paid = ends.flatMap(({ attempts, facts, ended }) =>
    attempts.flatMap(({ attempt: { target }, cost }) =>
      typeof cost === 'number' ? [{ at: ended - start, target, cost, key: facts.principal.key }] : [],
    ),
  );
  const unpriced = ends.flatMap(({ attempts }) => attempts.filter(({ cost }) => cost === null)).length;
  return {
    requests,
    states: states.list(),
    lanes: lanes.list(),
    spend: addUp(paid),
    unpriced,
    length,
  };
}

function addUp(
  paid: readonly {
    readonly at: number;
    readonly target: string;
    readonly cost: number;
    readonly key: string | undefined;
  }[],
): readonly TimelineSpend[] {
  let total = 0;
  return paid
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, target, cost, key }) => {
      total += cost;
      return { at, target, ...(key !== undefined && { key }), cost, total };
    });
}

function describe({ attempt, at, held, end, queued, cost }: CourseAttempt, start: number): TimelineAttempt {
  const { target, connection } = attempt;
  return {
    at: at - start,
    target,
    connection: connection.key,
    end: held ? `held: ${held}` : (end ?? ''),
    ...(queued !== undefined && { queued }),
    ...(cost !== undefined && { cost }),
  };
}

function answer(
  { attempt, facts, now }: SimulatedCall,
  phases: readonly Phase[],
  start: number,
): UpstreamAnswer {
  const { provider, connection, target } = attempt;
  const names = [provider.id, connection.key, target];
  // The last phase that fits wins, so that an outage can stand behind the rule.
  const phase =
    phases.findLast(
      ({ upstream, from, until }) => names.includes(upstream) && now - start >= from && now - start < until,
    ) ?? usualPhase;
  const outcome = readOutcome('answer' in phase ? phase.answer : 'ok', facts.stream, phase);
  if (outcome.kind === 'failure') return outcome;
  const most = Math.min(facts.maxOutputTokens ?? Infinity, attempt.changes?.maxOutputTokens ?? Infinity);
  return {
    ...outcome,
    tokens: { input: facts.inputTokens ?? 0, output: Math.min(phase.outputTokens, most) },
  };
}
