// A writer that is killed with -9 at random moments: afterwards every file is old or new, the journal completes what was
// begun, and nothing that was answered for is lost.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readText } from '../../src/config/file-set.ts';
import { completeJournal } from '../../src/control/journal.ts';
import { createRandom } from '../../src/lib/random.ts';

const kills = Number(process.env['WRITER_KILLS'] ?? 40);
const child = join(import.meta.dirname, '../support/writer-child.ts');
const names = ['extra.yaml', 'main.yaml'] as const;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omniroute-kill-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function readVersions(): string[] {
  return names.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    expect(text, name).toMatch(/^# head of the file\n/);
    expect(text.endsWith('# tail\n'), name).toBe(true);
    const root = readText(text) as ReadonlyMap<string, ReadonlyMap<string, unknown>>;
    return String(root.get(name === 'main.yaml' ? 'aliases' : 'models')?.get('version'));
  });
}

/** Runs a writer for some milliseconds after its first answer; the last version that it answered for. */
async function runAndKill(manner: string, milliseconds: number): Promise<number> {
  const running = spawn(process.execPath, [child, folder, manner], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  running.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await once(running.stdout, 'data');
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  running.kill('SIGKILL');
  await once(running, 'close');
  return Number(out.slice(0, out.lastIndexOf('\n')).split('\n').at(-1));
}

it.each(['rename', 'in-place'])(
  `kill -9 at random moments, files written by %s`,
  async (manner) => {
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
      const answered = await runAndKill(manner, random() * 25);
      // By rename each file is whole at every moment, before anything is completed.
      if (manner === 'rename') readVersions();
      const report = await completeJournal(join(folder, 'data', 'journal.json'));
      if (report) interrupted++;
      expect(report?.skipped ?? [], `round ${round}`).toEqual([]);
      expect(readdirSync(folder).toSorted()).toEqual(['data', ...names]);
      const [extra, main] = readVersions();
      expect(extra, `round ${round}`).toBe(main);
      expect(Number(main?.split('-')[0]), `round ${round}`).toBeGreaterThanOrEqual(answered);
      expect(readdirSync(join(folder, 'data')).filter((name) => name.endsWith('journal.json'))).toEqual([]);
    }
    // Most moments lie inside a write: it does little else.
    expect(interrupted).toBeGreaterThan(0);
  },
  20_000 + kills * 2_000,
);
