// Timers as a value that is passed in, so that tests step time instead of sleeping.

/** Cancels the timer; cancelling twice or after it fired does nothing. */
export type CancelTimer = () => void;

export interface Timers {
  /** Calls `run` once after `milliseconds`. The timer never keeps the process alive. */
  after(milliseconds: number, run: () => void): CancelTimer;
  /** Calls `run` every `milliseconds` until cancelled. */
  every(milliseconds: number, run: () => void): CancelTimer;
}

// Node takes a longer wait for none at all (24.8 days).
const longest = 2 ** 31 - 1;

/** Node's timers, unreferenced. */
export const systemTimers: Timers = {
  after: (milliseconds, run) => {
    const timer = setTimeout(run, Math.min(milliseconds, longest));
    timer.unref?.();
    return () => clearTimeout(timer);
  },
  every: (milliseconds, run) => {
    const timer = setInterval(run, Math.min(milliseconds, longest));
    timer.unref?.();
    return () => clearInterval(timer);
  },
};

/** Timers that fire only inside `advance`, in order of their due time. */
export interface ManualTimers extends Timers {
  advance(milliseconds: number): void;
  /** How many timers wait; a test for leaks reads it. */
  readonly pending: number;
}

export function createManualTimers(): ManualTimers {
  let now = 0;
  let sequence = 0;
  const waiting = new Map<number, { due: number; run: () => void; every?: number }>();
  const add = (milliseconds: number, run: () => void, every?: number): CancelTimer => {
    const id = ++sequence;
    waiting.set(id, { due: now + milliseconds, run, ...(every === undefined ? {} : { every }) });
    return () => void waiting.delete(id);
  };
  return {
    after: (milliseconds, run) => add(milliseconds, run),
    every: (milliseconds, run) => add(milliseconds, run, milliseconds),
    advance: (milliseconds) => {
      const until = now + milliseconds;
      for (;;) {
        const next = [...waiting].filter(([, timer]) => timer.due <= until).sort(byDue)[0];
        if (!next) break;
        const [id, timer] = next;
        now = timer.due;
        if (timer.every === undefined) waiting.delete(id);
        else timer.due += timer.every;
        timer.run();
      }
      now = until;
    },
    get pending() {
      return waiting.size;
    },
  };
}

function byDue(a: [number, { due: number }], b: [number, { due: number }]): number {
  return a[1].due - b[1].due || a[0] - b[0];
}
