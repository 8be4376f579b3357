// decide() and next() over scripted upstreams and a clock of its own: the same code as the gateway's, no network, no
// time. Events happen in order of their time; equal seeds give equal runs.
import type { UpstreamFailure } from '../errors.ts';
import { createRandom } from '../lib/random.ts';
import { decide } from './decide.ts';
import type { Attempt, Outcome, RoutePlan } from './decision.ts';
import type { Facts } from './facts.ts';
import { next } from './next.ts';
import type { QuotaWindow } from './world/quota.ts';
import { sessionIdOf } from './world/sessions.ts';
import type { Snapshot } from './snapshot.ts';
import type { Call, MutableWorld } from './world/world.ts';

/** A request that comes in. */
export interface Arrival {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly facts: Facts;
}

/** What an upstream does with one call. Times in milliseconds from its beginning. */
export type UpstreamAnswer = { readonly quota?: readonly QuotaWindow[] } & (
  | { readonly kind: 'success'; readonly firstToken: number; readonly takes: number }
  | { readonly kind: 'failure'; readonly failure: UpstreamFailure; readonly takes: number }
);

export interface SimulatedCall {
  readonly attempt: Attempt;
  readonly facts: Facts;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Calls that run at this account at this moment, this one not counted. */
  readonly running: number;
  readonly random: () => number;
}

/** How one request ended. */
export interface SimulatedEnd {
  readonly at: number;
  readonly facts: Facts;
  /** The attempt that answered; absent for a refusal or a failure of all. */
  readonly served?: Attempt;
  /** Milliseconds from the arrival to the first token, or to the failure. */
  readonly waited: number;
  /** Upstream calls that were made. */
  readonly calls: number;
  /** The refusal's code or the last failure's class. */
  readonly fault?: string;
}

export interface SimulationInput {
  readonly snapshot: Snapshot;
  readonly world: MutableWorld;
  /** In any order. */
  readonly arrivals: readonly Arrival[];
  readonly upstream: (call: SimulatedCall) => UpstreamAnswer;
  readonly seed: number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  run(now: number): void;
}

/** Runs all arrivals to their end; results stand in the order in which the requests ended. */
export function simulate({
  snapshot,
  world,
  arrivals,
  upstream,
  seed,
}: SimulationInput): readonly SimulatedEnd[] {
  const random = createRandom(seed);
  const queue = new EventQueue();
  const ends: SimulatedEnd[] = [];

  function arrive({ at, facts }: Arrival): void {
    const decision = decide({ snapshot, facts, world, now: at, random });
    if (decision.kind === 'refuse') {
      ends.push({ at, facts, waited: 0, calls: 0, fault: decision.code });
      return;
    }
    world.apply(decision.effects);
    attemptNext({ at, facts, plan: decision, outcomes: [] }, at);
  }

  function attemptNext(request: Running, now: number): void {
    const { plan, outcomes, at, facts } = request;
    const step = next(plan, outcomes);
    if (step.kind === 'fail') {
      ends.push({ at, facts, waited: now - at, calls: outcomes.length, fault: step.outcome.failure.class });
      return;
    }
    if (step.effects) world.apply(step.effects);
    if (step.delay === undefined) begin(request, step.attempt, now);
    else queue.add(now + step.delay, (later) => begin(request, step.attempt, later));
  }

  function begin(request: Running, attempt: Attempt, now: number): void {
    const { at, facts, outcomes } = request;
    const call: Call = {
      provider: attempt.provider.id,
      connection: attempt.connection.key,
      model: attempt.model,
      profile: attempt.provider.profile,
    };
    if (outcomes.length > 0 && (world.permit(call, now) === 'wait' || !world.mayRetry(call.provider, now))) {
      outcomes.push({ attempt, failure: { class: 'overloaded', message: 'not permitted now' } });
      attemptNext(request, now);
      return;
    }
    const running = world.inFlight(call.connection);
    world.record(
      { kind: 'call-began', call, retry: outcomes.length > 0, retryShare: snapshot.retryShare },
      now,
    );
    const answer = upstream({ attempt, facts, now, running, random });
    queue.add(now + answer.takes, (then) => {
      if (answer.quota)
        world.record({ kind: 'quota-observed', connection: call.connection, windows: answer.quota }, then);
      if (answer.kind === 'success') {
        world.record(
          { kind: 'call-ended', call, end: { kind: 'success', firstToken: answer.firstToken } },
          then,
        );
        if (facts.session !== undefined) {
          const session = sessionIdOf(facts.principal.key, facts.session);
          world.record(
            { kind: 'session-served', session, connection: call.connection, target: attempt.target },
            then,
          );
        }
        ends.push({
          at,
          facts,
          served: attempt,
          waited: now - at + answer.firstToken,
          calls: outcomes.length + 1,
        });
        return;
      }
      world.record(
        { kind: 'call-ended', call, end: { kind: 'failure', failure: answer.failure, random: random() } },
        then,
      );
      outcomes.push({ attempt, failure: answer.failure });
      attemptNext(request, then);
    });
  }

  for (const arrival of arrivals) queue.add(arrival.at, () => arrive(arrival));
  queue.run();
  return ends;
}

interface Running {
  readonly at: number;
  readonly facts: Facts;
  readonly plan: RoutePlan;
  readonly outcomes: Outcome[];
}

/** A binary heap by time; events of the same moment happen in the order in which they were added. */
class EventQueue {
  readonly #heap: Event[] = [];
  #added = 0;

  add(at: number, run: (now: number) => void): void {
    const heap = this.#heap;
    heap.push({ at, order: this.#added++, run });
    for (let index = heap.length - 1; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index]!, heap[parent]!)) break;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  run(): void {
    for (let event = this.#take(); event; event = this.#take()) event.run(event.at);
  }

  #take(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    heap[0] = last;
    for (let index = 0; ;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === index) return first;
      [heap[index], heap[least]] = [heap[least]!, heap[index]!];
      index = least;
    }
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
