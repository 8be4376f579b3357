// The state database in the hands of a command that ends soon, beside a gateway that may be running: secrets, a few
// slices, and the audit of what the command did. Writes are synchronous; SQLite's own locks keep the two apart.
import { join } from 'node:path';
import type { Slice } from '../routing/ports.ts';
import type { AuditRow } from './audit.ts';
import { createAuditWriter } from './drivers/audit-sql.ts';
import { createSecretTable } from './drivers/secrets-sql.ts';
import { openForWriting } from './drivers/sqlite.ts';
import { databaseName } from './open.ts';
import type { SecretTable } from './vault.ts';

export interface CommandState {
  readonly secrets: SecretTable;
  /** Slices of this kind. */
  slices(kind: string): readonly Slice[];
  /** Writes or removes them in one transaction, together with the row of the audit log. */
  save(slices: readonly Slice[], row: AuditRow): void;
  audit(row: AuditRow): void;
  close(): void;
}

/** Makes and migrates the file when it must. Throws StateError. */
export function openCommandState(dataFolder: string): CommandState {
  const database = openForWriting(join(dataFolder, databaseName), { busyTimeout: 10_000 });
  const { insert } = createAuditWriter(database);
  const list = database.prepare<[string], Slice>('SELECT kind, id, value FROM slices WHERE kind = ?');
  const put = database.prepare<[string, string, string]>(
    'INSERT INTO slices (kind, id, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const drop = database.prepare<[string, string]>('DELETE FROM slices WHERE kind = ? AND id = ?');
  const save = database.transaction((slices: readonly Slice[], row: AuditRow) => {
    for (const { kind, id, value } of slices) {
      if (value === null) drop.run(kind, id);
      else put.run(kind, id, value);
    }
    insert(row);
  });
  return {
    secrets: createSecretTable(database),
    slices: (kind) => list.all(kind),
    save: (slices, row) => save.immediate(slices, row),
    audit: insert,
    // Old envelopes and what was removed must not linger in the write-ahead log.
    close: () => {
      database.pragma('wal_checkpoint(TRUNCATE)');
      database.close();
    },
  };
}
