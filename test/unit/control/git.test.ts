// Real git in a scratch folder: what is committed, and above all what is left alone.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGit, type CommitDetails, type FileChange, type Git } from '../../../src/control/git.ts';
import { GitError } from '../../../src/control/git-process.ts';

const author = { name: 'Ada Löwe', email: 'ada@example.org' };
let top: string;
let git: Git;

const sh = (...args: string[]): string =>
  execFileSync('git', args, {
    cwd: top,
    encoding: 'utf8',
    env: {
      ...process.env,
      GIT_AUTHOR_NAME: 't',
      GIT_AUTHOR_EMAIL: 't@t',
      GIT_COMMITTER_NAME: 't',
      GIT_COMMITTER_EMAIL: 't@t',
    },
  });
const write = (path: string, text: string): void => writeFileSync(join(top, path), text);

const propose = async (
  base: string,
  branch: string,
  changes: readonly FileChange[],
  details: CommitDetails,
): Promise<string> => {
  const commit = await git.commitTree(base, changes, details);
  await git.createBranch(branch, commit);
  return commit;
};

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), 'omniroute-git-'));
  sh('init', '--quiet', '--initial-branch=main');
  write('omniroute.config.yaml', 'version: 1\n');
  write('other.txt', 'other\n');
  sh('add', '.');
  sh('commit', '--quiet', '-m', 'first');
  const opened = await openGit(top);
  if (!opened) throw new Error('no work tree');
  git = opened;
});

afterEach(() => rmSync(top, { recursive: true, force: true }));

describe('openGit', () => {
  it('answers undefined outside a work tree', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'omniroute-no-git-'));
    expect(await openGit(outside)).toBeUndefined();
    rmSync(outside, { recursive: true });
  });
});

describe('commit', () => {
  it('commits exactly the named files, with the actor as author', async () => {
    write('omniroute.config.yaml', 'version: 1\naliases: {}\n');
    write('other.txt', 'staged by a person\n');
    sh('add', 'other.txt');
    write('loose.txt', 'untracked');
    const commit = await git.commit(['omniroute.config.yaml'], {
      message: 'config: add aliases\n\nwhy',
      author,
    });
    expect(sh('show', '--stat', '--format=%an <%ae>|%s|%b', commit)).toContain(
      'Ada Löwe <ada@example.org>|config: add aliases|why',
    );
    expect(sh('show', '--name-only', '--format=', commit).trim()).toBe('omniroute.config.yaml');
    expect(sh('status', '--porcelain')).toBe('M  other.txt\n?? loose.txt\n');
  });

  it('commits a new include', async () => {
    mkdirSync(join(top, 'config.d'));
    write('config.d/[a].yaml', 'x: 1\n');
    write('config.d/a.yaml', 'not mine\n');
    await git.commit(['config.d/[a].yaml'], { message: 'm', author });
    expect(sh('status', '--porcelain')).toBe('?? config.d/a.yaml\n');
  });

  it('reports a refusing hook in its own words', async () => {
    writeFileSync(
      join(top, '.git/hooks/pre-commit'),
      '#!/bin/sh\necho "no commits on friday" >&2\nexit 1\n',
      { mode: 0o755 },
    );
    write('omniroute.config.yaml', 'version: 1\nx: 1\n');
    await expect(git.commit(['omniroute.config.yaml'], { message: 'm', author })).rejects.toThrow(
      /no commits on friday/,
    );
  });
});

describe('propose', () => {
  it('touches neither HEAD, index nor work tree, even when all three are busy', async () => {
    sh('checkout', '--quiet', '-b', 'elsewhere');
    write('omniroute.config.yaml', 'version: 1\n# half an edit');
    write('other.txt', 'staged\n');
    sh('add', 'other.txt');
    const before = {
      head: sh('symbolic-ref', 'HEAD'),
      status: sh('status', '--porcelain'),
      index: readFileSync(join(top, '.git/index')).toString('hex'),
    };
    const commit = await propose(
      'main',
      'omniroute/ada-cap',
      [
        { path: 'omniroute.config.yaml', text: 'version: 1\nkeys: []\n' },
        { path: 'config.d/new.yaml', text: 'a: 1\n' },
        { path: 'other.txt', text: null },
      ],
      { message: 'cap', author },
    );
    const index = readFileSync(join(top, '.git/index')).toString('hex');
    expect({ head: sh('symbolic-ref', 'HEAD'), status: sh('status', '--porcelain'), index }).toEqual(before);
    expect(readFileSync(join(top, 'omniroute.config.yaml'), 'utf8')).toBe('version: 1\n# half an edit');
    expect(await git.read(commit, 'omniroute.config.yaml')).toBe('version: 1\nkeys: []\n');
    expect(await git.list(commit, '')).toEqual(['config.d/new.yaml', 'omniroute.config.yaml']);
    expect(await git.listBranches('omniroute/')).toMatchObject([
      { branch: 'omniroute/ada-cap', commit, author: 'Ada Löwe', subject: 'cap' },
    ]);
    expect(await git.isMerged(commit, 'main')).toBe(false);
    sh('branch', '--quiet', '-f', 'main', commit);
    expect(await git.isMerged(commit, 'main')).toBe(true);
  });

  it('never buries an earlier proposal of the same name', async () => {
    const change = [{ path: 'omniroute.config.yaml', text: 'version: 1\n\n' }];
    const first = await propose('main', 'omniroute/x', change, { message: 'one', author });
    await expect(propose('main', 'omniroute/x', change, { message: 'two', author })).rejects.toBeInstanceOf(
      GitError,
    );
    expect(await git.resolve('omniroute/x')).toBe(first);
  });

  it.each(['../evil', '-x', 'a b', 'a..b', 'x.lock', ''])('refuses the branch name %j', async (branch) => {
    await expect(propose('main', branch, [], { message: 'm', author })).rejects.toBeInstanceOf(GitError);
  });
});

describe('reading', () => {
  it('shows history and blame of a line, and nothing for lines that are not committed', async () => {
    write('omniroute.config.yaml', 'version: 1\naliases: { a: b/c }\n');
    const commit = await git.commit(['omniroute.config.yaml'], { message: 'aliases', author });
    write('omniroute.config.yaml', 'version: 1\naliases: { a: b/c }\nkeys: []\n');
    expect(await git.history(['omniroute.config.yaml'], 10)).toMatchObject([
      { commit, author: 'Ada Löwe', subject: 'aliases' },
      { subject: 'first' },
    ]);
    expect(await git.blame('omniroute.config.yaml', 2)).toMatchObject({ commit, email: 'ada@example.org' });
    expect(await git.blame('omniroute.config.yaml', 3)).toBeUndefined();
    expect(await git.listChanged(['omniroute.config.yaml', 'other.txt'])).toEqual(['omniroute.config.yaml']);
    expect(await git.read('HEAD', 'nowhere.yaml')).toBeUndefined();
  });

  it('treats a revision that looks like an option as a name that does not exist', async () => {
    expect(await git.resolve('--all')).toBeUndefined();
    expect(await git.read('--help', 'x')).toBeUndefined();
  });

  it('moves forward only', async () => {
    const start = await git.resolve('HEAD');
    write('other.txt', '2\n');
    const next = await git.commit(['other.txt'], { message: 'n', author });
    sh('reset', '--quiet', '--hard', start ?? '');
    await git.fastForward(next);
    expect(await git.resolve('HEAD')).toBe(next);
    await expect(git.fastForward('0'.repeat(40))).rejects.toBeInstanceOf(GitError);
  });
});

describe('push', () => {
  it('sends a branch, and hides credentials of a failing remote', async () => {
    const remote = mkdtempSync(join(tmpdir(), 'omniroute-remote-'));
    execFileSync('git', ['init', '--quiet', '--bare', remote]);
    sh('remote', 'add', 'origin', remote);
    await git.push('origin', 'main');
    expect(execFileSync('git', ['rev-parse', 'main'], { cwd: remote, encoding: 'utf8' }).trim()).toBe(
      await git.resolve('main'),
    );
    sh('remote', 'add', 'bad', 'http://user:hunter2@127.0.0.1:1/x.git');
    const failure = await git.push('bad', 'main').catch((error: Error) => error.message);
    expect(failure).toContain('git push');
    expect(failure).not.toContain('hunter2');
    rmSync(remote, { recursive: true });
  });
});
