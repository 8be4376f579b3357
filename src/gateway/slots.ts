// How many calls may run at a place, and how fast they may begin: one lane per account or target, with a queue that is
// bounded, fair and can be left. Lives in memory only: what ran before a restart runs no more.
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
  /** Milliseconds until `take` could succeed; Infinity when only the end of a running call can tell. */
  delay(id: string, ceiling: Ceiling): number;
  running(id: string): number;
  waiting(id: string): number;
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
    wait: (id, ceiling, milliseconds) => find(id, ceiling).wait(milliseconds),
    delay: (id, ceiling) => find(id, ceiling).delay(),
    running: (id) => lanes.get(id)?.running ?? 0,
    waiting: (id) => lanes.get(id)?.queue.size ?? 0,
  };
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

  wait(milliseconds: number): Waiting {
    const at = this.take();
    if (at) return { slot: Promise.resolve(at), leave: () => undefined };
    if (this.queue.size >= longestQueue || milliseconds <= 0) {
      return { slot: Promise.resolve(undefined), leave: () => undefined };
    }
    const { promise, resolve } = Promise.withResolvers<Slot | undefined>();
    const leave = (): void => {
      if (!this.queue.delete(waiter)) return;
      waiter.cancel();
      resolve(undefined);
      this.#tidy();
    };
    const waiter: Waiter = { settle: resolve, cancel: this.#timers.after(milliseconds, leave) };
    this.queue.add(waiter);
    this.#admit();
    return { slot: promise, leave };
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
  delay(): number {
    const { concurrent, spacing = 0, rate } = this.ceiling;
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
