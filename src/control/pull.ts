// A pull as a transaction: what the remote has is compiled straight from git before the work tree moves, so that a bad
// commit never reaches the disk and a half-finished checkout is never read.
import { hasErrors, type Diagnostic } from '../diagnostics.ts';
import type { Evaluate } from './evaluate.ts';
import { createGitFiles } from './git-files.ts';
import type { Repository } from './repository.ts';
import type { Activation, Writer } from './writer.ts';

export type PullOutcome =
  | { readonly kind: 'current' }
  | { readonly kind: 'live'; readonly commit: string; readonly revision: string }
  | { readonly kind: 'refused'; readonly commit: string; readonly diagnostics: readonly Diagnostic[] }
  /** Git did not fetch, or the branches have gone apart; a person must look. */
  | { readonly kind: 'failed'; readonly error: string };

export interface PullParts {
  readonly repository: Repository;
  readonly evaluate: Evaluate;
  readonly writer: Pick<Writer, 'exclusive'>;
  activate(): Promise<Activation>;
}

/** Never rejects; nothing has moved unless the answer is `live`, or `refused` by what only this machine knows. */
export function pull({ repository, evaluate, writer, activate }: PullParts): Promise<PullOutcome> {
  return writer.exclusive(async () => {
    try {
      const commit = await repository.fetchAhead();
      if (commit === undefined) return { kind: 'current' };
      const candidate = await evaluate(undefined, createGitFiles(repository.git, commit));
      if (hasErrors(candidate.diagnostics))
        return { kind: 'refused', commit, diagnostics: candidate.diagnostics };
      await repository.fastForward(commit);
      const activation = await activate();
      return activation.kind === 'live'
        ? { kind: 'live', commit, revision: activation.revision }
        : { kind: 'refused', commit, diagnostics: activation.diagnostics };
    } catch (error) {
      return { kind: 'failed', error: error instanceof Error ? error.message : String(error) };
    }
  });
}
