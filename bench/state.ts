// What a usage row costs the main thread: CPU µs per row and event-loop delay at 5,000 rows a second, against the same
// loop that only makes the rows. Both take short turns, each first in every other repetition, and are compared inside a
// repetition. Also the hot-path cost of metrics and log lines, and the writer's top speed.
// Run: node bench/state.ts [seconds per turn] [repetitions]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createLogs } from '../src/observability/logs.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import type { UsageRow } from '../src/routing/ports.ts';
import { openSqliteState } from '../src/state/open.ts';

const seconds = Number(process.argv[2] ?? 1);
const repetitions = Number(process.argv[3] ?? 15);
const rate = 5000;

interface Sample {
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const folder = mkdtempSync(join(tmpdir(), 'omniroute-bench-'));
const state = await openSqliteState({ dataDir: folder });
let made = 0;

try {
  const base: Sample[] = [];
  const ledger: Sample[] = [];
  let kept: UsageRow | undefined;
  const drop = (row: UsageRow): void => void (kept = row);
  const keep = (row: UsageRow): void => state.ledger.append(row);
  await pace(2, drop);
  await pace(2, keep);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    if (repetition % 2 === 0) base.push(await pace(seconds, drop));
    ledger.push(await pace(seconds, keep));
    await state.ledger.flush();
    if (repetition % 2 === 1) base.push(await pace(seconds, drop));
  }
  const cost = ledger.map((sample, index) => sample.cpu - (base[index]?.cpu ?? 0));
  report('ledger, main-thread CPU', cost, 'µs/row');
  report(
    'event-loop delay p50, without',
    base.map(({ p50 }) => p50),
    'ms',
  );
  report(
    'event-loop delay p50, with',
    ledger.map(({ p50 }) => p50),
    'ms',
  );
  report(
    'event-loop delay p99, without',
    base.map(({ p99 }) => p99),
    'ms',
  );
  report(
    'event-loop delay p99, with',
    ledger.map(({ p99 }) => p99),
    'ms',
  );
  report(
    'event-loop delay p99, with/without',
    ledger.map(({ p99 }, index) => p99 / (base[index]?.p99 ?? Number.NaN)),
    '×',
  );
  report(
    'event-loop delay max, without',
    base.map(({ max }) => max),
    'ms',
  );
  report(
    'event-loop delay max, with',
    ledger.map(({ max }) => max),
    'ms',
  );
  const { written, dropped } = state.status();
  console.info(`rows written ${written}, dropped ${dropped}, last made ${kept?.requestId ?? '-'}`);

  const floods: { readonly speed: number; readonly cpu: number }[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) floods.push(await flood(40_000));
  report(
    'ledger, main-thread CPU, flood',
    floods.map(({ cpu }) => cpu),
    'µs/row',
  );
  report(
    'writer top speed',
    floods.map(({ speed }) => speed),
    'rows/s',
  );

  const metrics = createMetrics();
  const logs = createLogs({ format: 'json', write: () => undefined });
  logs.hide(Array.from({ length: 20 }, () => crypto.randomUUID()));
  const event = {
    ...makeRow(),
    attempts: 1,
    fallbacks: [],
    total: 12,
    upstream: 11,
    firstToken: 3,
    combo: null,
    overhead: 0.4,
  };
  report(
    'metrics of one request',
    repeat(() => metrics.record(event)),
    'µs',
  );
  report(
    'log line of one request',
    repeat(() => logs.request(event)),
    'µs',
  );
} finally {
  await state.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Makes `rate` rows a second for a while and hands each to `take`. */
async function pace(length: number, take: (row: UsageRow) => void): Promise<Sample> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.threadCpuUsage();
  const start = performance.now();
  let rows = 0;
  const end = length * rate;
  while (rows < end) {
    const due = Math.min(end, Math.floor(((performance.now() - start) / 1000) * rate));
    for (; rows < due; rows++) take(makeRow());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const used = process.threadCpuUsage(cpu);
  delay.disable();
  return {
    cpu: (used.user + used.system) / rows,
    p50: delay.percentile(50) / 1e6,
    p99: delay.percentile(99) / 1e6,
    max: delay.max / 1e6,
  };
}

/** Appends rows that are already made as fast as possible and waits until all are committed. */
async function flood(count: number): Promise<{ readonly speed: number; readonly cpu: number }> {
  const rows = Array.from({ length: count }, makeRow);
  const start = performance.now();
  const cpu = process.threadCpuUsage();
  for (const row of rows) state.ledger.append(row);
  await state.ledger.flush();
  const used = process.threadCpuUsage(cpu);
  return {
    speed: count / ((performance.now() - start) / 1000),
    cpu: (used.user + used.system) / count,
  };
}

function repeat(run: () => void): readonly number[] {
  const count = 200_000;
  for (let index = 0; index < count; index++) run();
  return Array.from({ length: repetitions }, () => {
    const cpu = process.threadCpuUsage();
    for (let index = 0; index < count; index++) run();
    const used = process.threadCpuUsage(cpu);
    return (used.user + used.system) / count;
  });
}

function makeRow(): UsageRow {
  made++;
  return {
    requestId: `req_${made.toString(36).padStart(20, '0')}`,
    at: Date.now(),
    revision: 'abcdef123456',
    secretEpoch: 1,
    key: `key-${made % 10}`,
    protocol: 'openai-chat',
    operation: 'chat',
    requestedModel: 'coding',
    provider: 'openai',
    connection: 'primary',
    model: `gpt-5-${made % 7}`,
    // As the gateway makes them: JSON.stringify gives flat strings, a template would leave its flattening to the ledger.
    facts: JSON.stringify({ model: 'coding', protocol: 'openai-chat', stream: true, bodyBytes: made % 9000 }),
    reasons: JSON.stringify([
      { code: 'combo/priority', message: 'coding tries its targets in order', at: 42 },
    ]),
    attempts: JSON.stringify([{ target: 'openai/gpt-5-mini', class: null, status: 200, ms: made % 900 }]),
    marks: JSON.stringify({ read: 0.2, decide: 0.25, send: 0.4, firstToken: 310.2, end: made % 3000 }),
    tokens: { input: 1200, output: 300, cacheRead: 800 },
    cost: 1_234_567,
    estimated: false,
    status: 200,
    errorCode: null,
    stream: true,
  };
}

function report(name: string, samples: readonly number[], unit: string): void {
  const sorted = [...samples].sort((a, b) => a - b);
  const show = (value: number | undefined): string => (value ?? 0).toFixed((value ?? 0) > 1000 ? 0 : 2);
  const median = sorted[sorted.length >> 1];
  console.info(
    `${name.padEnd(34)} ${show(median).padStart(8)} ${unit}  (${show(sorted[0])} – ${show(sorted.at(-1))}, n=${sorted.length})`,
  );
}
