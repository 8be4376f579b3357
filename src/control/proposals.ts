// Changes that wait for somebody's leave: each is a commit on a branch of its own, offered to the remote where there is
// one, until it is merged, rejected, or gone from the remote.
import type { CommitDetails, FileChange, Git, Revision } from './git.ts';
import type { GitOutcome, RepositorySettings } from './git-outcome.ts';
import { locate } from './git-paths.ts';

export interface Proposal extends Revision {
  readonly branch: string;
  /** The branch that is checked out holds it, by itself or by what it changes. */
  readonly merged: boolean;
  /** Nobody has gone on with the branch. */
  readonly own: boolean;
  /** The remote had this commit when it was last asked. */
  readonly pushed: boolean;
}

export interface Proposed {
  readonly branch: string;
  readonly commit: string;
  readonly git: GitOutcome;
}

export interface Proposals {
  /**
   * A branch with these texts on top of HEAD; the work tree is not touched. `unpushed` where there is a remote to offer it
   * to. Rejects when git refuses.
   */
  propose(
    texts: ReadonlyMap<string, string>,
    details: CommitDetails,
    change: string,
    /** Runs while the branch is here and nowhere else; when it rejects there is no proposal. */
    made?: (proposal: { readonly branch: string; readonly commit: string }) => Promise<void> | undefined,
  ): Promise<Proposed>;
  listProposals(): Promise<readonly Proposal[]>;
  /** Removes the branch here and at the remote; undefined when there is no such proposal. */
  reject(branch: string): Promise<Proposal | undefined>;
  /** Proposals that somebody removed at the remote; before a fetch, which shows whether they were merged first. */
  listVanished(): Promise<readonly Proposal[]>;
  /** Forgets a proposal that is gone from the remote. */
  forget(proposal: Proposal): Promise<void>;
  /** What has become of a proposal whose branch may be gone already. */
  judge(branch: string, commit: string): Promise<'open' | 'merged' | 'dropped'>;
}

export interface ProposalParts {
  readonly git: Git;
  settings(): RepositorySettings;
  /** The branch is to be pushed. */
  owe(branch: string): Promise<void>;
  /** The branch is owed no more. */
  paid(branch: string): Promise<void>;
}

export function createProposals({ git, settings, owe, paid }: ProposalParts): Proposals {
  const literalOf = (): string => settings().branch.split('{')[0] ?? '';
  const folderOf = (literal: string): string => literal.slice(0, literal.lastIndexOf('/') + 1);
  const tracked = (branch: string): Promise<string | undefined> =>
    git.resolve(`refs/remotes/${settings().remote}/${branch}`);

  async function listProposals(): Promise<readonly Proposal[]> {
    const literal = literalOf();
    const current = await git.currentBranch();
    const found = (await git.listBranches(folderOf(literal))).filter(
      // A template that begins with a placeholder names nothing by itself: then only what was made here is a proposal.
      ({ branch, own }) => fits(settings().branch, branch) && branch !== current && (own || literal !== ''),
    );
    return Promise.all(
      found.map(async (each) => ({
        ...each,
        merged: await git.isMerged(each.commit, 'HEAD'),
        pushed: (await tracked(each.branch)) === each.commit,
      })),
    );
  }

  /** The name, or with a number behind it; throws when an open proposal says the same already. */
  async function findFree(name: string, changes: readonly FileChange[]): Promise<string> {
    for (let number = 1; ; number++) {
      const branch = number === 1 ? name : `${name}-${number}`;
      const tip = await git.resolve(`refs/heads/${branch}`);
      if (tip === undefined) return branch;
      if (await git.isMerged(tip, 'HEAD')) continue;
      const texts = await Promise.all(changes.map(({ path }) => git.read(tip, path)));
      if (changes.every(({ text }, index) => text === texts[index]))
        throw new Error(`the same change waits on ${branch} already`);
    }
  }

  return {
    listProposals,
    propose: async (texts, details, change, made) => {
      const name = nameBranch(settings().branch, details.author.name, change);
      const changes = await Promise.all(
        [...texts].map(async ([path, text]) => ({ path: await locate(git, path), text })),
      );
      const branch = await findFree(name, changes);
      const commit = await git.commitTree('HEAD', changes, details);
      await git.createBranch(branch, commit);
      try {
        await made?.({ branch, commit });
      } catch (error) {
        await git.deleteBranch(branch, commit, settings().remote);
        throw error;
      }
      const offers = await git.hasRemote(settings().remote);
      if (offers) await owe(branch);
      return { branch, commit, git: { commit, state: offers ? 'unpushed' : 'committed' } };
    },
    reject: async (branch) => {
      const proposal = (await listProposals()).find((each) => each.branch === branch);
      if (!proposal) return undefined;
      if ((await tracked(branch)) !== undefined) await git.deleteRemoteBranch(settings().remote, branch);
      await git.deleteBranch(branch, proposal.commit, settings().remote);
      await paid(branch);
      return proposal;
    },
    listVanished: async () => {
      const offered: Proposal[] = [];
      for (const proposal of await listProposals())
        if (proposal.own && !proposal.merged && (await tracked(proposal.branch)) !== undefined)
          offered.push(proposal);
      if (offered.length === 0) return [];
      const present = await git.listRemoteBranches(settings().remote, folderOf(literalOf()));
      return offered.filter(({ branch }) => !present.has(branch));
    },
    forget: async ({ branch, commit }) => {
      await git.deleteBranch(branch, commit, settings().remote);
      await paid(branch);
    },
    judge: async (branch, commit) => {
      if (await git.isMerged(commit, 'HEAD')) return 'merged';
      const tip = await git.resolve(`refs/heads/${branch}`);
      // Merged into a branch that is not checked out here, or only gone here: it may still come.
      if (tip === undefined) return (await git.isHeld(commit)) ? 'open' : 'dropped';
      // Somebody may have gone on with the branch; what is merged then is its new end.
      return (await git.isMerged(tip, 'HEAD')) ? 'merged' : 'open';
    },
  };
}

/** Whether the template can have given the name, with a number behind it where one was taken. */
function fits(template: string, branch: string): boolean {
  let at = 0;
  for (const [index, literal] of template.split(/\{actor\}|\{change\}/).entries()) {
    const found = index === 0 ? 0 : branch.indexOf(literal, at + 1);
    const filled = branch.slice(at, Math.max(found, at));
    if (found < 0 || !branch.startsWith(literal, found) || !/^[a-z0-9-]*$/.test(filled)) return false;
    at = found + literal.length;
  }
  return /^[a-z0-9-]*$/.test(branch.slice(at));
}

function nameBranch(template: string, actor: string, change: string): string {
  return template
    .replaceAll('{actor}', slug(actor) || 'somebody')
    .replaceAll('{change}', slug(change) || 'change');
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 60);
}
