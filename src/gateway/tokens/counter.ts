// The tokenizer from outside: a bounded queue in front of one thread, which begins with the first job and ends when
// nobody has counted for a while. Its vocabulary takes some 80 MB.
import { Worker } from 'node:worker_threads';
import { GatewayError } from '../../errors.ts';
import type { CancelTimer, Timers } from '../../lib/timers.ts';
import type { Counted, Job } from './thread.ts';

export interface TokenCounter {
  /** Tokens of the texts together. Rejects with GatewayError `tokenizer_unavailable`. */
  count(texts: readonly string[]): Promise<number>;
  /** Ends the thread; what still waits is rejected. */
  close(): Promise<void>;
}

export interface CounterOptions {
  readonly timers: Timers;
  readonly spawn?: () => Worker;
  /** Jobs and UTF-16 units of text that may wait. */
  readonly mostJobs?: number;
  readonly mostText?: number;
  /** Milliseconds for one job, and without any. */
  readonly timeout?: number;
  readonly idle?: number;
}

interface Waiting {
  readonly id: number;
  readonly texts: readonly string[];
  readonly size: number;
  readonly resolve: (tokens: number) => void;
  readonly reject: (error: GatewayError) => void;
}

const threadFile = new URL('./thread.ts', import.meta.url);

export function createTokenCounter(options: CounterOptions): TokenCounter {
  return new Counter(options);
}

class Counter implements TokenCounter {
  readonly #options: Required<CounterOptions>;
  readonly #queue: Waiting[] = [];
  #queued = 0;
  #running: Waiting | undefined;
  #worker: Worker | undefined;
  #cancel: CancelTimer = () => undefined;
  #jobs = 0;
  #closed = false;

  constructor(options: CounterOptions) {
    this.#options = {
      spawn: () =>
        new Worker(threadFile, { name: 'tokenizer', resourceLimits: { maxOldGenerationSizeMb: 512 } }),
      mostJobs: 64,
      mostText: 64 * 1024 * 1024,
      timeout: 20_000,
      idle: 60_000,
      ...options,
    };
  }

  count(texts: readonly string[]): Promise<number> {
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    if (size === 0) return Promise.resolve(0);
    const { mostJobs, mostText } = this.#options;
    if (this.#closed) return Promise.reject(unavailable('The gateway is closing.'));
    if (this.#queue.length >= mostJobs || (this.#queued > 0 && this.#queued + size > mostText)) {
      return Promise.reject(unavailable('Too much text waits to be counted.'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ id: ++this.#jobs, texts, size, resolve, reject });
      this.#queued += size;
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    for (const { reject } of this.#queue.splice(0)) reject(unavailable('The gateway is closing.'));
    await this.#end('The gateway is closing.');
  }

  #next(): void {
    if (this.#running || this.#closed) return;
    const job = this.#queue.shift();
    this.#cancel();
    if (!job) {
      const { timers, idle } = this.#options;
      this.#cancel = timers.after(idle, () => void this.#end());
      return;
    }
    this.#queued -= job.size;
    this.#running = job;
    const { timers, timeout } = this.#options;
    this.#cancel = timers.after(timeout, () => void this.#end('Counting took too long.'));
    try {
      this.#worker ??= this.#start();
      const order: Job = { id: job.id, texts: job.texts };
      this.#worker?.postMessage(order);
    } catch (error) {
      void this.#end(`The tokenizer could not start: ${String(error)}`);
    }
  }

  #start(): Worker {
    const worker = this.#options.spawn();
    // Whoever waits has a socket that keeps the process alive.
    worker.unref();
    worker.on('message', (counted: Counted) => this.#settle(worker, counted));
    worker.on('error', (error) => void this.#fail(worker, String(error)));
    worker.on('exit', () => void this.#fail(worker, 'The thread ended.'));
    return worker;
  }

  #settle(worker: Worker, counted: Counted): void {
    const job = this.#running;
    if (worker !== this.#worker || counted.id !== job?.id) return;
    this.#running = undefined;
    if ('tokens' in counted) job.resolve(counted.tokens);
    else job.reject(unavailable(`The tokenizer failed: ${counted.fault}`));
    this.#next();
  }

  async #fail(worker: Worker, fault: string): Promise<void> {
    if (worker === this.#worker) await this.#end(`The tokenizer failed: ${fault}`);
  }

  /** Ends the thread; the job that runs is lost with it, the next one brings a new thread. */
  async #end(fault?: string): Promise<void> {
    const worker = this.#worker;
    const job = this.#running;
    this.#worker = undefined;
    this.#running = undefined;
    this.#cancel();
    if (fault !== undefined) job?.reject(unavailable(fault));
    await worker?.terminate();
    if (this.#queue.length > 0) this.#next();
  }
}

function unavailable(message: string): GatewayError {
  return new GatewayError('tokenizer_unavailable', message, { retryAfter: 1 });
}
