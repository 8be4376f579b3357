// API and pull at once in mode push, with others who push to the same file: branches go apart again and again, and in the
// end everything that was answered for and everything that was pushed is at the remote, in one line of commits.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.ts';
import { createEvaluate } from '../../src/control/evaluate.ts';
import { openGit } from '../../src/control/git.ts';
import { pull } from '../../src/control/pull.ts';
import { createRepository } from '../../src/control/repository.ts';
import { createWriter, type Activation } from '../../src/control/writer.ts';
import { createRandom } from '../../src/lib/random.ts';
import { createGitPlaces, mainFile, type GitPlaces } from '../support/git-remote.ts';

const rounds = Number(process.env['GIT_ROUNDS'] ?? 10);
let places: GitPlaces | undefined;
afterEach(() => places?.remove());

it(
  'loses nothing',
  async () => {
    const base = `version: 1
gitops: { mode: push }
providers: { anthropic: {} }
models:
  anthropic/m0: { context: 1000 } # theirs
aliases:
  first: anthropic/claude-sonnet-5 # ours
`;
    places = createGitPlaces(base);
    const { ours, theirs, git } = places;
    const path = join(ours, mainFile);
    const opened = await openGit(ours);
    if (!opened) throw new Error('no work tree');
    const settings = resolveConfig({ version: 1 }).gitops;
    const clock = { now: () => 0 };
    const repository = createRepository({ git: opened, settings: () => settings, now: clock.now });
    const evaluate = createEvaluate({ config: path, environment: {}, clock });
    const live: string[] = [];
    const activate = async (): Promise<Activation> => {
      const { files, snapshot, diagnostics } = await evaluate();
      if (!snapshot) return { kind: 'refused', diagnostics };
      live.push(files[0]?.text ?? '');
      return { kind: 'live', revision: snapshot.revision };
    };
    const parts = {
      repository,
      evaluate,
      activate,
      clock,
      gitops: () => settings,
      snapshot: () => undefined,
    };
    const writer = createWriter({
      ...parts,
      audit: async () => undefined,
      journal: join(ours, '..', 'journal.json'),
    });
    const random = createRandom(11);
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, random() * 30));
    const add = async (name: string): Promise<void> => {
      await pause();
      const edits = [{ op: 'set', pointer: `/aliases/${name}`, value: 'first' }] as const;
      const outcome = await writer.write({
        change: { kind: 'edits', edits },
        actor: { name: 'Ada', email: 'ada@example.org' },
      });
      expect(outcome.kind).toBe('live');
    };
    const kinds = new Set<string>();
    let replayed = 0;
    const update = async (): Promise<void> => {
      const outcome = await pull({ repository, evaluate, writer, activate, pushes: () => true });
      kinds.add(outcome.kind);
      if (outcome.kind === 'live') replayed += outcome.replayed ?? 0;
    };
    const pushTheirs = (round: number): void => {
      git('theirs', 'pull', '--quiet', '--rebase', 'origin', 'main');
      const text = readFileSync(join(theirs, mainFile), 'utf8');
      const line = `  anthropic/m${round}: { context: 1000 } # theirs`;
      writeFileSync(join(theirs, mainFile), text.replace('models:\n', `models:\n${line}\n`));
      git('theirs', 'commit', '--quiet', '-am', `model ${round}`);
      git('theirs', 'push', '--quiet', 'origin', 'main');
    };
    for (let round = 1; round <= rounds; round++) {
      pushTheirs(round);
      await Promise.all([add(`a${round}`), add(`b${round}`), pause().then(update)]);
      await update();
      await repository.retryPushes();
    }
    expect([...kinds].filter((kind) => kind !== 'live' && kind !== 'current')).toEqual([]);
    expect(replayed).toBeGreaterThan(0);
    await update();
    const text = readFileSync(path, 'utf8');
    for (let round = 1; round <= rounds; round++) {
      for (const piece of [`  a${round}: first\n`, `  b${round}: first\n`, `  anthropic/m${round}: `])
        expect(text.split(piece).length - 1, piece).toBe(1);
    }
    expect(text).toContain('# ours\n');
    expect(repository.status()).toEqual({ state: 'clean' });
    expect(git('remote', 'show', `main:${mainFile}`)).toBe(text);
    expect(git('remote', 'rev-list', '--merges', 'main')).toBe('');
    expect(git('ours', 'status', '--porcelain')).toBe('');
    expect(
      git('remote', 'log', '--format=%an', 'main')
        .split('\n')
        .filter((name) => name === 'Ada').length,
    ).toBe(rounds * 2);
    // Nothing that served was torn or half merged.
    for (const served of live) expect(served).toContain('# ours\n');
  },
  60_000 + rounds * 5_000,
);
