// Plays the steps of an answer into a sink: in order, in time, and only while the reader takes more.
import type { CancelTimer, Timers } from '../../lib/timers.ts';
import type { Step } from './steps.ts';

/** Exactly one of `onEnd` and `onCut` ends an answer; after `stop()` nothing is called. */
export interface Sink {
  onHead(status: number, headers: Readonly<Record<string, string>>): void;
  onData(bytes: Uint8Array): void;
  onEnd(): void;
  /** The simulated connection breaks. */
  onCut(): void;
}

export interface Player {
  /** No step is taken until `resume()`; may be called from inside the sink. */
  pause(): void;
  /** Starts, or goes on: takes steps in the caller's turn until the first wait. */
  resume(): void;
  stop(): void;
}

/** A player that has not begun. A stall leaves it silent until `stop()`. */
export function createPlayer(steps: readonly Step[], sink: Sink, timers: Timers): Player {
  let next = 0;
  let paused = true;
  let stopped = false;
  let running = false;
  let cancel: CancelTimer | undefined;

  const following = (): Step | undefined => (paused || stopped || cancel ? undefined : steps[next++]);
  const run = (): void => {
    // The sink may pause, resume or stop from inside; one loop at a time keeps the order.
    if (running) return;
    running = true;
    for (let step = following(); step; step = following()) take(step);
    running = false;
  };
  const take = (step: Step): void => {
    switch (step.kind) {
      case 'head':
        return sink.onHead(step.status, step.headers);
      case 'data':
        return sink.onData(step.bytes);
      case 'wait':
        cancel = timers.after(step.milliseconds, () => {
          cancel = undefined;
          run();
        });
        return undefined;
      case 'stall':
        next = steps.length;
        return undefined;
      case 'end':
        stopped = true;
        return sink.onEnd();
      case 'cut':
        stopped = true;
        return sink.onCut();
    }
  };
  return {
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      run();
    },
    stop: () => {
      stopped = true;
      cancel?.();
      cancel = undefined;
    },
  };
}
