// What the audit log is told of one change: who, which files, their hashes and the difference; before and after.
import { randomUUID } from 'node:crypto';
import { describeChange } from './describe-change.ts';
import { sha256 } from './evaluate.ts';
import type { PlannedWrite } from './journal.ts';
import type { AuditEntry, Effect, WriteRequest } from './write-types.ts';
import type { WriterParts } from './writer.ts';

/** Writes the lines of one change: `intent` before anything is done, `outcome` with what came of it. */
export function openAudit(
  { audit, clock, snapshot }: Pick<WriterParts, 'audit' | 'clock' | 'snapshot'>,
  request: WriteRequest,
  writes: readonly PlannedWrite[],
  { files, patch }: Effect,
): (phase: AuditEntry['phase'], more?: Partial<AuditEntry>) => Promise<void> {
  const id = randomUUID();
  const subject = describeChange(request);
  const hash = (texts: readonly (string | null)[]): string => sha256(texts.join('\0'));
  const before = hash(writes.map((each) => each.before));
  const after = hash(writes.map((each) => each.after));
  const previous = snapshot()?.revision ?? '';
  const names = request.secrets && request.secrets.size > 0 ? { secrets: [...request.secrets.keys()] } : {};
  const common = { id, actor: request.actor.name, subject, files, before, after, previous, ...names };
  return (phase, more = {}) =>
    audit({ at: clock.now(), phase, ...common, ...(phase === 'intent' ? { patch } : {}), ...more });
}
