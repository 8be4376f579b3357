// How many calls may run at a place, and how fast they may begin: one lane per account or target, with a queue that is
// bounded, fair and can be left. Lives in memory only: what ran before a restart runs no more. Simulations give it a
// clock and timers of their own.
import type { Clock } from '../lib/clock.ts';
import type { CancelTimer, Timers } from '../lib/timers.ts';

/** Ceilings of one lane; what is left out has none. Times in milliseconds. */
export interface Ceiling {
  readonly concurrent?: number;
  /** Least time between the beginnings of two calls. */
  readonly spacing?: number;
  /** Calls that may begin in any stretch of `per` milliseconds. */
  readonly rate?: { readonly count: number; readonly per: number };
}

/** A place in a lane; the only way to give it back. */
export interface Slot {
  /** Gives the place to the next in the queue; repeated calls do nothing. */
  release(): void;
}

export interface Waiting {
  /** The slot, or undefined when it did not come in time, the queue is full, or the waiting was given up. */
  readonly slot: Promise<Slot | undefined>;
  /** Leaves the queue now; repeated calls, and calls after the end, do nothing. */
  leave(): void;
}

export interface Slots {
  /** A slot at once, without a promise; undefined when the lane is full or must wait. Never overtakes the queue. */
  take(id: string, ceiling: Ceiling): Slot | undefined;
  /** Queues for a slot, at most `milliseconds`. */
  wait(id: string, ceiling: Ceiling, milliseconds: number): Waiting;
  /** The same without a promise: `settle` is called once, perhaps before this returns. Answers how to leave. */
  enqueue(
    id: string,
    ceiling: Ceiling,
    milliseconds: number,
    settle: (slot: Slot | undefined) => void,
  ): () => void;
  /** Milliseconds until `take` could succeed; Infinity when only the end of a running call can tell. */
  delay(id: string, ceiling: Ceiling): number;
  running(id: string): number;
  waiting(id: string): number;
  /** How the lane stands, under the ceiling that it has or another; changes nothing. */
  look(id: string, ceiling?: Ceiling): LaneState;
  /** What a test says of the past: so many calls run and do not end, so many have just begun. */
  occupy(id: string, ceiling: Ceiling, past: { readonly running?: number; readonly begun?: number }): void;
  /** Every lane that is in use, for timelines. */
  ids(): readonly string[];
}

export interface LaneState {
  readonly running: number;
  readonly waiting: number;
  /** Calls that count in the rate's window. */
  readonly begun: number;
  /** Milliseconds until a call may begin: 0 now, Infinity when only the end of another one can tell. */
  readonly delay: number;
  readonly ceiling: Ceiling;
}

/** Those who wait hold a body in memory each; past this number the next target is tried at once. */
const longestQueue = 1000;

/** Parts into which a rate's window is cut: memory stays bounded, and the rate is never exceeded in any window. */
const windowParts = 50;

export function createSlots(clock: Clock, timers: Timers): Slots {
  const lanes = new Map<string, Lane>();
  const find = (id: string, ceiling: Ceiling): Lane => {
    let lane = lanes.get(id);
    if (!lane) {
      lane = new Lane(clock, timers, () => lanes.delete(id));
      lanes.set(id, lane);
    }
    // A reload may have changed the numbers; the newest count for everybody in the lane.
    lane.ceiling = ceiling;
    return lane;
  };
  return {
    take: (id, ceiling) => find(id, ceiling).take(),
    wait: (id, ceiling, milliseconds) => {
      const { promise, resolve } = Promise.withResolvers<Slot | undefined>();
      return { slot: promise, leave: find(id, ceiling).enqueue(milliseconds, resolve) };
    },
    enqueue: (id, ceiling, milliseconds, settle) => find(id, ceiling).enqueue(milliseconds, settle),
    delay: (id, ceiling) => lanes.get(id)?.delay(ceiling) ?? 0,
    running: (id) => lanes.get(id)?.running ?? 0,
    waiting: (id) => lanes.get(id)?.queue.size ?? 0,
    look: (id, ceiling) =>
      lanes.get(id)?.look(ceiling) ?? { running: 0, waiting: 0, begun: 0, delay: 0, ceiling: ceiling ?? {} },
    occupy: (id, ceiling, past) => find(id, ceiling).occupy(past),
    ids: () => [...lanes.keys()],
  };
}

/** Lanes in which no time passes: for looking at what a moment would say. */
export function createStillSlots(now: number): Slots {
  const never = () => () => undefined;
  return createSlots({ now: () => now, monotonic: () => now }, { after: never, every: never });
}

interface Waiter {
  readonly settle: (slot: Slot | undefined) => void;
  readonly cancel: CancelTimer;
}

class Lane {
  ceiling: Ceiling = {};
  running = 0;
  /** In order of arrival; a Set, so that whoever leaves costs nothing. */
  readonly queue = new Set<Waiter>();
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #forget: () => void;
  #lastStart = Number.NEGATIVE_INFINITY;
  /** Beginnings inside the window, joined to at most `windowParts` entries; an entry counts until its last one is out. */
  #starts: { readonly first: number; last: number; count: number }[] = [];
  #wake: CancelTimer | undefined;

  constructor(clock: Clock, timers: Timers, forget: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#forget = forget;
  }

  take(): Slot | undefined {
    if (this.queue.size > 0 || this.delay() > 0) {
      this.#tidy();
      return undefined;
    }
    return this.#begin();
  }

  enqueue(milliseconds: number, settle: (slot: Slot | undefined) => void): () => void {
    const at = this.take();
    if (at || this.queue.size >= longestQueue || milliseconds <= 0) {
      settle(at);
      return () => undefined;
    }
    const leave = (): void => {
      if (!this.queue.delete(waiter)) return;
      waiter.cancel();
      settle(undefined);
      this.#tidy();
    };
    const waiter: Waiter = { settle, cancel: this.#timers.after(milliseconds, leave) };
    this.queue.add(waiter);
    this.#admit();
    return leave;
  }

  look(ceiling: Ceiling = this.ceiling): LaneState {
    const now = this.#clock.monotonic();
    const { rate } = ceiling;
    const begun = rate
      ? this.#starts.reduce((sum, { last, count }) => (last + rate.per > now ? sum + count : sum), 0)
      : 0;
    return { running: this.running, waiting: this.queue.size, begun, delay: this.delay(ceiling), ceiling };
  }

  occupy({ running = 0, begun = 0 }: { readonly running?: number; readonly begun?: number }): void {
    this.running += running;
    if (begun === 0) return;
    const now = this.#clock.monotonic();
    this.#starts.push({ first: now, last: now, count: begun });
    this.#lastStart = now;
  }

  #begin(): Slot {
    const now = this.#clock.monotonic();
    this.running++;
    this.#lastStart = now;
    const { rate } = this.ceiling;
    if (rate) {
      const last = this.#starts.at(-1);
      if (last && now - last.first < rate.per / windowParts) {
        last.last = now;
        last.count++;
      } else this.#starts.push({ first: now, last: now, count: 1 });
    }
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.running--;
        this.#admit();
        this.#tidy();
      },
    };
  }

  /** Milliseconds until a call may begin: 0 now, Infinity when only the end of another one can tell. */
  delay({ concurrent, spacing = 0, rate }: Ceiling = this.ceiling): number {
    if (concurrent !== undefined && this.running >= concurrent) return Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    const spaced = this.#lastStart + spacing - now;
    return Math.max(0, spaced, rate ? this.#rateDelay(rate, now) : 0);
  }

  #rateDelay({ count, per }: NonNullable<Ceiling['rate']>, now: number): number {
    while (this.#starts.length > 0 && this.#starts[0]!.last + per <= now) this.#starts.shift();
    let inside = 0;
    for (const start of this.#starts) inside += start.count;
    let delay = 0;
    // The entries that must have left the window before one more fits in.
    for (const start of this.#starts) {
      if (inside < count) break;
      inside -= start.count;
      delay = start.last + per - now;
    }
    return delay;
  }

  #admit(): void {
    this.#wake?.();
    this.#wake = undefined;
    for (const waiter of this.queue) {
      const delay = this.delay();
      if (delay > 0) {
        if (Number.isFinite(delay)) this.#wake = this.#timers.after(Math.ceil(delay), () => this.#admit());
        return;
      }
      this.queue.delete(waiter);
      waiter.cancel();
      waiter.settle(this.#begin());
    }
  }

  // A lane that nothing uses is forgotten once its past no longer counts.
  #tidy(): void {
    if (this.running > 0 || this.queue.size > 0) return;
    this.#wake?.();
    this.#wake = undefined;
    if (this.ceiling.spacing === undefined && this.ceiling.rate === undefined) this.#forget();
  }
}
