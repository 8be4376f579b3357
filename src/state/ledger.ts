// Ledgers for programs that need nothing else of the state.
import { join } from 'node:path';
import type { Ledger, UsageRow } from '../routing/ports.ts';
import { createMemoryState } from './drivers/memory.ts';
import { databaseName, type SqliteStateOptions } from './open.ts';
import { createWriter } from './writer.ts';

/** Usage rows in SQLite. Rejects with StateError. */
export async function createSqliteLedger(options: SqliteStateOptions): Promise<Ledger> {
  return createWriter({ ...options, file: join(options.dataDir, databaseName) });
}

export interface MemoryLedger extends Ledger {
  /** The kept rows, oldest first. */
  readonly rows: readonly UsageRow[];
}

/** Usage rows in memory, the newest `maxRows` of them. */
export function createMemoryLedger(maxRows = 10_000): MemoryLedger {
  const state = createMemoryState({ maxRows });
  return {
    append: state.ledger.append,
    flush: state.ledger.flush,
    close: state.ledger.close,
    get dropped() {
      return state.ledger.dropped;
    },
    get rows() {
      return state.rows;
    },
  };
}
