// The git side of a configuration: which commits and branches a written change becomes, and what is still owed after a
// failure. Everything is about the files of the configuration; other files of the repository are left alone.
import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Actor, CommitDetails, Git, Proposal, Revision } from './git.ts';

/** What became of a live change in git. */
export interface GitOutcome {
  /** `unpushed`: committed, but the remote did not take it. */
  readonly state: 'committed' | 'pushed' | 'unpushed' | 'uncommitted';
  readonly commit?: string;
  /** Why it is uncommitted or unpushed. */
  readonly error?: string;
}

/** What git still owes: shown in status and metrics. */
export interface GitStatus {
  readonly state: 'clean' | 'uncommitted' | 'unpushed';
  readonly error?: string;
  /** Epoch milliseconds of the first failure. */
  readonly since?: number;
}

/** The part of `gitops` that git needs. */
export interface RepositorySettings {
  readonly remote: string;
  /** Template of a proposal's branch. */
  readonly branch: string;
}

export interface Repository {
  /** Commits the present text of these files (absolute paths), pushes when asked; never rejects. */
  record(paths: readonly string[], details: CommitDetails, push: boolean): Promise<GitOutcome>;
  /** A branch with these texts on top of HEAD; the work tree is not touched. Rejects when git refuses. */
  propose(texts: ReadonlyMap<string, string>, details: CommitDetails, change: string): Promise<Proposed>;
  /** Tries again what failed; resolves with what is still owed. */
  retry(): Promise<GitStatus>;
  status(): GitStatus;
  listProposals(): Promise<readonly Proposal[]>;
  history(paths: readonly string[], limit: number): Promise<readonly Revision[]>;
  blame(path: string, line: number): Promise<Revision | undefined>;
  /** Text of a file (absolute path) at a revision; undefined when it is not there. */
  read(revision: string, path: string): Promise<string | undefined>;
  resolve(revision: string): Promise<string | undefined>;
  /** Fetches; resolves with the remote commit when it is ahead of HEAD. */
  fetchAhead(): Promise<string | undefined>;
  fastForward(commit: string): Promise<void>;
  readonly git: Git;
}

export interface Proposed {
  readonly branch: string;
  readonly commit: string;
}

export interface RepositoryParts {
  readonly git: Git;
  settings(): RepositorySettings;
  now(): number;
}

export function createRepository({ git, settings, now }: RepositoryParts): Repository {
  const owed = new Map<string, CommitDetails>();
  let unpushed = false;
  let fault: { readonly error: string; readonly since: number } | undefined;

  function status(): GitStatus {
    const state = owed.size > 0 ? 'uncommitted' : unpushed ? 'unpushed' : 'clean';
    return state === 'clean' || !fault ? { state } : { state, ...fault };
  }

  function fail(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    fault = { error: message, since: fault?.since ?? now() };
    return message;
  }

  async function push(): Promise<void> {
    const branch = await git.currentBranch();
    if (branch === undefined) throw new Error('HEAD is detached: there is no branch to push');
    await git.push(settings().remote, branch);
    unpushed = false;
  }

  async function record(
    paths: readonly string[],
    details: CommitDetails,
    pushes: boolean,
  ): Promise<GitOutcome> {
    // What an earlier failure left goes along: the file holds it already.
    const all = new Set([...owed.keys(), ...paths]);
    let commit: string;
    try {
      const inside = await Promise.all([...all].map((path) => locate(git, path)));
      const changed = await git.listChanged(inside);
      if (changed.length === 0) commit = (await git.resolve('HEAD')) ?? '';
      else commit = await git.commit(inside, details);
      owed.clear();
    } catch (error) {
      for (const path of paths) owed.set(path, details);
      return { state: 'uncommitted', error: fail(error) };
    }
    if (!pushes) {
      fault = undefined;
      return { state: 'committed', commit };
    }
    try {
      unpushed = true;
      await push();
      fault = undefined;
      return { state: 'pushed', commit };
    } catch (error) {
      return { state: 'unpushed', commit, error: fail(error) };
    }
  }

  return {
    git,
    record,
    status,
    retry: async () => {
      const details = [...owed.values()].at(-1);
      if (details) await record([], details, unpushed);
      else if (unpushed) {
        await push().then(
          () => (fault = undefined),
          (error: unknown) => fail(error),
        );
      }
      return status();
    },
    propose: async (texts, details, change) => {
      const branch = nameBranch(settings().branch, details.author, change);
      const changes = await Promise.all(
        [...texts].map(async ([path, text]) => ({ path: await locate(git, path), text })),
      );
      return { branch, commit: await git.propose('HEAD', branch, changes, details) };
    },
    listProposals: async () => {
      const [literal = ''] = settings().branch.split('{');
      const found = await git.listProposals(literal.slice(0, literal.lastIndexOf('/') + 1), 'HEAD');
      const current = await git.currentBranch();
      return found.filter(({ branch }) => branch.startsWith(literal) && branch !== current);
    },
    history: async (paths, limit) =>
      git.history(await Promise.all(paths.map((path) => locate(git, path))), limit),
    blame: async (path, line) => git.blame(await locate(git, path), line),
    read: async (revision, path) => git.read(revision, await locate(git, path)),
    resolve: git.resolve,
    fetchAhead: async () => {
      const { remote } = settings();
      const branch = await git.currentBranch();
      if (branch === undefined) return undefined;
      await git.fetch(remote);
      const theirs = await git.resolve(`refs/remotes/${remote}/${branch}`);
      const ours = await git.resolve('HEAD');
      return theirs === ours ? undefined : theirs;
    },
    fastForward: git.fastForward,
  };
}

/** Path from the top of the work tree with forward slashes; links in the folder are followed, as git does. */
export async function locate(git: Git, path: string): Promise<string> {
  const cut = path.lastIndexOf(sep);
  const folder = await realpath(path.slice(0, cut)).catch(() => path.slice(0, cut));
  return relative(git.top, folder + path.slice(cut))
    .split(sep)
    .join('/');
}

function nameBranch(template: string, actor: Actor, change: string): string {
  return template
    .replaceAll('{actor}', slug(actor.name) || 'somebody')
    .replaceAll('{change}', slug(change) || 'change');
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60);
}
