// What the main thread and the writer thread say to each other, as data.
import type { Batch } from './batch.ts';

/** What the writer thread is started with. */
export interface WriterSetup {
  readonly file: string;
  /** Names this writer among all that ever wrote to the file; sorts by its time of birth. */
  readonly session: string;
  readonly busyTimeout: number;
  /** Pages that the file may have at most; only tests bound it, to meet a full disk. */
  readonly maxPages?: number;
}

/** How long rows and counters are kept. Times are epoch milliseconds, computed by the side that owns the clock. */
export interface RetentionOrder {
  /** Rows that arrived before it go. */
  readonly rowsBefore: number | null;
  /** Rows of the audit log before it go. */
  readonly auditBefore: number | null;
  /** Oldest rows go until the data takes no more than this many bytes. */
  readonly maxBytes: number | null;
  /** Counters of hours before it go, unless rows of that hour remain. */
  readonly countersBefore: number | null;
  /** Marks of writers born before it go. */
  readonly sessionsBefore: number;
}

export interface RetentionReport {
  readonly rows: number;
  readonly counters: number;
  /** Bytes of data after the clean-up. */
  readonly bytes: number;
}

export type WriterOrder =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'retain'; readonly id: number; readonly order: RetentionOrder }
  | { readonly kind: 'close' };

export type WriterNotice =
  | {
      readonly kind: 'written';
      readonly sequence: number;
      readonly written: number;
      readonly rejected: number;
    }
  /** The batch could not be written now and will be tried again. */
  | { readonly kind: 'stalled'; readonly code: string; readonly message: string }
  | { readonly kind: 'retained'; readonly id: number; readonly report: RetentionReport }
  | { readonly kind: 'retention-failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'closed' };
