// Appends many rows, counts and logs them, and prints the heap after each round as JSON. Run with --expose-gc.
// Arguments: data folder, rounds, rows a round.
import { createLogs } from '../../src/observability/logs.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { openSqliteState } from '../../src/state/open.ts';
import { createStateWorld } from '../../src/state/world.ts';
import { makeRow } from './usage.ts';

const [dataDir = '', rounds = '6', rows = '50000'] = process.argv.slice(2);
const collect = globalThis.gc;
if (!collect) throw new Error('run with --expose-gc');

const state = await openSqliteState({ dataDir });
const world = createStateWorld({ store: state.store, saved: [], hasCredential: () => true });
const metrics = createMetrics({ ledger: () => state.status() });
const logs = createLogs({ format: 'json', write: () => undefined });
const heap: number[] = [];

for (let round = 0; round < Number(rounds); round++) {
  for (let row = 0; row < Number(rows); row++) {
    const usage = makeRow({
      requestId: crypto.randomUUID(),
      at: Date.now(),
      facts: `{"round":${round},"row":${row}}`,
    });
    const event = {
      ...usage,
      combo: null,
      attempts: 1,
      fallbacks: [],
      total: 12,
      upstream: 11,
      firstToken: 3,
      overhead: 0.4,
    };
    state.ledger.append(usage);
    world.apply([{ kind: 'rotate', combo: `combo-${row % 20}`, position: row }]);
    metrics.record(event);
    logs.request(event);
    if (row % 2000 === 0) await state.ledger.flush();
  }
  await state.ledger.flush();
  await metrics.render();
  await state.reader.query('recentRequests', { limit: 100 });
  // Twice, with a turn in between: finalizers of the first run free more.
  for (let run = 0; run < 2; run++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  heap.push(heapUsed + external);
}
const { dropped, written } = state.status();
await state.close();
process.stdout.write(JSON.stringify({ heap, dropped, written }));
