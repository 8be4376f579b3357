// The main-thread side of the writer: a bounded queue of packed rows, at most one batch on its way, nothing that
// blocks or throws in `append`. Rows become durable within the window plus one commit; what a kill loses is younger.
import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type CancelTimer, systemTimers, type Timers } from '../lib/timers.ts';
import type { Slice, UsageRow } from '../routing/ports.ts';
import type { AuditRow } from './audit.ts';
import { noRows, type Batch, type Chunk } from './batch.ts';
import type { RetentionOrder, RetentionReport, WriterNotice, WriterOrder, WriterSetup } from './messages.ts';
import { RowQueue } from './queue.ts';
import { Thread } from './thread.ts';

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
  /** Hears when rows begin to wait or to be dropped, and why; null when all is well again. For the log. */
  readonly report?: (trouble: string | null) => void;
  /** Starts the thread; tests keep a hand on it. */
  readonly spawn?: (setup: WriterSetup) => Worker;
}

export interface WriterStatus {
  /** `stalled`: the database refuses, batches are repeated. `restarting`: the thread died and comes back. */
  readonly state: 'ok' | 'stalled' | 'restarting' | 'closed';
  /** The latest fault, kept until a batch is written. Names files and SQLite codes, never row contents. */
  readonly error: string | null;
  readonly queuedRows: number;
  readonly queuedBytes: number;
  readonly written: number;
  /** Rows that found the queue full, or the writer closed. */
  readonly dropped: number;
  /** Rows that the schema refused. */
  readonly rejected: number;
  /** Attempts that the database refused and that were repeated. */
  readonly retries: number;
  /** How often the thread died and was started again. */
  readonly restarts: number;
}

/** Collects changed slices of the world; called once, in the turn in which a batch is posted. */
export type Collect = () => Iterable<Slice>;

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
  readonly #closeTimeout: number;
  readonly #thread: Thread<WriterOrder, WriterNotice>;
  readonly #queue: RowQueue;
  #collects = new Set<Collect>();
  #audits: AuditRow[] = [];
  #flying: { readonly batch: Batch; readonly chunk: Chunk | undefined } | undefined;
  #sequence = 0;
  /** Batches up to this sequence are posted without waiting to be full. */
  #drainTo = 0;
  #cancelWindow: CancelTimer | undefined;
  readonly #waiters: { readonly sequence: number; readonly done: PromiseWithResolvers<void> }[] = [];
  readonly #retentions = new Map<number, PromiseWithResolvers<RetentionReport>>();
  #retention = 0;
  #closing: Promise<void> | undefined;
  #closed: PromiseWithResolvers<void> | undefined;
  #error: string | null = null;
  #overflowing = false;
  readonly #report: (trouble: string | null) => void;
  #written = 0;
  #rejected = 0;
  #retries = 0;

  constructor(options: WriterOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#timers = options.timers ?? systemTimers;
    this.#window = options.window ?? 200;
    this.#closeTimeout = options.closeTimeout ?? 5000;
    const bounds = {
      maxRows: options.maxRows ?? 50_000,
      maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
    };
    this.#queue = new RowQueue(bounds, () => this.#overflow());
    this.#report = options.report ?? (() => undefined);
    const setup: WriterSetup = {
      file: options.file,
      session: `${new Date(this.#clock.now()).toISOString()}-${crypto.randomUUID()}`,
      busyTimeout: options.busyTimeout ?? 1000,
      ...(options.maxPages === undefined ? {} : { maxPages: options.maxPages }),
    };
    const spawn = options.spawn ?? startThread;
    this.#thread = new Thread({
      spawn: () => spawn(setup),
      timers: this.#timers,
      onReady: () => this.#resume(),
      onNotice: (notice) => this.#hear(notice),
      onDown: () => this.#threadEnded(),
    });
  }

  start(): Promise<void> {
    return this.#thread.start();
  }

  append(row: UsageRow): void {
    if (this.#closed) {
      this.#queue.refuse();
      return;
    }
    this.#queue.append(row);
    if (this.#queue.headFull) this.#pump();
    else if (this.#cancelWindow === undefined) this.#openWindow();
  }

  /** Asks for `collect` before the next batch, which is posted within the window. Asking twice is asking once. */
  save(collect: Collect): void {
    if (this.#closed) return;
    this.#collects.add(collect);
    if (this.#cancelWindow === undefined) this.#openWindow();
  }

  /** Resolves when the row is committed. Rejects when the writer closes without it, or when too many wait. */
  audit(row: AuditRow): Promise<void> {
    const refused = this.#closed !== undefined || this.#audits.length >= 10_000;
    if (refused) return Promise.reject(new Error('The audit log cannot be written.'));
    this.#audits.push(row);
    return this.flush();
  }

  /** Resolves when all that was given so far is committed. Rejects when the writer closes without it. */
  flush(): Promise<void> {
    const sequence = this.#lastSequence();
    if (sequence === this.#sequence && this.#flying === undefined) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    this.#waiters.push({ sequence, done });
    this.#drain();
    return done.promise;
  }

  /** Removes old rows in small portions between batches; resolves when the clean-up is done. */
  retain(order: Omit<RetentionOrder, 'sessionsBefore'>): Promise<RetentionReport> {
    if (!this.#thread.ready) return Promise.reject(new Error('The state writer is not running.'));
    const id = ++this.#retention;
    const done = Promise.withResolvers<RetentionReport>();
    this.#retentions.set(id, done);
    const sessionsBefore = this.#clock.now() - 7 * 86_400_000;
    this.#thread.post({ kind: 'retain', id, order: { ...order, sessionsBefore } });
    this.#updateNeed();
    return done.promise;
  }

  /** Writes what waits, at most `closeTimeout` long, and ends the thread. Never rejects. */
  close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  status(): WriterStatus {
    const error = this.#error ?? this.#thread.reason;
    return {
      state: this.#closed ? 'closed' : !this.#thread.ready ? 'restarting' : error === null ? 'ok' : 'stalled',
      error,
      queuedRows: this.#queue.rows,
      queuedBytes: this.#queue.bytes,
      written: this.#written,
      dropped: this.#queue.dropped,
      rejected: this.#rejected,
      retries: this.#retries,
      restarts: this.#thread.restarts,
    };
  }

  get dropped(): number {
    return this.#queue.dropped;
  }

  #overflow(): void {
    if (this.#overflowing) return;
    this.#overflowing = true;
    this.#report(`The queue of usage rows is full (${this.#queue.rows} rows wait); new rows are dropped.`);
  }

  #setError(error: string | null): void {
    if (error === this.#error) return;
    this.#error = error;
    this.#report(error);
  }

  #openWindow(): void {
    this.#cancelWindow = this.#timers.after(this.#window, () => {
      this.#cancelWindow = undefined;
      this.#drain();
    });
  }

  get #hasMore(): boolean {
    return this.#collects.size > 0 || this.#audits.length > 0;
  }

  /** The sequence of the batch that will carry the last of what waits now. */
  #lastSequence(): number {
    return this.#sequence + Math.max(this.#queue.length, this.#hasMore ? 1 : 0);
  }

  #drain(): void {
    this.#drainTo = this.#lastSequence();
    this.#updateNeed();
    this.#pump();
  }

  #pump(): void {
    if (!this.#thread.ready || this.#flying !== undefined) return;
    if (this.#queue.length === 0 && !this.#hasMore) return;
    if (!this.#queue.headFull && this.#sequence >= this.#drainTo) return;
    const chunk = this.#queue.take();
    const batch: Batch = {
      sequence: ++this.#sequence,
      ...(chunk?.pack() ?? noRows),
      slices: this.#collectSlices(),
      audits: this.#audits.splice(0),
    };
    this.#flying = { batch, chunk };
    this.#thread.post({ kind: 'batch', batch });
    if (this.#queue.length === 0) {
      this.#cancelWindow?.();
      this.#cancelWindow = undefined;
    } else if (this.#cancelWindow === undefined) {
      this.#openWindow();
    }
  }

  #collectSlices(): readonly Slice[] {
    if (this.#collects.size === 0) return [];
    const slices: Slice[] = [];
    const collects = this.#collects;
    this.#collects = new Set();
    for (const collect of collects) {
      try {
        slices.push(...collect());
      } catch (error) {
        // `append` may stand above us on the stack, and `append` never throws.
        this.#setError(`A slice of the world could not be collected: ${String(error)}`);
      }
    }
    return slices;
  }

  #resume(): void {
    this.#setError(null);
    if (this.#flying) this.#thread.post({ kind: 'batch', batch: this.#flying.batch });
    else this.#pump();
  }

  #hear(notice: WriterNotice): void {
    if (notice.kind === 'written') {
      this.#settle(notice.sequence, notice.written, notice.rejected);
    } else if (notice.kind === 'stalled') {
      this.#retries++;
      this.#setError(`${notice.code}: ${notice.message}`);
    } else if (notice.kind === 'closed') {
      this.#closed?.resolve();
    } else {
      const done = this.#retentions.get(notice.id);
      this.#retentions.delete(notice.id);
      if (notice.kind === 'retained') done?.resolve(notice.report);
      else done?.reject(new Error(notice.message));
      this.#updateNeed();
    }
  }

  #settle(sequence: number, written: number, rejected: number): void {
    const flying = this.#flying;
    if (flying?.batch.sequence !== sequence) return;
    this.#flying = undefined;
    this.#overflowing = false;
    this.#setError(null);
    this.#written += written;
    this.#rejected += rejected;
    if (flying.chunk) this.#queue.settle(flying.chunk);
    while (this.#waiters[0] !== undefined && this.#waiters[0].sequence <= sequence) {
      this.#waiters.shift()?.done.resolve();
    }
    this.#pump();
    this.#updateNeed();
  }

  #threadEnded(): void {
    if (!this.#closed) this.#setError(this.#thread.reason);
    this.#closed?.resolve();
    for (const done of this.#retentions.values()) done.reject(new Error('The state writer ended.'));
    this.#retentions.clear();
  }

  async #end(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    const late = Promise.withResolvers<'late'>();
    const cancel = this.#timers.after(this.#closeTimeout, () => late.resolve('late'));
    const outcome = await Promise.race([this.flush(), late.promise]);
    this.#closed = closed;
    this.#cancelWindow?.();
    this.#updateNeed();
    if (outcome === 'late') this.#abandon();
    else if (this.#thread.ready) {
      this.#thread.dismiss({ kind: 'close' });
      await Promise.race([closed.promise, late.promise]);
    }
    cancel();
    this.#threadEnded();
    await this.#thread.end();
  }

  #abandon(): void {
    this.#queue.abandon();
    this.#flying = undefined;
    this.#error ??= 'The database did not take the last rows in time.';
    for (const { done } of this.#waiters.splice(0)) {
      // Whoever calls flush() beside close() learns it; close() itself only counts.
      done.promise.catch(() => undefined);
      done.reject(new Error(this.#error));
    }
  }

  // An idle thread must not keep the process alive; one that somebody waits for must.
  #updateNeed(): void {
    this.#thread.need(this.#waiters.length > 0 || this.#retentions.size > 0 || this.#closed !== undefined);
  }
}

function startThread(setup: WriterSetup): Worker {
  return new Worker(threadFile, { workerData: setup, name: 'state-writer' });
}
