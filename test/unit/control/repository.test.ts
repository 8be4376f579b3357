// What is owed to git while pushes hang, fail and overlap; real git, with a remote that this test holds by the hand.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openGit, type Git } from '../../../src/control/git.ts';
import { createOwedFile } from '../../../src/control/owed.ts';
import { createRepository, type Repository } from '../../../src/control/repository.ts';
import { createGitPlaces, mainFile, type GitPlaces } from '../../support/git-remote.ts';

let places: GitPlaces;
let git: Git;
let pushes: PromiseWithResolvers<void>[] = [];
const settings = { remote: 'origin', branch: 'omniroute/{actor}-{change}' };
const details = { message: 'config: change', author: { name: 'Ada', email: 'ada@example.org' } };

beforeEach(async () => {
  places = createGitPlaces('version: 1\n');
  const opened = await openGit(places.ours);
  if (!opened) throw new Error('no work tree');
  pushes = [];
  git = {
    ...opened,
    push: () => {
      const push = Promise.withResolvers<void>();
      pushes.push(push);
      return push.promise;
    },
  };
});
afterEach(() => places.remove());

const file = (): string => join(places.ours, mainFile);
const owedFile = (): string => join(places.ours, '..', 'owed.json');
const open = async (): Promise<Repository> => {
  const owed = createOwedFile(owedFile());
  const repository = createRepository({ git, settings: () => settings, now: () => 7, owed });
  await repository.restore();
  return repository;
};

async function change(repository: Repository, text: string): Promise<string> {
  const intent = await repository.intend(new Map([[file(), text]]), details, true);
  writeFileSync(file(), text);
  const { state } = await repository.record(intent, details);
  return state;
}

/** Until so many pushes have begun. */
async function begun(count: number): Promise<void> {
  while (pushes.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
}

it('one push that has not begun yet does for all who ask, and takes along what came meanwhile', async () => {
  const repository = await open();
  expect(await change(repository, 'version: 1\n# one\n')).toBe('unpushed');
  const first = repository.push();
  await begun(1);
  expect(await change(repository, 'version: 1\n# two\n')).toBe('unpushed');
  const others = [repository.push(), repository.push()];
  pushes[0]?.resolve();
  expect((await first).state).toBe('pushed');
  // The second commit is not there yet.
  expect(repository.status()).toMatchObject({ state: 'unpushed', branches: ['main'] });
  await begun(2);
  pushes[1]?.resolve();
  expect((await Promise.all(others)).map(({ state }) => state)).toEqual(['pushed', 'pushed']);
  expect(repository.status()).toEqual({ state: 'clean' });
  expect(pushes).toHaveLength(2);
});

it('a failed push is said with the time of the first failure, and the next process knows it', async () => {
  const repository = await open();
  await change(repository, 'version: 1\n# one\n');
  const first = repository.push();
  await begun(1);
  pushes[0]?.reject(new Error('git push: no answer within 30 s'));
  expect(await first).toMatchObject({ state: 'unpushed', error: 'git push: no answer within 30 s' });
  expect(repository.status()).toEqual({
    state: 'unpushed',
    error: 'git push: no answer within 30 s',
    since: 7,
    branches: ['main'],
  });
  const next = await open();
  expect(next.status()).toMatchObject({ state: 'unpushed', branches: ['main'] });
  const retry = next.retryPushes();
  await begun(2);
  pushes[1]?.resolve();
  await retry;
  expect(next.status()).toEqual({ state: 'clean' });
  expect((await open()).status()).toEqual({ state: 'clean' });
});

it('a change that was announced and never written is owed no more at the next start', async () => {
  const before = await open();
  await before.intend(new Map([[file(), 'version: 1\n# never\n']]), details, false);
  const after = await open();
  expect(after.status()).toMatchObject({ state: 'uncommitted', files: [mainFile] });
  await after.retryCommits();
  expect(after.status()).toEqual({ state: 'clean' });
  expect(places.git('ours', 'log', '--oneline').trim().split('\n')).toHaveLength(1);
});

it('several changes of a time in which git failed become one commit that tells them all', async () => {
  const repository = await open();
  const failing = { ...git, commit: () => Promise.reject(new Error('no commits on friday')) };
  const broken = createRepository({
    git: failing,
    settings: () => settings,
    now: () => 7,
    owed: createOwedFile(owedFile()),
  });
  await broken.restore();
  expect(await change(broken, 'version: 1\n# one\n')).toBe('uncommitted');
  const other = { message: 'config: other\n\nbody', author: { name: 'Grace', email: 'grace@example.org' } };
  const text = 'version: 1\n# two\n';
  const intent = await broken.intend(new Map([[file(), text]]), other, false);
  writeFileSync(file(), text);
  expect(await broken.record(intent, other)).toEqual({ state: 'uncommitted', error: 'no commits on friday' });
  await repository.restore();
  await repository.retryCommits();
  expect(places.git('ours', 'log', '-1', '--format=%an|%B')).toBe(
    'Grace|config: other\n\nbody\n\nAlso, from a time when git failed:\n- config: change (Ada)\n\n',
  );
});
