// One ticker for the deadlines of all running requests, instead of several timers for each of them.
import type { Clock } from '../lib/clock.ts';
import type { CancelTimer, Timers } from '../lib/timers.ts';

/** Something that wants to be called when `due` (monotonic milliseconds) has passed. It may change `due` at any time. */
export abstract class Deadline {
  abstract due: number;
  /** Place in the list; -1 while nobody watches. */
  slot = -1;
  abstract onDue(now: number): void;
  /** The gateway ends and nobody waits any longer. */
  abstract onInterrupt(): void;
}

export interface Deadlines {
  /** Monotonic milliseconds for whoever would read the clock with every chunk: at most one resolution ahead, never behind. */
  readonly recent: number;
  watch(deadline: Deadline): void;
  release(deadline: Deadline): void;
  /** Tells all that are watched now; they release themselves. */
  interrupt(): void;
}

/**
 * `resolution`: milliseconds by which a deadline may be late. Ticks only while something is watched.
 * A list with places and not a Set: the tables that a busy Set leaves behind link to each other, and each keeps its last
 * members alive until a full collection (13 KB per request, 18 µs of collector time).
 */
export function createDeadlines(clock: Clock, timers: Timers, resolution = 100): Deadlines {
  const watched: (Deadline | undefined)[] = [];
  let count = 0;
  let recent = 0;
  let cancel: CancelTimer | undefined;
  const tick = (): void => {
    // Stopping here and not in `release` keeps a lone client from starting a timer with every request.
    if (count === 0) {
      cancel?.();
      cancel = undefined;
      return;
    }
    const now = clock.monotonic();
    recent = now + resolution;
    // Backwards: whoever leaves is replaced by the last one, which has had its turn.
    for (let slot = count - 1; slot >= 0; slot--) {
      const deadline = watched[slot];
      if (deadline && deadline.due <= now) deadline.onDue(now);
    }
  };
  return {
    get recent() {
      return recent;
    },
    watch(deadline) {
      if (deadline.slot >= 0) return;
      deadline.slot = count;
      watched[count++] = deadline;
      if (cancel) return;
      recent = clock.monotonic() + resolution;
      cancel = timers.every(resolution, tick);
    },
    release(deadline) {
      const { slot } = deadline;
      if (slot < 0) return;
      const last = watched[--count]!;
      watched[slot] = last;
      last.slot = slot;
      watched[count] = undefined;
      deadline.slot = -1;
    },
    interrupt() {
      // Backwards for the same reason as above.
      for (let slot = count - 1; slot >= 0; slot--) watched[slot]?.onInterrupt();
    },
  };
}
