// decide() and next() over scripted upstreams and a clock of its own: the same code as the gateway's, with its door, its
// limits and its queues; no network, no time. Events happen in order of their time; equal seeds give equal runs.
import type { Clock } from '../lib/clock.ts';
import { createRandom } from '../lib/random.ts';
import type { Timers } from '../lib/timers.ts';
import { admitKey, describeFault, namedSession } from './admission.ts';
import { Course, type CourseAttempt, type CourseEnd, type UpstreamAnswer } from './course.ts';
import type { Attempt, Refusal } from './decision.ts';
import type { Facts } from './facts.ts';
import { createSlots, type Slot, type Slots } from './slots.ts';
import type { Snapshot } from './snapshot.ts';
import type { MutableWorld } from './world/world.ts';

export type { UpstreamAnswer };

/** A request that comes in. */
export interface Arrival {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly facts: Facts;
  /** What the door says before anything is decided; undefined lets the request in. */
  readonly door?: (now: number) => Refusal | undefined;
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
  /** Absent when the door, or a limit of the key, refused the request. */
  readonly course?: Course;
}

export interface SimulationInput {
  readonly snapshot: Snapshot;
  readonly world: MutableWorld;
  /** In any order. */
  readonly arrivals: readonly Arrival[];
  readonly upstream: (call: SimulatedCall) => UpstreamAnswer;
  readonly seed: number;
  /** Called once before the first arrival, to say what is in use already. */
  readonly prepare?: (slots: Slots) => void;
  /** Called after everything that happens. */
  readonly watch?: (now: number, slots: Slots) => void;
}

interface Event {
  readonly at: number;
  readonly order: number;
  run(now: number): void;
}

/** Runs all arrivals to their end; results stand in the order in which the requests ended. */
export function simulate(input: SimulationInput): readonly SimulatedEnd[] {
  const { snapshot, world, arrivals, upstream } = input;
  const random = createRandom(input.seed);
  const queue = new EventQueue(
    arrivals.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY),
  );
  const slots = createSlots(queue.clock, queue.timers);
  const ends: SimulatedEnd[] = [];

  function arrive({ at, facts, door }: Arrival): void {
    const { principal } = facts;
    const session = (): string | undefined => namedSession(facts);
    const { ttl } = snapshot.sessions;
    const refusal = door?.(at);
    if (refusal) return finish({ at, facts }, { kind: 'refused', refusal }, at);
    const admitted = admitKey({ principal, world, slots, session, ttl, now: at });
    if (admitted && 'limit' in admitted) {
      const { message, retryAfter } = admitted;
      const reasons = [describeFault(admitted, principal, snapshot, at)];
      const full: Refusal = { kind: 'refuse', code: 'rate_limit_exceeded', message, retryAfter, reasons };
      return finish({ at, facts }, { kind: 'refused', refusal: full }, at);
    }
    const course = new Course({ snapshot, facts, world, random, slots }, at);
    go({ at, facts, course, ...(admitted && { place: admitted }) }, at);
  }

  function go(request: Running & { readonly course: Course }, now: number): void {
    const { at, facts, course } = request;
    const move = course.proceed(now);
    if (move.kind === 'wait') queue.add(now + move.milliseconds, (later) => go(request, later));
    else if (move.kind === 'queue')
      move.wait(queue.clock.now, () => queue.add(queue.clock.now(), (later) => go(request, later)));
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

  function finish({ at, facts, course, first, place }: Running, end: CourseEnd, now: number): void {
    place?.release();
    const attempts = course?.attempts ?? [];
    const fault =
      end.kind === 'served' ? end.broken : end.kind === 'refused' ? end.refusal.code : end.failure.class;
    ends.push({
      at,
      facts,
      ended: now,
      ...(end.kind === 'served' && { served: end.attempt }),
      waited: first ?? now - at,
      calls: attempts.filter(({ held }) => held === undefined).length,
      attempts,
      end,
      ...(fault !== undefined && { fault }),
      ...(course && { course }),
    });
  }

  input.prepare?.(slots);
  for (const arrival of arrivals) queue.add(arrival.at, () => arrive(arrival));
  queue.run((now) => input.watch?.(now, slots));
  return ends;
}

interface Running {
  readonly at: number;
  readonly facts: Facts;
  readonly course?: Course;
  /** The place that the key's limits gave. */
  readonly place?: Slot;
  /** Milliseconds until the first token. */
  readonly first?: number;
}

/** A binary heap by time; events of the same moment happen in the order in which they were added. */
class EventQueue {
  readonly #heap: Event[] = [];
  #added = 0;
  #now: number;

  constructor(start: number) {
    this.#now = start;
  }

  readonly clock: Clock = { now: () => this.#now, monotonic: () => this.#now };

  readonly timers: Timers = {
    after: (milliseconds, run) => {
      let cancelled = false;
      this.add(this.#now + milliseconds, () => {
        if (!cancelled) run();
      });
      return () => {
        cancelled = true;
      };
    },
    // Nothing that a simulation holds asks for it, and it would never end.
    every: () => () => undefined,
  };

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

  run(watch: (now: number) => void): void {
    for (let event = this.#take(); event; event = this.#take()) {
      this.#now = event.at;
      event.run(event.at);
      watch(event.at);
    }
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
