// Time as a value that is passed in, so that routing stays pure and tests never sleep.

/** Wall time and monotonic time. `now()` is epoch milliseconds; `monotonic()` is milliseconds from an arbitrary start. */
export interface Clock {
  now(): number;
  monotonic(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** A clock that moves only when a test or a simulation says so. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void;
  set(epochMilliseconds: number): void;
}

/** A manual clock that starts at `start` (epoch milliseconds). */
export function createManualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  return {
    now: () => now,
    monotonic: () => now - start,
    advance: (milliseconds) => {
      now += milliseconds;
    },
    set: (epochMilliseconds) => {
      now = epochMilliseconds;
    },
  };
}
