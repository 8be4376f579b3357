// One ticker for the deadlines of all running requests, instead of several timers for each of them.
import type { Clock } from '../lib/clock.ts';
import type { CancelTimer, Timers } from '../lib/timers.ts';

/** Something that wants to be called when `due` (monotonic milliseconds) has passed. It may change `due` at any time. */
export interface Deadline {
  due: number;
  onDue(now: number): void;
}

export interface Deadlines {
  watch(deadline: Deadline): void;
  release(deadline: Deadline): void;
}

/** `resolution`: milliseconds by which a deadline may be late. Ticks only while something is watched. */
export function createDeadlines(clock: Clock, timers: Timers, resolution = 100): Deadlines {
  const watched = new Set<Deadline>();
  let cancel: CancelTimer | undefined;
  const tick = (): void => {
    // Stopping here and not in `release` keeps a lone client from starting a timer with every request.
    if (watched.size === 0) {
      cancel?.();
      cancel = undefined;
      return;
    }
    const now = clock.monotonic();
    for (const deadline of watched) if (deadline.due <= now) deadline.onDue(now);
  };
  return {
    watch: (deadline) => {
      watched.add(deadline);
      cancel ??= timers.every(resolution, tick);
    },
    release: (deadline) => void watched.delete(deadline),
  };
}
