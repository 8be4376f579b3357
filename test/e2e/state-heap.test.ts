// Whether rows, metrics, log lines and world slices leave anything behind: the slope of the heap after forced
// collections, over STATE_HEAP_ROWS rows (240,000 unless told).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { makeDataDir } from '../support/state.ts';

const rounds = 8;
const total = Number(process.env['STATE_HEAP_ROWS'] ?? 240_000);
const program = new URL('../support/state-heap-child.ts', import.meta.url).pathname;

it('the heap grows by less than 1 MiB per 100,000 requests', async () => {
  const rows = Math.floor(total / rounds);
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    program,
    makeDataDir(),
    String(rounds),
    String(rows),
  ]);
  const { heap, dropped, written } = JSON.parse(stdout) as {
    heap: number[];
    dropped: number;
    written: number;
  };
  expect({ dropped, written }).toEqual({ dropped: 0, written: rounds * rows });
  // The first rounds fill caches and compile code.
  const settled = heap.slice(2);
  const slope = (fitSlope(settled) / rows) * 100_000;
  console.info(
    `heap slope ${(slope / 1024).toFixed(1)} KiB per 100,000 requests, heap ${Math.round((heap.at(-1) ?? 0) / 1024)} KiB`,
  );
  expect(slope).toBeLessThan(1024 * 1024);
}, 180_000);

/** Least squares over equally spaced samples. */
function fitSlope(samples: readonly number[]): number {
  const middle = (samples.length - 1) / 2;
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  let covariance = 0;
  let variance = 0;
  for (const [index, sample] of samples.entries()) {
    covariance += (index - middle) * (sample - mean);
    variance += (index - middle) ** 2;
  }
  return covariance / variance;
}
