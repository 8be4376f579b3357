// What a killed writer leaves behind: STATE_KILLS rounds (40 unless told) of kill -9 at seeded moments.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/lib/random.ts';
import { createQueryTable } from '../../src/state/drivers/query-sql.ts';
import { openForWriting } from '../../src/state/drivers/sqlite.ts';
import { databaseName } from '../../src/state/open.ts';
import { makeDataDir } from '../support/state.ts';

const kills = Number(process.env['STATE_KILLS'] ?? 40);
const seed = Number(process.env['STATE_SEED'] ?? Date.now() % 1_000_000);
const window = 200;

const program = new URL('../support/state-child.ts', import.meta.url).pathname;

interface Ended {
  /** Rows that were appended when the last line was said. */
  readonly appended: number;
  /** Rows that a finished flush had promised. */
  readonly flushed: number;
  readonly lines: readonly { readonly rows: number; readonly at: number }[];
  readonly endedAt: number;
  readonly code: number | null;
  readonly errors: string;
}

/** Runs the child and ends it `delay` milliseconds after it is ready, or after it was started. */
async function run(
  dataDir: string,
  prefix: string,
  end: { readonly signal: 'SIGKILL' | 'SIGTERM'; readonly delay: number; readonly from: 'start' | 'ready' },
): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [program, dataDir, prefix, String(seed + end.delay)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  const errors = text(child.stderr!);
  let output = '';
  let endedAt = 0;
  const endIt = (): void => {
    setTimeout(() => {
      endedAt = Date.now();
      child.kill(end.signal);
    }, end.delay);
  };
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    const first = output === '';
    output += piece;
    if (first && end.from === 'ready') endIt();
  });
  if (end.from === 'start') endIt();
  const [code] = (await closed) as [number | null];
  // The pipe may end inside a line: what follows the last line break was not said.
  const said = output.split('\n').slice(0, -1);
  const read = (letter: string): { rows: number; at: number }[] =>
    said
      .filter((line) => line.startsWith(`${letter} `))
      .map((line) => line.split(' '))
      .map(([, rows, at]) => ({ rows: Number(rows), at: Number(at) }));
  const lines = read('A');
  return {
    appended: lines.at(-1)?.rows ?? 0,
    flushed: read('F').at(-1)?.rows ?? 0,
    lines,
    endedAt,
    code,
    errors: await errors,
  };
}

/** Opens the database as the next start would and answers how many rows of `prefix` it holds, proven without gaps. */
function inspect(dataDir: string, prefix: string): number {
  const database = openForWriting(join(dataDir, databaseName));
  try {
    const table = createQueryTable(database);
    expect(table.integrity({})).toEqual({ ok: true, messages: [] });
    expect(table.verifyCounters({})).toMatchObject({ ok: true, differences: [] });
    const rows = database
      .prepare<[string], string>('SELECT request_id FROM usage WHERE request_id GLOB ? ORDER BY id')
      .pluck()
      .all(`${prefix}-*`);
    const expected = Array.from({ length: rows.length }, (_, index) => `${prefix}-${index}`);
    expect(rows).toEqual(expected);
    return rows.length;
  } finally {
    database.close();
  }
}

describe('a killed writer', () => {
  it(`loses nothing that was flushed, only rows younger than the window, ${kills} times (seed ${seed})`, async () => {
    const random = createRandom(seed);
    const shared = makeDataDir();
    let oldestLost = 0;
    let lost = 0;
    let total = 0;
    for (let round = 0; round < kills; round++) {
      // Some rounds end at a moment of the start itself, on a folder of their own.
      const starting = random() < 0.2;
      const dataDir = starting ? makeDataDir() : shared;
      const prefix = `r${round}`;
      const ended = await run(dataDir, prefix, {
        signal: 'SIGKILL',
        delay: Math.floor(random() * (starting ? 400 : 300)),
        from: starting ? 'start' : 'ready',
      });
      expect(ended.errors).toBe('');
      const kept = inspect(dataDir, prefix);
      expect(kept).toBeGreaterThanOrEqual(ended.flushed);
      total += kept;
      lost += Math.max(0, ended.appended - kept);
      const firstLost = ended.lines.find(({ rows }) => rows > kept);
      if (firstLost) oldestLost = Math.max(oldestLost, ended.endedAt - firstLost.at);
    }
    console.info(`${kills} kills: ${total} rows kept, ${lost} lost, the oldest of them ${oldestLost} ms old`);
    // The window, one commit, and what a machine with other work to do adds to both.
    expect(oldestLost).toBeLessThan(window + 1800);
    expect(total).toBeGreaterThan(0);
  }, 600_000);
});

describe('SIGTERM', () => {
  it('loses nothing', async () => {
    const dataDir = makeDataDir();
    for (const [round, delay] of [0, 20, 90, 210].entries()) {
      const prefix = `t${round}`;
      const ended = await run(dataDir, prefix, { signal: 'SIGTERM', delay, from: 'ready' });
      expect(ended).toMatchObject({ code: 0, errors: '' });
      expect(inspect(dataDir, prefix)).toBe(ended.appended);
    }
  }, 60_000);
});
