// A gateway over an authored configuration whose time a test sets, and the simulator behind it.
import { createManualClock, type ManualClock } from '../../src/lib/clock.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { UsageRow } from '../../src/routing/ports.ts';
import { createSnapshotRef, type SnapshotRef } from '../../src/routing/snapshot.ts';
import { createServer, type RunningServer } from '../../src/server/compose.ts';
import { makeSnapshot, sha256 } from './config.ts';
import { askFetch, askSocket, createMemoryLedger, type Answer, type Call, type Lane } from './gateway.ts';

export interface Guarded {
  readonly server: RunningServer;
  readonly snapshots: SnapshotRef;
  readonly rows: UsageRow[];
  readonly faults: unknown[];
  readonly clock: ManualClock;
  ask(lane: Lane, call: Call): Promise<Answer>;
  close(): Promise<void>;
}

/** `now`: epoch milliseconds at the start. */
export async function startGuarded(
  authored: Readonly<Record<string, unknown>>,
  now = Date.UTC(2026, 10, 18, 12),
  replace: Partial<Gateway> = {},
): Promise<Guarded> {
  const rows: UsageRow[] = [];
  const faults: unknown[] = [];
  const clock = createManualClock(now);
  const snapshots = createSnapshotRef(makeSnapshot(authored));
  const server = await createServer({
    snapshots,
    secrets: { read: (reference) => `secret-of-${reference.name}`, epoch: 1 },
    ledger: createMemoryLedger(rows),
    report: (error) => void faults.push(error),
    listen: { host: '127.0.0.1', port: 0 },
    clock,
    ...replace,
  });
  return {
    server,
    snapshots,
    rows,
    faults,
    clock,
    ask: (lane, call) => (lane === 'node' ? askSocket(server.url, call) : askFetch(server, call)),
    close: async () => void (await server.close()),
  };
}

/** The key of this id, as a client sends it. */
export const keyOf = (id: string): string => `key-of-${id}-0123456789abcdef`;

/** What the file says about it. */
export const digestOf = (id: string): string => `sha256:${sha256(keyOf(id))}`;

/** The code that an answer carries in either envelope; `ok` when it is an answer. */
export function verdictOf({ status, text }: Answer): string {
  if (status === 200) return 'ok';
  const { error } = JSON.parse(text) as { error: { code?: string; type: string; message: string } };
  return `${status} ${error.code ?? error.type}: ${error.message}`;
}
