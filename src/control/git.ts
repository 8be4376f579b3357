// Git as the write path needs it: commit exactly the configuration files, propose on a branch without touching HEAD,
// index or work tree, read old revisions. Always argument arrays, never a shell; names are checked before use.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Who made a change; becomes the author. */
export interface Actor {
  readonly name: string;
  readonly email: string;
}

/** New content of one file, path relative to the top of the work tree with forward slashes; null deletes it. */
export interface FileChange {
  readonly path: string;
  readonly text: string | null;
}

export interface CommitDetails {
  readonly message: string;
  readonly author: Actor;
}

export interface Revision {
  readonly commit: string;
  readonly author: string;
  readonly email: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly subject: string;
}

export interface Proposal extends Revision {
  readonly branch: string;
  /** True once the base branch contains it. */
  readonly merged: boolean;
}

/** A git command that failed: its own words, without the environment and without any URL credentials. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly exitCode: number | null;

  constructor(command: string, exitCode: number | null, stderr: string) {
    super(`git ${command}: ${redactCredentials(stderr.trim()).slice(0, 400) || `exit code ${exitCode}`}`);
    this.exitCode = exitCode;
  }
}

export interface Git {
  /** Absolute path of the top of the work tree. */
  readonly top: string;
  /** Resolves a name to a commit id; undefined when there is none. */
  resolve(revision: string): Promise<string | undefined>;
  currentBranch(): Promise<string | undefined>;
  /** Paths of the work tree that differ from HEAD, among those given. */
  listChanged(paths: readonly string[]): Promise<readonly string[]>;
  /** Commits the present content of exactly these files; what else is staged stays staged. Resolves with the commit id. */
  commit(paths: readonly string[], details: CommitDetails): Promise<string>;
  /** A commit with these changes on top of `base`, under a new branch; nothing of the work tree moves. */
  propose(
    base: string,
    branch: string,
    changes: readonly FileChange[],
    details: CommitDetails,
  ): Promise<string>;
  listProposals(prefix: string, base: string): Promise<readonly Proposal[]>;
  push(remote: string, branch: string): Promise<void>;
  fetch(remote: string): Promise<void>;
  /** Moves the checked-out branch forward to `revision`; rejects when that is no fast-forward. */
  fastForward(revision: string): Promise<void>;
  /** Text of a file at a revision; undefined when it is not there. */
  read(revision: string, path: string): Promise<string | undefined>;
  /** Paths below a folder at a revision. */
  list(revision: string, folder: string): Promise<readonly string[]>;
  history(paths: readonly string[], limit: number): Promise<readonly Revision[]>;
  /** Who last changed a line (from 1); undefined for lines that are not committed. */
  blame(path: string, line: number): Promise<Revision | undefined>;
}

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const field = '%x1f';
const revisionFormat = ['%H', '%an', '%ae', '%at', '%s'].join(field);

/** Opens the work tree that holds `folder`; undefined outside any. */
export async function openGit(folder: string): Promise<Git | undefined> {
  const top = await run(folder, ['rev-parse', '--show-toplevel']).then(
    (text) => text.trim(),
    () => undefined,
  );
  return top === undefined ? undefined : createGit(top);
}

function createGit(top: string): Git {
  const git = (args: readonly string[], options: RunOptions = {}): Promise<string> => run(top, args, options);
  const resolve = (revision: string): Promise<string | undefined> =>
    git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]).then(
      (text) => text.trim(),
      () => undefined,
    );
  return {
    top,
    resolve,
    currentBranch: () =>
      git(['symbolic-ref', '--quiet', '--short', 'HEAD']).then(
        (text) => text.trim(),
        () => undefined,
      ),
    listChanged: async (paths) => {
      const text = await git([
        'status',
        '--porcelain=v1',
        '-z',
        '--untracked-files=all',
        '--',
        ...literal(paths),
      ]);
      return text.split('\0').flatMap((entry) => (entry.length > 3 ? [entry.slice(3)] : []));
    },
    commit: async (paths, details) => {
      await git(['add', '--', ...literal(paths)]);
      await git(['commit', '--quiet', '--only', '--file=-', '--', ...literal(paths)], {
        input: details.message,
        env: identity(details.author),
      });
      return (await git(['rev-parse', 'HEAD'])).trim();
    },
    propose: async (base, branch, changes, details) => {
      await git(['check-ref-format', '--branch', branch]);
      const scratch = await mkdtemp(join(tmpdir(), 'omniroute-index-'));
      try {
        const env = { ...identity(details.author), GIT_INDEX_FILE: join(scratch, 'index') };
        const parent = await resolve(base);
        await git(['read-tree', parent ?? emptyTree], { env });
        for (const change of changes) await stage(git, change, env);
        const tree = (await git(['write-tree'], { env })).trim();
        const parents = parent === undefined ? [] : ['-p', parent];
        const commit = (
          await git(['commit-tree', tree, ...parents, '-F', '-'], { env, input: details.message })
        ).trim();
        // All zeros as the old value: the branch must not exist, or a second proposal would bury the first.
        await git(['update-ref', `refs/heads/${branch}`, commit, '0'.repeat(commit.length)]);
        return commit;
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
    listProposals: async (prefix, base) => {
      const format = [
        '%(refname:short)',
        '%(objectname)',
        '%(authorname)',
        '%(authoremail:trim)',
        '%(authordate:unix)',
        '%(subject)',
      ];
      const text = await git([
        'for-each-ref',
        '--sort=-committerdate',
        `--format=${format.join('%1f')}`,
        `refs/heads/${prefix}`,
      ]);
      const rows = text
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('\x1f'));
      return Promise.all(
        rows.map(async ([branch = '', commit = '', author = '', email = '', at = '0', subject = '']) => {
          const merged = await git(['merge-base', '--is-ancestor', commit, base]).then(
            () => true,
            () => false,
          );
          return { branch, commit, author, email, at: Number(at) * 1000, subject, merged };
        }),
      );
    },
    push: async (remote, branch) => {
      await git(['push', '--quiet', '--', remote, `refs/heads/${branch}:refs/heads/${branch}`], {
        timeout: 60_000,
      });
    },
    fetch: async (remote) => {
      await git(['fetch', '--quiet', '--', remote], { timeout: 60_000 });
    },
    fastForward: async (revision) => {
      await git(['merge', '--quiet', '--ff-only', '--end-of-options', revision]);
    },
    read: (revision, path) =>
      git(['cat-file', 'blob', '--end-of-options', `${revision}:${path}`]).then(
        (text) => text,
        () => undefined,
      ),
    list: async (revision, folder) => {
      const text = await git([
        'ls-tree',
        '-r',
        '-z',
        '--name-only',
        '--full-tree',
        revision,
        '--',
        ...(folder === '' ? [] : [folder]),
      ]);
      return text.split('\0').filter(Boolean);
    },
    history: async (paths, limit) => {
      if ((await resolve('HEAD')) === undefined) return [];
      const text = await git([
        'log',
        `--max-count=${limit}`,
        `--format=${revisionFormat}`,
        '--',
        ...literal(paths),
      ]);
      return text.split('\n').filter(Boolean).map(parseRevision);
    },
    blame: async (path, line) => {
      const text = await git(['blame', '--porcelain', '-L', `${line},${line}`, '--', path]).catch(() => '');
      const commit = text.slice(0, text.indexOf(' '));
      if (commit === '' || /^0+$/.test(commit)) return undefined;
      return parseRevision((await git(['show', '--no-patch', `--format=${revisionFormat}`, commit])).trim());
    },
  };
}

async function stage(
  git: (args: readonly string[], options?: RunOptions) => Promise<string>,
  change: FileChange,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  if (change.text === null) {
    await git(['update-index', '--force-remove', '--', change.path], { env });
    return;
  }
  // --path applies the repository's own end-of-line and filter rules, as `git add` would.
  const blob = (
    await git(['hash-object', '-w', '--stdin', `--path=${change.path}`], { input: change.text })
  ).trim();
  await git(['update-index', '--add', '--cacheinfo', `100644,${blob},${change.path}`], { env });
}

function parseRevision(line: string): Revision {
  const [commit = '', author = '', email = '', at = '0', ...subject] = line.split('\x1f');
  return { commit, author, email, at: Number(at) * 1000, subject: subject.join('') };
}

function identity(author: Actor): NodeJS.ProcessEnv {
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: 'OmniRoute',
    GIT_COMMITTER_EMAIL: 'omniroute@localhost',
  };
}

// A path is never a pattern: `config.d/[a].yaml` means that file.
function literal(paths: readonly string[]): string[] {
  return paths.map((path) => `:(literal,top)${path}`);
}

function redactCredentials(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^@\s/]+@/g, '$1…@');
}

interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly timeout?: number;
}

function run(folder: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      ['-c', 'core.quotePath=false', ...args],
      {
        cwd: folder,
        timeout: options.timeout ?? 15_000,
        maxBuffer: 64 * 1024 * 1024,
        // Never a prompt, never a pager, and English messages; GIT_DIR of a calling hook must not lead elsewhere.
        env: {
          ...withoutGit(process.env),
          GIT_TERMINAL_PROMPT: '0',
          GIT_PAGER: 'cat',
          LC_ALL: 'C',
          ...options.env,
        },
      },
      (error, stdout, stderr) => {
        if (!error) resolve(stdout);
        else
          reject(
            new GitError(
              args[0] ?? '',
              typeof error.code === 'number' ? error.code : null,
              stderr || error.message,
            ),
          );
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

function withoutGit(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)$/.test(name)),
  );
}
