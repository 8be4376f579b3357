// A writer that is killed with -9 at random moments: afterwards every file is old or new, the journal completes what was
// begun, and nothing that was answered for is lost.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readText } from '../../src/config/file-set.ts';
import { completeJournal } from '../../src/control/journal.ts';
import { createRandom } from '../../src/lib/random.ts';

const kills = Number(process.env['WRITER_KILLS'] ?? 200);
const child = join(import.meta.dirname, '../support/writer-child.ts');
const names = ['extra.yaml', 'main.yaml'] as const;

let top = '';
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'omniroute-kill-'));
  // Two hundred starts: the first one compiles for all of them, and ends by itself.
  const [code] = (await once(start(top, 'warm'), 'close')) as [number];
  expect(code).toBe(0);
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

function start(folder: string, manner: string): ChildProcessByStdio<null, Readable, null> {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(top, 'compiled') };
  return spawn(process.execPath, [child, folder, manner], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

function readVersions(folder: string): string[] {
  return names.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text, name).toMatch(/^# head of the file\n/);
    expect(text.endsWith('# tail\n'), name).toBe(true);
    const root = readText(text) as ReadonlyMap<string, ReadonlyMap<string, unknown>>;
    return String(root.get(name === 'main.yaml' ? 'aliases' : 'models')?.get('version'));
  });
}

/** Runs a writer for some milliseconds after its first answer; the last version that it answered for. */
async function runAndKill(folder: string, manner: string, milliseconds: number): Promise<number> {
  const running = start(folder, manner);
  let out = '';
  running.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await once(running.stdout, 'data');
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  running.kill('SIGKILL');
  await once(running, 'close');
  return Number(out.slice(0, out.lastIndexOf('\n')).split('\n').at(-1));
}

// At once: each waits for its child most of the time.
it.concurrent.each(['rename', 'in-place'])(
  `kill -9 at random moments, files written by %s`,
  async (manner) => {
    const folder = join(top, manner);
    mkdirSync(folder);
    const random = createRandom(manner.length);
    let interrupted = 0;
    for (let round = 0; round < kills / 2; round++) {
      writeFileSync(
        join(folder, 'main.yaml'),
        '# head of the file\naliases:\n  version: "0" # here\n# tail\n',
      );
      writeFileSync(
        join(folder, 'extra.yaml'),
        '# head of the file\nmodels:\n  version: "0" # there\n# tail\n',
      );
      const answered = await runAndKill(folder, manner, random() * 25);
      // By rename each file is whole at every moment, before anything is completed.
      if (manner === 'rename') readVersions(folder);
      const report = await completeJournal(join(folder, 'data', 'journal.json'));
      if (report) interrupted++;
      expect(report?.skipped ?? [], `round ${round}`).toEqual([]);
      expect(readdirSync(folder).toSorted()).toEqual(['data', ...names]);
      const [extra, main] = readVersions(folder);
      expect(extra, `round ${round}`).toBe(main);
      expect(Number(main?.split('-')[0]), `round ${round}`).toBeGreaterThanOrEqual(answered);
      expect(readdirSync(join(folder, 'data')).filter((name) => name.endsWith('journal.json'))).toEqual([]);
    }
    // Most moments lie inside a write: it does little else.
    expect(interrupted).toBeGreaterThan(0);
  },
  20_000 + kills * 1_000,
);
