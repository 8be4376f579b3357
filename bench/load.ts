// The load generator, in a process of its own so that its work is not counted as the target's.
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { serve } from './process.ts';
import type { Load } from './scenario.ts';

export interface Run {
  /** Base URL of the target, with `/v1`. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly load: Load;
  readonly milliseconds: number;
}

export interface LoadReport {
  /** Requests, or chunks of complete streams. */
  readonly units: number;
  readonly seconds: number;
  /** Milliseconds, sorted. */
  readonly p50: number;
  readonly p99: number;
  readonly firstByte: number;
}

serve({ run });

async function run({ url, key, model, load, milliseconds }: Run): Promise<LoadReport> {
  const { origin, pathname } = new URL(`${url}/chat/completions`);
  const lanes = load.kind === 'unary' ? load.connections : load.streams;
  const pool = new Pool(origin, { connections: lanes, pipelining: 1 });
  const body = makeBody(model, load);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const whole: number[] = [];
  const first: number[] = [];
  const begin = performance.now();
  const end = begin + milliseconds;

  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const start = performance.now();
      let seen = false;
      pool.dispatch(
        { method: 'POST', path: pathname, headers, body },
        {
          onRequestStart() {},
          onResponseStart(_, status) {
            if (status !== 200) throw new Error(`the target answers ${status}`);
          },
          onResponseData() {
            if (seen) return;
            seen = true;
            first.push(performance.now() - start);
          },
          onResponseEnd() {
            whole.push(performance.now() - start);
            resolve();
          },
          onResponseError: (_, error) => reject(error),
        },
      );
    });
  const lane = async (index: number) => {
    // Streams that begin together stay together, and would measure how a burst queues.
    if (load.kind === 'stream') await pause((index / lanes) * load.chunks * load.gap);
    while (performance.now() < end) await ask();
  };
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
  const seconds = (performance.now() - begin) / 1000;
  await pool.close();
  return {
    units: whole.length * (load.kind === 'unary' ? 1 : load.chunks),
    seconds,
    p50: quantile(whole, 0.5),
    p99: quantile(whole, 0.99),
    firstByte: quantile(first, 0.5),
  };
}

/** A chat request of the wanted size, with one character beyond Latin-1 as real traffic has. */
function makeBody(model: string, load: Load): Buffer {
  const size = load.kind === 'unary' ? load.bodyBytes : 1500;
  const build = (filler: string) =>
    JSON.stringify({
      model,
      messages: [
        { role: 'system', content: 'You are brief — always.' },
        { role: 'user', content: filler },
      ],
      temperature: 0.5,
      stream: load.kind === 'stream',
    });
  const rest = Math.max(0, size - Buffer.byteLength(build('')));
  return Buffer.from(build('lorem ipsum dolor sit amet '.repeat(Math.ceil(rest / 27)).slice(0, rest)));
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
