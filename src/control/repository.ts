// The git side of a configuration: which commits and branches a written change becomes, and what is still owed after a
// failure or a stop. Everything is about the files of the configuration; other files of the repository are left alone.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evaluation } from './evaluate.ts';
import type { CommitDetails, Git, Revision } from './git.ts';
import { locate } from './git-paths.ts';
import type { GitOutcome, RepositorySettings } from './git-outcome.ts';
import {
  createOwedMemory,
  hashText,
  nothingOwed,
  type Owed,
  type OwedCommit,
  type OwedStore,
} from './owed.ts';
import { createProposals, type Proposals } from './proposals.ts';

/** What git still owes: shown in status and metrics. */
export interface GitStatus {
  readonly state: 'clean' | 'uncommitted' | 'unpushed';
  readonly error?: string;
  /** Epoch milliseconds of the first failure. */
  readonly since?: number;
  /** Paths from the top of the work tree that wait for their commit. */
  readonly files?: readonly string[];
  /** Branches that wait for the remote. */
  readonly branches?: readonly string[];
}

export interface Repository extends Proposals {
  /** Reads what an earlier process left owed. */
  restore(): Promise<void>;
  /** Remembers, durably, that these texts (by absolute path) are to be committed; before they are written. */
  intend(texts: ReadonlyMap<string, string>, details: CommitDetails, push: boolean): Promise<OwedCommit>;
  /** Nothing was written after all. */
  withdraw(intent: OwedCommit): Promise<void>;
  /** Commits the present text of the files; `unpushed` where a push is to follow. Never rejects. */
  record(intent: OwedCommit, details: CommitDetails): Promise<GitOutcome>;
  /** Tries failed commits again, alone in the queue of writes; never rejects. */
  retryCommits(): Promise<void>;
  /** Tries failed pushes again; nobody needs to wait for that. Never rejects. */
  retryPushes(): Promise<void>;
  /** Pushes a branch, the one that is checked out when left out; what fails is owed. Never rejects. */
  push(branch?: string): Promise<GitOutcome>;
  status(): GitStatus;
  /** Commits that touched the files of a configuration, those of its includes that are gone too; newest first. */
  history(
    configuration: Pick<Evaluation, 'files' | 'folder' | 'loaded'>,
    limit: number,
  ): Promise<readonly Revision[]>;
  blame(path: string, line: number): Promise<Revision | undefined>;
  /** Text of a file (absolute path) at a revision; undefined when it is not there. */
  read(revision: string, path: string): Promise<string | undefined>;
  resolve(revision: string): Promise<string | undefined>;
  /** Fetches; resolves with the remote's commit of this branch, undefined where there is none. */
  fetch(): Promise<string | undefined>;
  readonly git: Git;
}

export interface RepositoryParts {
  readonly git: Git;
  settings(): RepositorySettings;
  now(): number;
  /** Forgotten with the process when left out. */
  readonly owed?: OwedStore;
}

export function createRepository({
  git,
  settings,
  now,
  owed: store = createOwedMemory(),
}: RepositoryParts): Repository {
  let owed: Owed = nothingOwed;
  let fault: { readonly error: string; readonly since: number } | undefined;
  let files: readonly string[] = [];

  // Commits are made in the queue of writes and pushes beside it: the newest state is what lands on disk last.
  let saving: Promise<void> = Promise.resolve();
  async function keep(next: Owed): Promise<void> {
    owed = next;
    const save = saving.then(() => store.save(owed));
    saving = save.catch(() => undefined);
    await save;
    files = await Promise.all(
      [...new Set(owed.commits.flatMap(({ writes }) => writes.map(({ path }) => path)))].map((path) =>
        locate(git, path),
      ),
    );
  }

  function fail(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    fault = { error: message, since: fault?.since ?? now() };
    return message;
  }

  function status(): GitStatus {
    const { commits, branches } = owed;
    const state = commits.length > 0 ? 'uncommitted' : branches.length > 0 ? 'unpushed' : 'clean';
    if (state === 'clean') return { state };
    return { state, ...fault, ...(files.length > 0 && { files }), ...(branches.length > 0 && { branches }) };
  }

  const owe = (branch: string): Promise<void> =>
    keep({ ...owed, branches: [...new Set([...owed.branches, branch])] });
  const paid = (branch: string): Promise<void> =>
    keep({ ...owed, branches: owed.branches.filter((each) => each !== branch) });

  // One at a time: two pushes of one branch would get in each other's way. One that has not begun yet does for all who ask.
  let pushing: Promise<unknown> = Promise.resolve();
  const waiting = new Map<string, Promise<GitOutcome>>();
  function push(name?: string): Promise<GitOutcome> {
    const queued = waiting.get(name ?? '');
    if (queued) return queued;
    const next = pushing.then(async (): Promise<GitOutcome> => {
      waiting.delete(name ?? '');
      const branch = name ?? (await git.currentBranch());
      const commit = await git.resolve(branch === undefined ? 'HEAD' : `refs/heads/${branch}`);
      const named = commit === undefined ? {} : { commit };
      try {
        if (branch === undefined) throw new Error('HEAD is detached: there is no branch to push');
        // Owed first, paid when the remote has it: a stop in between is not forgotten.
        await owe(branch);
        await git.push(settings().remote, branch);
        // What came on top meanwhile is still owed.
        if ((await git.resolve(`refs/heads/${branch}`)) === commit) await paid(branch);
        if (status().state === 'clean') fault = undefined;
        return { state: 'pushed', ...named };
      } catch (error) {
        return { state: 'unpushed', ...named, error: fail(error) };
      }
    });
    waiting.set(name ?? '', next);
    pushing = next.catch(() => undefined);
    return next;
  }

  /** Commits these files as they stand; `settled` are no longer owed. Rejects when git refuses. */
  async function commit(
    paths: readonly string[],
    details: CommitDetails,
    settled: readonly OwedCommit[],
  ): Promise<string> {
    const inside = await Promise.all(paths.map((path) => locate(git, path)));
    const changed = await git.listChanged(inside);
    const id = changed.length === 0 ? ((await git.resolve('HEAD')) ?? '') : await git.commit(inside, details);
    const pushes = settled.some((each) => each.push);
    const branch = pushes ? await git.currentBranch() : undefined;
    await keep({
      commits: owed.commits.filter((each) => !settled.includes(each)),
      branches: [...new Set([...owed.branches, ...(branch === undefined ? [] : [branch])])],
    });
    return id;
  }

  async function record(intent: OwedCommit, details: CommitDetails): Promise<GitOutcome> {
    const latest = { ...intent, details };
    let id: string;
    try {
      await keep({ ...owed, commits: owed.commits.map((each) => (each.id === intent.id ? latest : each)) });
      // What an earlier failure left in the same files goes along: they hold it already.
      const { ready } = await sift(git, owed.commits, intent);
      const settled = owed.commits.filter((each) => each.writes.every(({ path }) => ready.has(path)));
      id = await commit([...ready], joinDetails(settled), settled);
    } catch (error) {
      return { state: 'uncommitted', error: fail(error) };
    }
    if (owed.commits.length === 0 && owed.branches.length === 0) fault = undefined;
    return { state: intent.push ? 'unpushed' : 'committed', commit: id };
  }

  async function commitOwed(): Promise<void> {
    const { ready, edited, done } = await sift(git, owed.commits);
    const over = (each: OwedCommit): boolean =>
      each.writes.every(({ path }) => done.has(path) || ready.has(path));
    const settled = owed.commits.filter(over);
    if (ready.size > 0 && settled.length > 0) await commit([...ready], joinDetails(settled), settled);
    else if (settled.length > 0)
      await keep({ ...owed, commits: owed.commits.filter((each) => !settled.includes(each)) });
    if (edited.size > 0) {
      const names = await Promise.all([...edited].map((path) => locate(git, path)));
      throw new Error(
        `edited by hand before the change was committed: ${names.join(', ')}; commit it by hand`,
      );
    }
  }

  const proposals = createProposals({ git, settings, paid, owe });
  return {
    ...proposals,
    git,
    record,
    status,
    push,
    restore: async () => {
      await keep(await store.read());
      if (status().state !== 'clean') fail('a stop came before git was done');
    },
    intend: async (texts, details, pushes) => {
      const writes = [...texts].map(([path, text]) => ({ path, hash: hashText(text) }));
      const intent: OwedCommit = { id: crypto.randomUUID(), writes, details, push: pushes };
      await keep({ ...owed, commits: [...owed.commits, intent] });
      return intent;
    },
    withdraw: ({ id }) => keep({ ...owed, commits: owed.commits.filter((each) => each.id !== id) }),
    retryCommits: async () => {
      if (owed.commits.length === 0) return;
      await commitOwed().catch(fail);
      if (status().state === 'clean') fault = undefined;
    },
    retryPushes: async () => {
      for (const branch of owed.branches) {
        const gone = (await git.resolve(`refs/heads/${branch}`)) === undefined;
        await (gone ? paid(branch).catch(fail) : push(branch));
      }
      if (status().state === 'clean') fault = undefined;
    },
    history: (configuration, limit) => listHistory(git, configuration, limit),
    blame: async (path, line) => git.blame(await locate(git, path), line),
    read: async (revision, path) => git.read(revision, await locate(git, path)),
    resolve: git.resolve,
    fetch: async () => {
      const { remote } = settings();
      const branch = await git.currentBranch();
      if (branch === undefined) throw new Error('HEAD is detached: there is no branch to pull');
      await git.fetch(remote);
      return git.resolve(`refs/remotes/${remote}/${branch}`);
    },
  };
}

/** See Repository.history. */
export async function listHistory(
  git: Git,
  { files, folder, loaded }: Pick<Evaluation, 'files' | 'folder' | 'loaded'>,
  limit: number,
): Promise<readonly Revision[]> {
  const inside = (names: readonly string[]): Promise<string[]> =>
    Promise.all(names.map((name) => locate(git, join(folder, name))));
  const paths = await inside(files.map(({ name }) => name));
  return git.history(paths, limit, await inside(loaded.config?.include ?? []));
}

/**
 * Owed files by what became of them: as we wrote them and not committed yet, edited since, committed by somebody or never
 * written. Files of `now` are committed as they stand.
 */
async function sift(
  git: Git,
  commits: readonly OwedCommit[],
  now?: OwedCommit,
): Promise<{
  readonly ready: ReadonlySet<string>;
  readonly edited: ReadonlySet<string>;
  readonly done: ReadonlySet<string>;
}> {
  const latest = new Map(commits.flatMap(({ writes }) => writes.map(({ path, hash }) => [path, hash])));
  const found = { ready: new Set<string>(), edited: new Set<string>(), done: new Set<string>() };
  for (const [path, hash] of latest) {
    const bytes = await readFile(path).catch(() => undefined);
    const ours =
      now?.writes.some((write) => write.path === path) === true ||
      (bytes !== undefined && hashText(bytes) === hash);
    const open = ours || (await git.listChanged([await locate(git, path)])).length > 0;
    (ours ? found.ready : open ? found.edited : found.done).add(path);
  }
  return found;
}

// One commit may hold several changes of a time in which git failed: the last one is its subject, the others are told.
function joinDetails(commits: readonly OwedCommit[]): CommitDetails {
  const last = commits.at(-1)?.details ?? { message: 'config: changes', author: { name: '', email: '' } };
  const earlier = commits.slice(0, -1).map(({ details }) => {
    const [subject = ''] = details.message.split('\n');
    return `- ${subject} (${details.author.name})`;
  });
  if (earlier.length === 0) return last;
  return { ...last, message: `${last.message}\n\nAlso, from a time when git failed:\n${earlier.join('\n')}` };
}
