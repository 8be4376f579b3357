// Branches that have gone apart, brought together again: the commits that were made here are made anew on top of the
// remote's, each change in the newest text. Nothing moves here; what comes out is a commit to look at.
import { mergeTexts } from '../config/merge.ts';
import { isGatewayError } from '../errors.ts';
import type { CommitRecord, FileChange, Git } from './git.ts';

export type ReplayOutcome =
  | { readonly kind: 'replayed'; readonly commit: string; readonly count: number }
  /** A person must decide; `error` says where the two sides meet. */
  | { readonly kind: 'apart'; readonly error: string };

/** `ours` on top of `theirs`. Only commits of this program are made again: a person's own are for that person to move. */
export async function replay(git: Git, ours: string, theirs: string): Promise<ReplayOutcome> {
  const base = await git.mergeBase(ours, theirs);
  if (base === undefined) return { kind: 'apart', error: 'the two branches share no commit' };
  const commits = await git.listCommits(base, ours);
  const foreign = commits.find(({ own, parents }) => !own || parents.length !== 1);
  if (foreign)
    return { kind: 'apart', error: `${describe(foreign)} is no commit of OmniRoute; only its own are moved` };
  let tip = theirs;
  for (const commit of commits) {
    const changes = await changeAgain(git, commit, tip);
    if ('error' in changes) return { kind: 'apart', error: `${describe(commit)}: ${changes.error}` };
    if (changes.files.length === 0) continue;
    const { author: name, email, message, at } = commit;
    tip = await git.commitTree(tip, changes.files, { message, author: { name, email }, at });
  }
  return { kind: 'replayed', commit: tip, count: commits.length };
}

async function changeAgain(
  git: Git,
  commit: CommitRecord,
  onto: string,
): Promise<{ readonly files: readonly FileChange[] } | { readonly error: string }> {
  const files: FileChange[] = [];
  for (const path of await git.listTouched(commit.commit)) {
    const [base, ours, theirs] = await Promise.all(
      [commit.parents[0] ?? '', commit.commit, onto].map((revision) => git.read(revision, path)),
    );
    if (ours === theirs) continue;
    if (base === theirs) files.push({ path, text: ours ?? null });
    else if (base === undefined || ours === undefined || theirs === undefined)
      return { error: `${path} is there on one side only` };
    else {
      try {
        const text = mergeTexts(base, ours, theirs, await git.mergeTexts(base, ours, theirs));
        if (text !== theirs) files.push({ path, text });
      } catch (error) {
        if (!isGatewayError(error)) throw error;
        return { error: `${path}: ${error.message}` };
      }
    }
  }
  return { files };
}

function describe({ commit, subject, author }: CommitRecord): string {
  return `${commit.slice(0, 10)} "${subject}" by ${author}`;
}
