// Editor, API and pull at once with real git: fifty rounds in one work tree, with a remote that others push to. What
// the API answered for, what a person saved and what was pulled is all there in the end.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FileSet } from '../../src/config/file-set.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { createEvaluate } from '../../src/control/evaluate.ts';
import { openGit } from '../../src/control/git.ts';
import { pull, type PullOutcome } from '../../src/control/pull.ts';
import { createRepository } from '../../src/control/repository.ts';
import { createWriter, type Activation } from '../../src/control/writer.ts';
import { createRandom } from '../../src/lib/random.ts';

const rounds = 50;
let top = '';
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'omniroute-git-writes-'));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    cwd: join(top, folder),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

it('loses nothing, and never serves what does not belong together', async () => {
  for (const name of ['remote', 'theirs']) mkdirSync(join(top, name));
  git('remote', 'init', '--quiet', '--bare', '--initial-branch=main');
  git('theirs', 'clone', '--quiet', join(top, 'remote'), '.');
  const main =
    'version: 1\ninclude: [config.d/*.yaml]\nproviders: { anthropic: {} }\naliases:\n  first: anthropic/claude-sonnet-5 # ours\n';
  const theirs = 'models:\n  anthropic/m0: { context: 1000 } # theirs\n';
  mkdirSync(join(top, 'theirs', 'config.d'));
  writeFileSync(join(top, 'theirs', 'omniroute.config.yaml'), main);
  writeFileSync(join(top, 'theirs', 'config.d', 'models.yaml'), theirs);
  git('theirs', 'checkout', '--quiet', '-B', 'main');
  git('theirs', 'add', '.');
  git('theirs', 'commit', '--quiet', '-m', 'first');
  git('theirs', 'push', '--quiet', 'origin', 'main');
  git('.', 'clone', '--quiet', join(top, 'remote'), 'ours');
  const path = join(top, 'ours', 'omniroute.config.yaml');

  const opened = await openGit(join(top, 'ours'));
  if (!opened) throw new Error('no work tree');
  const settings = { ...resolveConfig({ version: 1 }).gitops };
  const clock = { now: () => 0 };
  const repository = createRepository({ git: opened, settings: () => settings, now: clock.now });
  const evaluate = createEvaluate({ config: path, environment: {}, clock });
  const live: FileSet[] = [];
  // Whoever saves truncates first: what counts is what two readings agree on, as control/settle.ts has it.
  const settle = async (): Promise<void> => {
    for (let before = ''; ;) {
      const now = JSON.stringify((await evaluate()).files);
      if (now === before) return;
      before = now;
    }
  };
  const activate = async (): Promise<Activation> => {
    await settle();
    const { files, snapshot, diagnostics } = await evaluate();
    if (!snapshot) return { kind: 'refused', diagnostics };
    live.push(files);
    return { kind: 'live', revision: snapshot.revision };
  };
  const writer = createWriter({
    evaluate,
    gitops: () => settings,
    snapshot: () => undefined,
    activate,
    settle: async (files) => {
      if (JSON.stringify(files) === JSON.stringify(live.at(-1))) return false;
      await settle();
      return true;
    },
    audit: async () => undefined,
    journal: join(top, 'journal.json'),
    repository,
    clock,
  });
  const random = createRandom(7);
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, random() * 12));
  const patch = async (name: string): Promise<string> => {
    await pause();
    const edits = [{ op: 'set', pointer: `/aliases/${name}`, value: 'first' }] as const;
    const outcome = await writer.write({
      change: { kind: 'edits', edits },
      actor: { name: 't', email: 't@t' },
    });
    return outcome.kind;
  };
  const outcomes: PullOutcome['kind'][] = [];
  for (let round = 1; round <= rounds; round++) {
    writeFileSync(
      join(top, 'theirs', 'config.d', 'models.yaml'),
      `${readFileSync(join(top, 'theirs', 'config.d', 'models.yaml'), 'utf8')}  anthropic/m${round}: { context: 1000 }\n`,
    );
    git('theirs', 'commit', '--quiet', '-am', `models ${round}`);
    git('theirs', 'push', '--quiet', 'origin', 'main');
    const kinds = await Promise.all([
      patch(`a${round}`),
      patch(`b${round}`),
      pause().then(() =>
        writeFileSync(
          path,
          readFileSync(path, 'utf8').replace('aliases:\n', `aliases:\n  hand${round}: first # by hand\n`),
        ),
      ),
      pause()
        .then(() => pull({ repository, evaluate, writer, activate }))
        .then(({ kind }) => outcomes.push(kind)),
    ]);
    expect(kinds.slice(0, 2), `round ${round}`).toEqual(['live', 'live']);
  }
  const text = readFileSync(path, 'utf8');
  for (let round = 1; round <= rounds; round++) {
    for (const name of ['a', 'b', 'hand'])
      expect(text.split(`  ${name}${round}: first`).length - 1, `${name}${round}`).toBe(1);
  }
  expect(text).toContain('# ours\n');
  expect(outcomes).toEqual(Array.from({ length: rounds }, () => 'live'));
  expect(readFileSync(join(top, 'ours', 'config.d', 'models.yaml'), 'utf8')).toContain(
    `anthropic/m${rounds}:`,
  );
  expect(live.length).toBeGreaterThanOrEqual(rounds * 3);

  // A pull that would overwrite what is not committed is refused by git, and nothing moves.
  git('theirs', 'pull', '--quiet', 'origin', 'main');
  writeFileSync(join(top, 'theirs', 'omniroute.config.yaml'), `${main}# theirs\n`);
  git('theirs', 'commit', '--quiet', '-am', 'their main');
  git('theirs', 'push', '--quiet', 'origin', 'main');
  expect(await pull({ repository, evaluate, writer, activate })).toMatchObject({ kind: 'failed' });
  expect(readFileSync(path, 'utf8')).toBe(text);

  // And what does not compile never reaches the work tree at all.
  const head = git('ours', 'rev-parse', 'HEAD');
  writeFileSync(join(top, 'theirs', 'config.d', 'models.yaml'), 'models: [\n');
  git('theirs', 'commit', '--quiet', '-am', 'broken');
  git('theirs', 'push', '--quiet', 'origin', 'main');
  expect(await pull({ repository, evaluate, writer, activate })).toMatchObject({ kind: 'refused' });
  expect(git('ours', 'rev-parse', 'HEAD')).toBe(head);
}, 120_000);
