// The state of one gateway behind one handle: ledger, store of world slices, reader, clean-up. Two drivers make it.
import type { Ledger, Store } from '../routing/ports.ts';
import type { AuditLog } from './audit.ts';
import type { RetentionReport } from './messages.ts';
import type { Reader } from './queries.ts';
import type { WriterStatus } from './writer.ts';

/** How long things are kept. */
export interface RetentionPolicy {
  /** Milliseconds that usage rows are kept. */
  readonly usage?: number;
  /** Milliseconds that hourly counters are kept; at least as long as their rows. */
  readonly counters?: number;
  /** Milliseconds that rows of the audit log are kept. */
  readonly audit?: number;
  /** Bytes of data above which the oldest rows go. */
  readonly maxBytes?: number;
}

export interface State {
  readonly ledger: Ledger;
  readonly store: Store;
  readonly audit: AuditLog;
  readonly reader: Reader;
  status(): WriterStatus;
  /** Applies a policy now; the sqlite driver also does so by itself. */
  retain(policy: RetentionPolicy): Promise<RetentionReport>;
  /** Writes what waits and ends all threads. Never rejects. */
  close(): Promise<void>;
}
