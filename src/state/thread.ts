// A worker thread that is brought back when it dies, and that keeps the process alive only while somebody waits.
import type { Worker } from 'node:worker_threads';
import type { Timers } from '../lib/timers.ts';
import { type StateFault, StateError } from './fault.ts';

/** The first words of every state thread: it can work, or it never will. */
export type Greeting =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly fault: StateFault; readonly message: string };

export interface ThreadOptions<Notice> {
  readonly spawn: () => Worker;
  readonly timers: Timers;
  /** The thread works, for the first time or again. */
  readonly onReady: () => void;
  readonly onNotice: (notice: Notice) => void;
  /** The thread is gone, expected or not; what it had not answered is lost there. */
  readonly onDown: () => void;
}

const firstPause = 100;
const longestPause = 10_000;

export class Thread<Order, Notice extends { readonly kind: string }> {
  readonly #options: ThreadOptions<Notice>;
  #worker: Worker | undefined;
  #needed = false;
  #ended = false;
  #pause = firstPause;
  #reason: string | null = null;
  ready = false;
  restarts = 0;

  constructor(options: ThreadOptions<Notice>) {
    this.#options = options;
  }

  /** Starts the thread; rejects with StateError when it refuses or dies before it is ready. */
  start(): Promise<void> {
    const started = Promise.withResolvers<void>();
    this.#launch(started);
    return started.promise;
  }

  /** Why the thread is not there, or null. */
  get reason(): string | null {
    return this.#reason;
  }

  post(order: Order): void {
    this.#worker?.postMessage(order);
  }

  /** Whether the process must stay alive for the thread. */
  need(needed: boolean): void {
    if (needed === this.#needed) return;
    this.#needed = needed;
    this.#applyNeed();
  }

  /** Ends a thread that does not answer and starts another at once; the old one dies when it can. */
  replace(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.ready = false;
    this.restarts++;
    void worker?.terminate();
    this.#launch();
  }

  /** Says the last word; the thread's end is expected from now on. */
  dismiss(order: Order): void {
    this.#ended = true;
    this.post(order);
  }

  /** Ends the thread for good. */
  async end(): Promise<void> {
    this.#ended = true;
    this.ready = false;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #launch(started?: PromiseWithResolvers<void>): void {
    if (this.#ended) return;
    const worker = this.#options.spawn();
    this.#worker = worker;
    // Set until the first greeting: whoever called `start` learns the fault, nobody tries again by itself.
    let waiting = started;
    worker.on('message', (notice: Notice | Greeting) => {
      if (worker !== this.#worker) return;
      if (isGreeting(notice)) {
        if (notice.kind === 'ready') {
          this.ready = true;
          this.#reason = null;
          this.#pause = firstPause;
          waiting?.resolve();
          waiting = undefined;
          this.#applyNeed();
          this.#options.onReady();
        } else {
          this.#reason = notice.message;
          waiting?.reject(new StateError(notice.fault, notice.message));
        }
      } else {
        this.#options.onNotice(notice);
      }
    });
    worker.on('error', (error) => {
      this.#reason = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      if (worker !== this.#worker) return;
      this.#worker = undefined;
      this.ready = false;
      if (!this.#ended) this.#reason ??= 'The thread ended unexpectedly.';
      if (waiting) {
        waiting.reject(new StateError('unopenable', this.#reason ?? 'The thread did not start.'));
        return;
      }
      if (!this.#ended) this.restarts++;
      this.#options.onDown();
      if (this.#ended) return;
      this.#options.timers.after(this.#pause, () => this.#launch());
      this.#pause = Math.min(this.#pause * 2, longestPause);
    });
  }

  #applyNeed(): void {
    if (this.#needed) this.#worker?.ref();
    else this.#worker?.unref();
  }
}

function isGreeting(notice: { readonly kind: string }): notice is Greeting {
  return notice.kind === 'ready' || notice.kind === 'refused';
}
