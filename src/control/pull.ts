// A pull as a transaction: what the remote has is compiled straight from git before the work tree moves, so that a bad
// commit never reaches the disk and a half-finished checkout is never read.
import { findText } from '../config/file-set.ts';
import { hasErrors, type Diagnostic } from '../diagnostics.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { describeEffect } from './effect.ts';
import type { Evaluate } from './evaluate.ts';
import { createGitFiles } from './git-files.ts';
import type { Proposal } from './proposals.ts';
import { replay } from './replay.ts';
import type { Repository } from './repository.ts';
import type { Effect } from './write-types.ts';
import type { Activation, Writer } from './writer.ts';

export type PullOutcome = (
  | { readonly kind: 'current' }
  | {
      readonly kind: 'live';
      readonly commit: string;
      readonly revision: string;
      /** Commits of ours that were made anew on top of the remote's. */
      readonly replayed?: number;
    }
  /** What would come; nothing has moved. */
  | ({ readonly kind: 'rehearsed'; readonly commit: string; readonly revision: string } & Effect)
  | { readonly kind: 'refused'; readonly commit: string; readonly diagnostics: readonly Diagnostic[] }
  /** The branches have gone apart where only a person can decide; both stay as they are. */
  | { readonly kind: 'diverged'; readonly commit: string; readonly error: string; readonly hint: string }
  /** Git did not fetch, or files with edits are in the way. */
  | { readonly kind: 'failed'; readonly error: string }
) & {
  /** Branches of proposals that were removed at the remote without being merged. */
  readonly dropped?: readonly string[];
};

export interface PullParts {
  readonly repository: Repository;
  readonly evaluate: Evaluate;
  readonly writer: Pick<Writer, 'exclusive'>;
  activate(): Promise<Activation>;
  /** Keeps the watcher quiet about the checkout, until the answer is called. */
  hold?(): () => void;
  /** Stops before anything moves. */
  readonly dryRun?: boolean;
  snapshot?(): Snapshot | undefined;
  /** Whether commits of ours go to the remote. */
  pushes?(): boolean;
}

/** Never rejects; nothing has moved unless the answer is `live`, or `refused` by what only this machine knows. */
export async function pull(parts: PullParts): Promise<PullOutcome> {
  const { repository, writer } = parts;
  let dropped: readonly string[] = [];
  const outcome = await (async (): Promise<PullOutcome> => {
    // A remote that hangs must not hold up changes: only what is here already is taken over in their queue. And asked
    // before the fetch: what was merged and removed in the meantime is then seen as merged.
    const vanished = await repository.listVanished();
    const theirs = await repository.fetch();
    return writer.exclusive(async () => {
      if (parts.dryRun !== true) dropped = await drop(repository, vanished, theirs ?? 'HEAD');
      return takeOver(parts, theirs);
    });
  })().catch((error: unknown) => ({
    kind: 'failed' as const,
    error: error instanceof Error ? error.message : String(error),
  }));
  if (outcome.kind === 'live' && outcome.replayed !== undefined && parts.pushes?.() === true)
    await repository.push();
  return dropped.length === 0 ? outcome : { ...outcome, dropped };
}

async function takeOver(parts: PullParts, theirs: string | undefined): Promise<PullOutcome> {
  const { repository, evaluate, activate } = parts;
  const { git } = repository;
  const ours = await git.resolve('HEAD');
  if (theirs === undefined || ours === undefined || theirs === ours) return { kind: 'current' };
  if (await git.isAncestor(theirs, ours)) return { kind: 'current' };
  const apart = !(await git.isAncestor(ours, theirs));
  const again = apart ? await replay(git, ours, theirs) : undefined;
  if (again?.kind === 'apart') {
    const hint = `in ${git.top}, either \`git pull --rebase\` and settle it there, or give up the commits that are only here with \`git reset --keep ${theirs.slice(0, 12)}\``;
    return { kind: 'diverged', commit: theirs, error: again.error, hint };
  }
  const commit = again?.commit ?? theirs;
  const candidate = await evaluate(undefined, createGitFiles(git, commit));
  if (hasErrors(candidate.diagnostics))
    return { kind: 'refused', commit, diagnostics: candidate.diagnostics };
  if (parts.dryRun === true) {
    const { files } = await evaluate();
    const changed = candidate.files.filter(({ name, text }) => findText(files, name) !== text);
    const effect = describeEffect(parts.snapshot?.(), files, changed, candidate);
    return { kind: 'rehearsed', commit, revision: candidate.snapshot?.revision ?? '', ...effect };
  }
  const release = parts.hold?.();
  let activation: Activation;
  try {
    await (again ? git.moveTo(commit) : git.fastForward(commit));
    activation = await activate();
  } finally {
    release?.();
  }
  return activation.kind === 'live'
    ? { kind: 'live', commit, revision: activation.revision, ...(again && { replayed: again.count }) }
    : { kind: 'refused', commit, diagnostics: activation.diagnostics };
}

async function drop(
  repository: Repository,
  vanished: readonly Proposal[],
  theirs: string,
): Promise<readonly string[]> {
  const dropped: string[] = [];
  for (const proposal of vanished) {
    if (await repository.git.isMerged(proposal.commit, theirs)) continue;
    await repository.forget(proposal);
    dropped.push(proposal.branch);
  }
  return dropped;
}
