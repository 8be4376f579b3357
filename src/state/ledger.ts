// Ledgers: where usage rows go. The SQLite one packs them for the writer thread, the memory one keeps the newest.
import { join } from 'node:path';
import type { Ledger, UsageRow } from '../routing/ports.ts';
import { createWriter, type WriterOptions } from './writer.ts';

/** Name of the database inside the data folder. */
export const databaseName = 'omniroute.sqlite';

export interface SqliteLedgerOptions extends Omit<WriterOptions, 'file'> {
  /** Folder of everything that outlives the process; created with mode 0700. */
  readonly dataDir: string;
}

/** A ledger of its own, for programs that need nothing else of the state. Rejects with StateError. */
export async function createSqliteLedger(options: SqliteLedgerOptions): Promise<Ledger> {
  return createWriter({ ...options, file: join(options.dataDir, databaseName) });
}

export interface MemoryLedger extends Ledger {
  /** Newest last. */
  readonly rows: readonly UsageRow[];
}

/** Keeps the newest `maxRows` rows in memory; for tests and for `storage: memory`. */
export function createMemoryLedger(maxRows = 10_000): MemoryLedger {
  const rows: UsageRow[] = [];
  let dropped = 0;
  let closed = false;
  return {
    rows,
    append: (row) => {
      if (closed) dropped++;
      else if (rows.push(row) > maxRows) rows.shift();
    },
    flush: () => Promise.resolve(),
    close: () => {
      closed = true;
      return Promise.resolve();
    },
    get dropped() {
      return dropped;
    },
  };
}
