// The main-thread side of the writer: a bounded queue of packed rows, at most one batch on its way, nothing that
// blocks or throws in `append`. Rows become durable within the window plus one commit; what a kill loses is younger.
import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type CancelTimer, systemTimers, type Timers } from '../lib/timers.ts';
import type { UsageRow } from '../routing/ports.ts';
import { type Batch, Chunk, type Slice } from './batch.ts';
import { StateError } from './fault.ts';
import type { RetentionOrder, RetentionReport, WriterNotice, WriterOrder, WriterSetup } from './messages.ts';

export interface WriterOptions {
  /** Path of the database; its folder is created. */
  readonly file: string;
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** Milliseconds that a row waits at most before its batch is posted. */
  readonly window?: number;
  /** Rows that may wait; what comes on top is dropped and counted. */
  readonly maxRows?: number;
  /** Bytes that waiting rows may hold, exceeded by one row at most. */
  readonly maxBytes?: number;
  /** Milliseconds that SQLite waits for a lock before the back-off begins. */
  readonly busyTimeout?: number;
  /** Milliseconds that `close` waits for the last rows; what is not written then is counted as dropped. */
  readonly closeTimeout?: number;
  readonly maxPages?: number;
  /** Starts the thread; tests keep a hand on it. */
  readonly spawn?: (setup: WriterSetup) => Worker;
}

export interface WriterStatus {
  /** `stalled`: the database refuses, batches are repeated. `restarting`: the thread died and comes back. */
  readonly state: 'ok' | 'stalled' | 'restarting' | 'closed';
  /** The latest fault, kept until a batch is written. */
  readonly error: string | null;
  readonly queuedRows: number;
  readonly queuedBytes: number;
  readonly written: number;
  /** Rows that found the queue full. */
  readonly dropped: number;
  /** Rows that the schema refused. */
  readonly rejected: number;
  readonly restarts: number;
}

/** Collects changed slices of the world; called once, in the turn in which a batch is posted. */
export type Collect = () => Iterable<Slice>;

const chunkRows = 128;

const threadFile = import.meta.url.endsWith('.ts')
  ? new URL('./writer-thread.ts', import.meta.url)
  : new URL('./writer-thread.js', import.meta.url);

/** Starts the thread, creates and migrates the database. Rejects with StateError when that is impossible. */
export async function createWriter(options: WriterOptions): Promise<Writer> {
  const writer = new Writer(options);
  await writer.start();
  return writer;
}

export class Writer {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #window: number;
  readonly #maxRows: number;
  readonly #maxBytes: number;
  readonly #closeTimeout: number;
  readonly #setup: WriterSetup;
  readonly #spawn: (setup: WriterSetup) => Worker;

  #worker: Worker | undefined;
  #ready = false;
  #closed = false;
  #error: string | null = null;
  #restarts = 0;
  #started: PromiseWithResolvers<void> | undefined;
  #ended: PromiseWithResolvers<void> | undefined;

  readonly #queue: Chunk[] = [];
  #spare: Chunk | undefined;
  #rows = 0;
  #bytes = 0;
  #collects = new Set<Collect>();
  #flying: { readonly batch: Batch; readonly chunk: Chunk | undefined } | undefined;
  /** Batches are posted without waiting to be full up to this sequence. */
  #drainTo = 0;
  #sequence = 0;
  #cancelWindow: CancelTimer | undefined;
  readonly #waiters: { readonly sequence: number; readonly done: PromiseWithResolvers<void> }[] = [];
  readonly #retentions = new Map<number, PromiseWithResolvers<RetentionReport>>();
  #retention = 0;

  #written = 0;
  #dropped = 0;
  #rejected = 0;

  constructor(options: WriterOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    this.#window = options.window ?? 200;
    this.#maxRows = options.maxRows ?? 50_000;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
    this.#closeTimeout = options.closeTimeout ?? 5000;
    this.#spawn =
      options.spawn ?? ((setup) => new Worker(threadFile, { workerData: setup, name: 'state-writer' }));
    this.#setup = {
      file: options.file,
      session: `${new Date(this.#clock.now()).toISOString()}-${crypto.randomUUID()}`,
      busyTimeout: options.busyTimeout ?? 1000,
      ...(options.maxPages === undefined ? {} : { maxPages: options.maxPages }),
    };
  }

  async start(): Promise<void> {
    this.#started = Promise.withResolvers();
    this.#startThread();
    try {
      await this.#started.promise;
    } finally {
      this.#started = undefined;
      this.#updateReference();
    }
  }

  append(row: UsageRow): void {
    if (this.#rows >= this.#maxRows || this.#bytes >= this.#maxBytes || this.#closed) {
      this.#dropped++;
      return;
    }
    let chunk = this.#queue.at(-1);
    if (chunk === undefined || chunk.full) {
      chunk = this.#spare ?? new Chunk(chunkRows);
      this.#spare = undefined;
      this.#queue.push(chunk);
    }
    this.#bytes += chunk.append(row);
    this.#rows++;
    if (chunk.full) this.#pump();
    else if (this.#cancelWindow === undefined) this.#openWindow();
  }

  /** Asks for `collect` before the next batch, which is posted within the window. Asking twice is asking once. */
  save(collect: Collect): void {
    if (this.#closed) return;
    this.#collects.add(collect);
    if (this.#cancelWindow === undefined) this.#openWindow();
  }

  /** Resolves when all that was given so far is committed. Rejects when the writer closes without it. */
  flush(): Promise<void> {
    const sequence = this.#lastSequence();
    if (sequence === this.#sequence && this.#flying === undefined) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    this.#waiters.push({ sequence, done });
    this.#drain(sequence);
    return done.promise;
  }

  /** Removes old rows; resolves when the clean-up is done. */
  retain(order: Omit<RetentionOrder, 'sessionsBefore'>): Promise<RetentionReport> {
    const worker = this.#worker;
    if (worker === undefined || !this.#ready)
      return Promise.reject(new Error('The state writer is not running.'));
    const id = ++this.#retention;
    const done = Promise.withResolvers<RetentionReport>();
    this.#retentions.set(id, done);
    const sessionsBefore = this.#clock.now() - 7 * 86_400_000;
    this.#post({ kind: 'retain', id, order: { ...order, sessionsBefore } });
    return done.promise;
  }

  /** Writes what waits, at most `closeTimeout` long, and ends the thread. Never rejects. */
  async close(): Promise<void> {
    if (this.#ended) return this.#ended.promise;
    const ended = Promise.withResolvers<void>();
    this.#ended = ended;
    let late = false;
    const cancel = this.#timers.after(this.#closeTimeout, () => {
      late = true;
      this.#giveUp('The database did not take the last rows in time.');
    });
    this.#updateReference();
    await this.flush().catch(() => undefined);
    this.#closed = true;
    this.#cancelWindow?.();
    if (this.#worker && this.#ready && !late) {
      this.#post({ kind: 'close' });
      await ended.promise;
    }
    cancel();
    await this.#worker?.terminate();
    this.#worker = undefined;
    this.#ready = false;
    ended.resolve();
  }

  status(): WriterStatus {
    const state = this.#closed
      ? 'closed'
      : !this.#ready
        ? 'restarting'
        : this.#error === null
          ? 'ok'
          : 'stalled';
    return {
      state,
      error: this.#error,
      queuedRows: this.#rows,
      queuedBytes: this.#bytes,
      written: this.#written,
      dropped: this.#dropped,
      rejected: this.#rejected,
      restarts: this.#restarts,
    };
  }

  get dropped(): number {
    return this.#dropped;
  }

  #openWindow(): void {
    this.#cancelWindow = this.#timers.after(this.#window, () => {
      this.#cancelWindow = undefined;
      this.#drain(this.#lastSequence());
    });
  }

  /** The sequence that will carry what waits now. */
  #lastSequence(): number {
    return this.#sequence + Math.max(this.#queue.length, this.#collects.size > 0 ? 1 : 0);
  }

  #drain(sequence: number): void {
    this.#drainTo = Math.max(this.#drainTo, sequence);
    this.#updateReference();
    this.#pump();
  }

  #pump(): void {
    if (!this.#ready || this.#flying !== undefined) return;
    const head = this.#queue[0];
    if (head === undefined && this.#collects.size === 0) return;
    if (head?.full !== true && this.#sequence >= this.#drainTo) return;
    this.#queue.shift();
    const slices: Slice[] = [];
    const collects = this.#collects;
    this.#collects = new Set();
    for (const collect of collects) slices.push(...collect());
    const batch: Batch = {
      sequence: ++this.#sequence,
      rows: head?.rows ?? 0,
      numbers: head?.numbers ?? new Float64Array(0),
      text: head?.takeText() ?? '',
      slices,
    };
    this.#flying = { batch, chunk: head };
    this.#post({ kind: 'batch', batch });
    if (this.#queue.length === 0) {
      this.#cancelWindow?.();
      this.#cancelWindow = undefined;
    } else if (this.#cancelWindow === undefined) {
      this.#openWindow();
    }
  }

  #post(order: WriterOrder): void {
    this.#worker?.postMessage(order);
  }

  #startThread(): void {
    const worker = this.#spawn(this.#setup);
    this.#worker = worker;
    worker.on('message', (notice: WriterNotice) => this.#hear(notice));
    worker.on('error', (error) => {
      this.#error = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => this.#threadEnded(worker));
  }

  #hear(notice: WriterNotice): void {
    switch (notice.kind) {
      case 'ready':
        this.#ready = true;
        this.#error = null;
        this.#started?.resolve();
        if (this.#flying) this.#post({ kind: 'batch', batch: this.#flying.batch });
        else this.#pump();
        break;
      case 'refused':
        this.#error = notice.message;
        this.#started?.reject(new StateError(notice.fault, notice.message));
        break;
      case 'written':
        this.#settle(notice.sequence, notice.written, notice.rejected);
        break;
      case 'stalled':
        this.#error = `${notice.code}: ${notice.message}`;
        break;
      case 'retained':
        this.#retentions.get(notice.id)?.resolve(notice.report);
        this.#retentions.delete(notice.id);
        break;
      case 'retention-failed':
        this.#retentions.get(notice.id)?.reject(new Error(notice.message));
        this.#retentions.delete(notice.id);
        break;
      case 'closed':
        this.#ended?.resolve();
        break;
    }
  }

  #settle(sequence: number, written: number, rejected: number): void {
    const flying = this.#flying;
    if (flying?.batch.sequence !== sequence) return;
    this.#flying = undefined;
    this.#error = null;
    this.#written += written;
    this.#rejected += rejected;
    if (flying.chunk) {
      this.#rows -= flying.chunk.rows;
      this.#bytes -= flying.chunk.bytes;
      flying.chunk.reset();
      this.#spare = flying.chunk;
    }
    while (this.#waiters[0] !== undefined && this.#waiters[0].sequence <= sequence) {
      this.#waiters.shift()?.done.resolve();
    }
    this.#pump();
    this.#updateReference();
  }

  #threadEnded(worker: Worker): void {
    if (worker !== this.#worker) return;
    this.#ready = false;
    for (const [id, done] of this.#retentions) {
      this.#retentions.delete(id);
      done.reject(new Error('The state writer ended.'));
    }
    if (this.#started) {
      this.#started.reject(new StateError('unopenable', this.#error ?? 'The state writer ended at start.'));
      return;
    }
    if (this.#closed) {
      this.#ended?.resolve();
      return;
    }
    this.#restarts++;
    this.#error ??= 'The state writer ended unexpectedly.';
    const pause = Math.min(100 * 2 ** Math.min(this.#restarts - 1, 8), 10_000);
    this.#timers.after(pause, () => {
      if (!this.#closed && !this.#ready) this.#startThread();
    });
  }

  #giveUp(reason: string): void {
    this.#dropped += this.#rows;
    this.#rows = 0;
    this.#bytes = 0;
    this.#queue.length = 0;
    this.#flying = undefined;
    this.#closed = true;
    this.#error = reason;
    for (const waiter of this.#waiters.splice(0)) waiter.done.reject(new Error(reason));
    this.#ended?.resolve();
  }

  // A thread that is idle must not keep the process alive; one that somebody waits for must.
  #updateReference(): void {
    if (this.#started || this.#ended || this.#waiters.length > 0) this.#worker?.ref();
    else this.#worker?.unref();
  }
}
