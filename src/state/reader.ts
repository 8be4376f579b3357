// The main-thread side of the reader: a short line of queries, one at a time, each with a deadline.
// SQLite cannot be interrupted from outside, so a query that overstays loses its thread and the next gets a new one.
import { Worker } from 'node:worker_threads';
import { type CancelTimer, systemTimers, type Timers } from '../lib/timers.ts';
import {
  type Answer,
  checkParams,
  type Params,
  QueryError,
  type QueryName,
  type QueryOptions,
  type Reader,
} from './queries.ts';
import { Thread } from './thread.ts';

export interface ReaderSetup {
  readonly file: string;
}

export interface ReaderOrder {
  readonly id: number;
  readonly name: QueryName;
  readonly params: Params<QueryName>;
}

export type ReaderNotice =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer<QueryName> }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

export interface ReaderOptions {
  readonly file: string;
  readonly timers?: Timers;
  /** Queries that may wait; the next is refused as busy. */
  readonly maxWaiting?: number;
  readonly spawn?: (setup: ReaderSetup) => Worker;
}

interface Pending {
  readonly order: ReaderOrder;
  readonly resolve: (answer: Answer<QueryName>) => void;
  readonly reject: (error: QueryError) => void;
  readonly cleanUp: () => void;
}

const threadFile = import.meta.url.endsWith('.ts')
  ? new URL('./reader-thread.ts', import.meta.url)
  : new URL('./reader-thread.js', import.meta.url);

export class SqliteReader implements Reader {
  readonly #timers: Timers;
  readonly #maxWaiting: number;
  readonly #thread: Thread<ReaderOrder, ReaderNotice>;
  readonly #waiting: Pending[] = [];
  #running: Pending | undefined;
  #started = false;
  #closed = false;
  #id = 0;

  constructor(options: ReaderOptions) {
    const spawn = options.spawn ?? startThread;
    this.#timers = options.timers ?? systemTimers;
    this.#maxWaiting = options.maxWaiting ?? 64;
    this.#thread = new Thread({
      spawn: () => spawn({ file: options.file }),
      timers: this.#timers,
      onReady: () => this.#next(),
      onNotice: (notice) => this.#hear(notice),
      onDown: () => this.#settle('failed', 'The state reader ended.'),
    });
  }

  /** The thread starts with the first query. */
  query<Name extends QueryName>(
    name: Name,
    params: Params<Name>,
    options: QueryOptions = {},
  ): Promise<Answer<Name>> {
    const wrong = checkParams(name, params);
    if (wrong !== undefined) return Promise.reject(new QueryError('invalid', `${name}: ${wrong}.`));
    if (this.#closed) return Promise.reject(new QueryError('closed', 'The state is closed.'));
    if (options.signal?.aborted) return Promise.reject(new QueryError('cancelled', `${name} was cancelled.`));
    if (this.#waiting.length >= this.#maxWaiting) {
      return Promise.reject(new QueryError('busy', 'Too many queries are waiting.'));
    }
    return new Promise<Answer<Name>>((resolve, reject) => {
      const pending: Pending = {
        order: { id: ++this.#id, name, params },
        // The thread answers a query with the type that its name promises.
        resolve: (answer) => resolve(answer as Answer<Name>),
        reject,
        cleanUp: () => {
          cancelTimer();
          options.signal?.removeEventListener('abort', cancel);
        },
      };
      const cancel = (): void => this.#drop(pending, 'cancelled', `${name} was cancelled.`);
      const cancelTimer: CancelTimer = this.#timers.after(options.timeout ?? 5000, () =>
        this.#drop(pending, 'timeout', `${name} took too long.`),
      );
      options.signal?.addEventListener('abort', cancel);
      this.#waiting.push(pending);
      this.#thread.need(true);
      if (!this.#started) this.#start();
      else this.#next();
    });
  }

  /** Refuses what waits and ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#settle('closed', 'The state is closed.');
    for (const pending of this.#waiting.splice(0)) refuse(pending, 'closed', 'The state is closed.');
    await this.#thread.end();
  }

  #start(): void {
    this.#started = true;
    this.#thread.start().catch((error: unknown) => {
      this.#started = false;
      const message = error instanceof Error ? error.message : String(error);
      for (const pending of this.#waiting.splice(0)) refuse(pending, 'failed', message);
    });
  }

  #next(): void {
    if (this.#running !== undefined || !this.#thread.ready) return;
    this.#running = this.#waiting.shift();
    if (this.#running) this.#thread.post(this.#running.order);
    else this.#thread.need(false);
  }

  #hear(notice: ReaderNotice): void {
    const pending = this.#running;
    if (pending?.order.id !== notice.id) return;
    this.#running = undefined;
    pending.cleanUp();
    if (notice.kind === 'answer') pending.resolve(notice.answer);
    else pending.reject(new QueryError('failed', `${pending.order.name}: ${notice.message}`));
    this.#next();
  }

  /** Ends one query early; when it is the running one, the thread goes with it. */
  #drop(pending: Pending, fault: 'timeout' | 'cancelled', message: string): void {
    if (pending === this.#running) {
      this.#settle(fault, message);
      this.#thread.replace();
      return;
    }
    const at = this.#waiting.indexOf(pending);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    refuse(pending, fault, message);
    this.#next();
  }

  #settle(fault: 'timeout' | 'cancelled' | 'failed' | 'closed', message: string): void {
    const pending = this.#running;
    this.#running = undefined;
    if (pending) refuse(pending, fault, message);
  }
}

function refuse(pending: Pending, fault: QueryError['fault'], message: string): void {
  pending.cleanUp();
  pending.reject(new QueryError(fault, message));
}

function startThread(setup: ReaderSetup): Worker {
  return new Worker(threadFile, { workerData: setup, name: 'state-reader' });
}
