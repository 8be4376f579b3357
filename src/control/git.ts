// Git as the write path needs it: commit exactly the configuration files, propose on a branch without touching HEAD,
// index or work tree, read old revisions. Always argument arrays, never a shell; names are checked before use.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGit, type RunOptions } from './git-process.ts';

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

/** One commit with what is needed to make it again. */
export interface CommitRecord extends Revision {
  readonly parents: readonly string[];
  /** Subject and body. */
  readonly message: string;
  /** Made by this program, see `committer`. */
  readonly own: boolean;
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
  /** A commit with these changes on top of `base`, on no branch yet; nothing of the work tree moves. */
  commitTree(
    base: string,
    changes: readonly FileChange[],
    details: CommitDetails & { readonly at?: number },
  ): Promise<string>;
  /** Makes a branch; rejects when there is one of this name. */
  createBranch(branch: string, commit: string): Promise<void>;
  /** With what is known of it at the remote; rejects when the branch is somewhere else by now. */
  deleteBranch(branch: string, commit: string, remote: string): Promise<void>;
  /** `own`: the newest commit was made by this program. */
  listBranches(
    prefix: string,
  ): Promise<readonly (Revision & { readonly branch: string; readonly own: boolean })[]>;
  /** Names below `prefix` at the remote. */
  listRemoteBranches(remote: string, prefix: string): Promise<ReadonlySet<string>>;
  /** Whether `base` holds the commit, or one that changes the same lines, as after a squash or a rebase. */
  isMerged(commit: string, base: string): Promise<boolean>;
  isAncestor(commit: string, of: string): Promise<boolean>;
  /** Whether any branch, here or as the remotes had them, holds the commit. */
  isHeld(commit: string): Promise<boolean>;
  mergeBase(one: string, other: string): Promise<string | undefined>;
  /** What `tip` has and `base` lacks, oldest first. */
  listCommits(base: string, tip: string): Promise<readonly CommitRecord[]>;
  /** Paths that a commit changes against its first parent. */
  listTouched(commit: string): Promise<readonly string[]>;
  /** Both changes of a text together, by lines; undefined where they meet. */
  mergeTexts(base: string, ours: string, theirs: string): Promise<string | undefined>;
  /** Moves the checked-out branch and its files to `revision`; rejects when a file with edits would change. */
  moveTo(revision: string): Promise<void>;
  hasRemote(remote: string): Promise<boolean>;
  push(remote: string, branch: string): Promise<void>;
  deleteRemoteBranch(remote: string, branch: string): Promise<void>;
  fetch(remote: string): Promise<void>;
  /** Moves the checked-out branch forward to `revision`; rejects when that is no fast-forward. */
  fastForward(revision: string): Promise<void>;
  /** Text of a file at a revision; undefined when it is not there. */
  read(revision: string, path: string): Promise<string | undefined>;
  /** Paths below a folder at a revision. */
  list(revision: string, folder: string): Promise<readonly string[]>;
  /** Commits that touched these paths, or what these globs match: files that are gone by now are found by them. */
  history(paths: readonly string[], limit: number, globs?: readonly string[]): Promise<readonly Revision[]>;
  /** Who last changed a line (from 1); undefined for lines that are not committed. */
  blame(path: string, line: number): Promise<Revision | undefined>;
}

/** Milliseconds that a remote may take; whoever changes something waits for the push. */
const remotePatience = 30_000;
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const field = '%x1f';
const revisionFormat = ['%H', '%an', '%ae', '%at', '%s'].join(field);

/** Opens the work tree that holds `folder`; undefined outside any. */
export async function openGit(folder: string): Promise<Git | undefined> {
  const top = await runGit(folder, ['rev-parse', '--show-toplevel']).then(
    (text) => text.trim(),
    () => undefined,
  );
  return top === undefined ? undefined : createGit(top);
}

function createGit(top: string): Git {
  const git = (args: readonly string[], options: RunOptions = {}): Promise<string> =>
    runGit(top, args, options);
  const resolve = (revision: string): Promise<string | undefined> =>
    git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]).then(
      (text) => text.trim(),
      () => undefined,
    );
  const isAncestor = (commit: string, of: string): Promise<boolean> =>
    git(['merge-base', '--is-ancestor', commit, of]).then(
      () => true,
      () => false,
    );
  return {
    top,
    resolve,
    isAncestor,
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
    commitTree: async (base, changes, details) => {
      const scratch = await mkdtemp(join(tmpdir(), 'omniroute-index-'));
      try {
        const env = { ...identity(details.author, details.at), GIT_INDEX_FILE: join(scratch, 'index') };
        const parent = await resolve(base);
        await git(['read-tree', parent ?? emptyTree], { env });
        for (const change of changes) await stage(git, change, env);
        const tree = (await git(['write-tree'], { env })).trim();
        const parents = parent === undefined ? [] : ['-p', parent];
        const args = ['commit-tree', tree, ...parents, '-F', '-'];
        return (await git(args, { env, input: details.message })).trim();
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
    createBranch: async (branch, commit) => {
      await git(['check-ref-format', '--branch', branch]);
      // All zeros as the old value: the branch must not exist, or a second proposal would bury the first.
      await git(['update-ref', `refs/heads/${branch}`, commit, '0'.repeat(commit.length)]);
    },
    deleteBranch: async (branch, commit, remote) => {
      await git(['update-ref', '-d', `refs/heads/${branch}`, commit]);
      await git(['update-ref', '-d', `refs/remotes/${remote}/${branch}`]);
    },
    listBranches: async (prefix) => {
      const fields = ['objectname', 'authorname', 'authoremail:trim', 'authordate:unix', 'subject'];
      const format = ['refname:lstrip=2', 'committeremail:trim', ...fields]
        .map((name) => `%(${name})`)
        .join('%1f');
      const args = ['--sort=-committerdate', `--format=${format}`, `refs/heads/${prefix}`];
      const text = await git(['for-each-ref', ...args]);
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => {
          const [branch = '', email, ...revision] = line.split('\x1f');
          return { branch, own: email === committer.email, ...parseRevision(revision.join('\x1f')) };
        });
    },
    listRemoteBranches: async (remote, prefix) => {
      const args = ['ls-remote', '--heads', '--', remote, `refs/heads/${prefix}*`];
      const text = await git(args, { timeout: remotePatience });
      return new Set(text.split('\n').flatMap((line) => line.split('\trefs/heads/')[1] ?? []));
    },
    isMerged: async (commit, base) => {
      if (await isAncestor(commit, base)) return true;
      const marks = await git(['cherry', base, commit]).catch(() => '+');
      return marks.trim() !== '' && marks.split('\n').every((line) => line === '' || line.startsWith('-'));
    },
    isHeld: async (commit) => {
      const args = ['--count=1', '--format=%(refname)', `--contains=${commit}`, 'refs/heads', 'refs/remotes'];
      return (await git(['for-each-ref', ...args]).catch(() => '')).trim() !== '';
    },
    mergeBase: (one, other) =>
      git(['merge-base', '--end-of-options', one, other]).then(
        (text) => text.trim(),
        () => undefined,
      ),
    listCommits: async (base, tip) => {
      const format = `--format=${revisionFormat}${field}%P${field}%ce${field}%B%x00`;
      const text = await git(['log', '--reverse', '--topo-order', format, `${base}..${tip}`]);
      return text.split('\0').flatMap((entry) => {
        const parts = entry.replace(/^\n/, '').split('\x1f');
        const [parents = '', email = '', message = ''] = parts.slice(5);
        if (parts.length < 8) return [];
        return {
          ...parseRevision(parts.slice(0, 5).join('\x1f')),
          parents: parents.split(' ').filter(Boolean),
          own: email === committer.email,
          message: message.trimEnd(),
        };
      });
    },
    listTouched: async (commit) => {
      const text = await git(['diff-tree', '--no-commit-id', '--name-only', '-r', '-z', '--root', commit]);
      return text.split('\0').filter(Boolean);
    },
    mergeTexts: async (base, ours, theirs) => {
      const scratch = await mkdtemp(join(tmpdir(), 'omniroute-merge-'));
      try {
        const paths = ['ours', 'base', 'theirs'].map((name) => join(scratch, name));
        const texts = [ours, base, theirs];
        await Promise.all(paths.map((path, index) => writeFile(path, texts[index] ?? '')));
        return await git(['merge-file', '--stdout', '--quiet', ...paths]).catch(() => undefined);
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
    moveTo: async (revision) => {
      // git reset knows no --end-of-options; a commit id is none.
      if (!/^[0-9a-f]+$/.test(revision)) throw new Error(`${revision} is no commit id`);
      await git(['reset', '--quiet', '--keep', revision]);
    },
    hasRemote: (remote) =>
      git(['config', '--get', `remote.${remote}.url`]).then(
        (text) => text.trim() !== '',
        () => false,
      ),
    deleteRemoteBranch: async (remote, branch) => {
      await git(['push', '--quiet', '--delete', '--', remote, `refs/heads/${branch}`], {
        timeout: remotePatience,
      });
    },
    push: async (remote, branch) => {
      await git(['push', '--quiet', '--', remote, `refs/heads/${branch}:refs/heads/${branch}`], {
        timeout: remotePatience,
      });
    },
    fetch: async (remote) => {
      await git(['fetch', '--quiet', '--', remote], { timeout: remotePatience });
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
    history: async (paths, limit, globs = []) => {
      if ((await resolve('HEAD')) === undefined) return [];
      const text = await git([
        'log',
        `--max-count=${limit}`,
        `--format=${revisionFormat}`,
        '--',
        ...literal(paths),
        ...globs.map((glob) => `:(glob,top)${glob}`),
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

/** Who makes commits here; the author is whoever made the change. */
const committer = { name: 'OmniRoute', email: 'omniroute@localhost' } as const;

function identity(author: Actor, at?: number): NodeJS.ProcessEnv {
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    ...(at === undefined ? {} : { GIT_AUTHOR_DATE: `@${Math.floor(at / 1000)} +0000` }),
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
  };
}

// A path is never a pattern: `config.d/[a].yaml` means that file.
function literal(paths: readonly string[]): string[] {
  return paths.map((path) => `:(literal,top)${path}`);
}
