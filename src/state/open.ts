// Opens the SQLite state: a writer thread, a reader thread on demand, and the clean-up on its own clock.
import { join } from 'node:path';
import { systemClock } from '../lib/clock.ts';
import { systemTimers } from '../lib/timers.ts';
import type { RetentionReport } from './messages.ts';
import { SqliteReader } from './reader.ts';
import type { RetentionPolicy, State } from './state.ts';
import { createWriter, type WriterOptions } from './writer.ts';

/** Name of the database inside the data folder. */
export const databaseName = 'omniroute.sqlite';

/** Hourly counters are kept for 400 days, so that a year can be compared with the one before. */
const keepCounters = 400 * 86_400_000;

export interface SqliteStateOptions extends Omit<WriterOptions, 'file'> {
  /** Folder of everything that outlives the process; created with mode 0700. */
  readonly dataDir: string;
  /** Asked before every clean-up, so that a reloaded policy holds at once; no clean-up when left out. */
  readonly retention?: () => RetentionPolicy;
  /** Milliseconds between two clean-ups. */
  readonly retentionEvery?: number;
}

/** Rejects with StateError when the database cannot be used; its message tells an operator what to do. */
export async function openSqliteState(options: SqliteStateOptions): Promise<State> {
  const clock = options.clock ?? systemClock;
  const timers = options.timers ?? systemTimers;
  const file = join(options.dataDir, databaseName);
  const writer = await createWriter({ ...options, file });
  const reader = new SqliteReader({ file, timers });

  const retain = (policy: RetentionPolicy): Promise<RetentionReport> => {
    const now = clock.now();
    return writer.retain({
      rowsBefore: policy.usage === undefined ? null : now - policy.usage,
      countersBefore: policy.counters === undefined ? null : now - policy.counters,
      maxBytes: policy.maxBytes ?? null,
      auditBefore: policy.audit === undefined ? null : now - policy.audit,
    });
  };
  const { retention } = options;
  // A failed clean-up is tried again at its next time; the writer's status says what is wrong with the database.
  const cancel = retention
    ? timers.every(
        options.retentionEvery ?? 600_000,
        () => void retain({ counters: keepCounters, ...retention() }).catch(() => undefined),
      )
    : undefined;

  return {
    ledger: writer,
    audit: { append: (row) => writer.audit(row) },
    store: {
      load: () => reader.query('slices', {}, { timeout: 30_000 }),
      save: (collect) => writer.save(collect),
      flush: () => writer.flush(),
    },
    reader,
    status: () => writer.status(),
    retain,
    close: async () => {
      cancel?.();
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}
