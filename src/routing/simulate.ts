// decide() and next() over scripted upstreams and a clock of its own: the same code as the gateway's, no network, no
// time. Events happen in order of their time; equal seeds give equal runs.
import { createRandom } from '../lib/random.ts';
import { Course, type CourseAttempt, type CourseEnd, type UpstreamAnswer } from './course.ts';
import type { Attempt } from './decision.ts';
import type { Facts } from './facts.ts';
import type { Snapshot } from './snapshot.ts';
import type { MutableWorld } from './world/world.ts';

export type { UpstreamAnswer };

/** A request that comes in. */
export interface Arrival {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly facts: Facts;
}

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
  /** Epoch milliseconds. */
  readonly ended: number;
  readonly attempts: readonly CourseAttempt[];
  readonly end: CourseEnd;
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
    go({ at, facts, course: new Course({ snapshot, facts, world, random }, at) }, at);
  }

  function go(request: Running, now: number): void {
    const { at, facts, course } = request;
    const move = course.proceed(now);
    if (move.kind === 'wait') queue.add(now + move.milliseconds, (later) => go(request, later));
    else if (move.kind === 'end') finish(request, move.end, now);
    else {
      const { attempt } = move;
      const running = world.inFlight(attempt.connection.key) - 1;
      const answer = upstream({ attempt, facts, now, running, random });
      const first = answer.kind === 'failure' ? undefined : now - at + answer.firstToken;
      queue.add(now + answer.takes, (then) => {
        course.settle(answer, then);
        go(first === undefined ? request : { ...request, first }, then);
      });
    }
  }

  function finish({ at, facts, course, first }: Running, end: CourseEnd, now: number): void {
    const fault =
      end.kind === 'served' ? end.broken : end.kind === 'refused' ? end.refusal.code : end.failure.class;
    ends.push({
      at,
      facts,
      ended: now,
      ...(end.kind === 'served' && { served: end.attempt }),
      waited: first ?? now - at,
      calls: course.attempts.filter(({ held }) => held === undefined).length,
      attempts: course.attempts,
      end,
      ...(fault !== undefined && { fault }),
    });
  }

  for (const arrival of arrivals) queue.add(arrival.at, () => arrive(arrival));
  queue.run();
  return ends;
}

interface Running {
  readonly at: number;
  readonly facts: Facts;
  readonly course: Course;
  /** Milliseconds until the first token. */
  readonly first?: number;
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
