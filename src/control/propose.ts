// A change that is not made but proposed: a commit on a branch of its own, with the secrets that came along kept aside
// until it is merged.
import type { FileSet } from '../config/file-set.ts';
import { openAudit } from './audit-change.ts';
import { nameChange, renderMessage } from './describe-change.ts';
import { pathOf, type Evaluation } from './evaluate.ts';
import type { Effect, WriteOutcome, WriteRequest } from './write-types.ts';
import type { WriterParts } from './writer.ts';

export async function propose(
  parts: WriterParts,
  request: WriteRequest,
  disk: Evaluation,
  changed: FileSet,
  effect: Effect,
  revision: string,
): Promise<WriteOutcome> {
  const { repository, secrets } = parts;
  if (!repository)
    return {
      kind: 'readonly',
      message: 'gitops.mode is branch, and the files are in no git repository',
      ...effect,
    };
  const texts = new Map(changed.map(({ name, text }) => [pathOf(disk, name), text]));
  const writes = [...texts].map(([path, after]) => ({ path, before: null, after }));
  const audit = openAudit(parts, request, writes, effect);
  await audit('intent');
  const held = request.secrets ?? new Map<string, string>();
  try {
    const details = { message: renderMessage(request, revision), author: request.actor };
    const proposed = await repository.propose(texts, details, nameChange(request, texts.values()), (made) =>
      held.size === 0 ? undefined : secrets?.hold(made, held),
    );
    await audit('outcome', { result: 'proposed', revision, commit: proposed.commit });
    const pending = held.size === 0 ? {} : { secrets: [...held.keys()] };
    return { kind: 'proposed', revision, ...proposed, ...pending, ...effect };
  } catch (error) {
    await audit('outcome', { result: 'failed' });
    const message = `it could not be proposed: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'conflict', message, uses: [] };
  }
}

/** A proposal stands on what is committed: the edits that somebody has not committed yet are not part of it. */
export async function readHead(
  { repository }: Pick<WriterParts, 'repository'>,
  disk: Evaluation,
): Promise<FileSet> {
  if (!repository) return disk.files;
  return Promise.all(
    disk.files.map(async ({ name, text }) => ({
      name,
      text: (await repository.read('HEAD', pathOf(disk, name))) ?? text,
    })),
  );
}
