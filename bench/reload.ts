// `node bench/reload.ts [--seconds 20]`: how soon an edit is live (with file events, by polling alone), and what reloads
// cost the requests beside them. Reports; nothing here is a test.
import { Agent, request } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLogs } from '../src/observability/logs.ts';
import { bootGateway, type BootedGateway } from '../src/server/boot.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' } } });
const edits = 20;

console.log(`| ${edits} edits | median ms | worst ms |\n|---|---:|---:|`);
for (const [title, fileEvents, pollInterval] of [
  ['file events', true, 2_000],
  ['polling every 500 ms', false, 500],
] as const) {
  const times = await measureEdits(fileEvents, pollInterval);
  console.log(`| ${title} | ${quantile(times, 0.5)} | ${quantile(times, 1)} |`);
}

const quiet = await measureLoad(false);
const busy = await measureLoad(true);
console.log('\n| unary beside 200 streams | requests | p50 ms | p99 ms |\n|---|---:|---:|---:|');
for (const [title, times] of [
  ['no reloads', quiet],
  ['100 reloads a minute', busy],
] as const) {
  console.log(`| ${title} | ${times.length} | ${quantile(times, 0.5)} | ${quantile(times, 0.99)} |`);
}
console.log(`\np99 with reloads / without: ${(quantile(busy, 0.99) / quantile(quiet, 0.99)).toFixed(2)}`);

async function measureEdits(fileEvents: boolean, pollInterval: number): Promise<number[]> {
  return withGateway({ fileEvents, pollInterval }, async (gateway, write) => {
    const times: number[] = [];
    for (let edit = 1; edit <= edits; edit++) {
      const before = gateway.status().revision;
      const started = performance.now();
      write(edit);
      while (gateway.status().revision === before) await pause(2);
      times.push(performance.now() - started);
    }
    return times;
  });
}

async function measureLoad(reloads: boolean): Promise<number[]> {
  return withGateway({ fileEvents: true, pollInterval: 2_000 }, async (gateway, write) => {
    const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
    const until = performance.now() + Number(values.seconds) * 1000;
    const times: number[] = [];
    const loop = async (stream: boolean): Promise<void> => {
      while (performance.now() < until) {
        const took = await call(gateway.url, agent, stream);
        if (!stream) times.push(took);
      }
    };
    const edit = async (): Promise<void> => {
      for (let number = 1; reloads && performance.now() < until; number++) {
        write(number);
        await pause(600);
      }
    };
    await Promise.all([
      ...Array.from({ length: 200 }, () => loop(true)),
      ...Array.from({ length: 4 }, () => loop(false)),
      edit(),
    ]);
    agent.destroy();
    return times;
  });
}

async function withGateway<Result>(
  options: { readonly fileEvents: boolean; readonly pollInterval: number },
  run: (gateway: BootedGateway, write: (number: number) => void) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'omniroute-bench-reload-'));
  const file = join(folder, 'omniroute.config.yaml');
  const write = (number: number): void => writeFileSync(file, renderConfig(number));
  write(0);
  const gateway = await bootGateway({
    config: file,
    flags: { data: join(folder, 'data') },
    environment: {},
    logs: createLogs({ format: 'json', requests: false, write: () => {} }),
    ...options,
  });
  try {
    return await run(gateway, write);
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function renderConfig(number: number): string {
  return `version: 1
server: { listen: 127.0.0.1:0 }
storage: { driver: memory }
observability: { logs: { requests: false } }
providers:
  sandbox: { sandbox: { behaviours: { slow: { reply: "${'word '.repeat(20)}${number}", tokensPerSecond: 5 }, quick: { reply: "${number}" } } } }
combos:
  slow: { demo: true, targets: [sandbox/slow] }
  quick: { demo: true, targets: [sandbox/quick] }
`;
}

function call(url: string, agent: Agent, stream: boolean): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/v1/chat/completions`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 200
            ? resolve(performance.now() - started)
            : reject(new Error(`status ${response.statusCode}`)),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(
      JSON.stringify({
        model: stream ? 'slow' : 'quick',
        stream,
        messages: [{ role: 'user', content: 'hi' }],
      }),
    );
  });
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Number((sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0).toFixed(1));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
