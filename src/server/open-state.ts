// What outlives a request, opened as `storage` says.
import type { ResolvedConfig } from '../config/generated/types.ts';
import type { Clock } from '../lib/clock.ts';
import { parseDuration, parseSize } from '../lib/duration.ts';
import type { Timers } from '../lib/timers.ts';
import type { Logs } from '../observability/logs.ts';
import { createMemoryState } from '../state/drivers/memory.ts';
import { openSqliteState } from '../state/open.ts';
import type { State } from '../state/state.ts';

export interface OpenStateOptions {
  /** The newest; the driver and the window are those of the first call, retention follows every reload. */
  readonly config: () => ResolvedConfig;
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logs: Logs;
}

/** Rejects with StateError when the data folder or its database cannot be used. */
export async function openState({
  config,
  dataFolder,
  clock,
  timers,
  logs,
}: OpenStateOptions): Promise<State> {
  const { storage } = config();
  if (storage.driver === 'memory') return createMemoryState({ clock });
  return openSqliteState({
    dataDir: dataFolder,
    clock,
    timers,
    window: parseDuration(storage.flushEvery) ?? 200,
    retention: () => readRetention(config()),
    report: (trouble) => {
      if (trouble === null) logs.log.info('usage rows are written again');
      else logs.log.error({ trouble }, 'usage rows wait');
    },
  });
}

function readRetention({ storage }: ResolvedConfig): {
  readonly usage?: number;
  readonly audit?: number;
  readonly maxBytes?: number;
} {
  const usage = parseDuration(storage.retention.usage);
  const audit = parseDuration(storage.retention.audit);
  const maxBytes = parseSize(storage.maxSize);
  return {
    ...(usage === undefined ? {} : { usage }),
    ...(audit === undefined ? {} : { audit }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
}
