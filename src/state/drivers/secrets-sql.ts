// The rows of the secret store in SQLite. Nothing here can read a value: rows hold envelopes.
import { StateError } from '../fault.ts';
import type { SecretRow, SecretTable } from '../vault.ts';
import { openForReading, type Connection } from './sqlite.ts';

/** The table for whoever may write. */
export function createSecretTable(database: Connection): SecretTable {
  const put = database.prepare<[string, string, number, number]>(
    'INSERT INTO secrets (name, envelope, created_at, updated_at) VALUES (?, ?, ?, ?) ' +
      'ON CONFLICT DO UPDATE SET envelope = excluded.envelope, updated_at = excluded.updated_at',
  );
  const seal = database.prepare<[string, string]>('UPDATE secrets SET envelope = ? WHERE name = ?');
  const remove = database.prepare<[string]>('DELETE FROM secrets WHERE name = ?');
  return {
    list: () => querySecrets(database),
    put: (name, envelope, at) => void put.run(name, envelope, at, at),
    remove: (name) => remove.run(name).changes > 0,
    replace: (change) =>
      database
        .transaction(() => {
          for (const row of querySecrets(database)) seal.run(change(row), row.name);
        })
        .immediate(),
  };
}

/** All rows of a file that may not exist yet, for the start of the gateway. Throws StateError. */
export function readSecretRows(file: string): readonly SecretRow[] {
  let database: Connection;
  try {
    database = openForReading(file);
  } catch (error) {
    if (error instanceof StateError && error.fault === 'unopenable') return [];
    throw error;
  }
  try {
    const known = database
      .prepare<[], number>("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'secrets'")
      .pluck()
      .get();
    return known ? querySecrets(database) : [];
  } finally {
    database.close();
  }
}

export function querySecrets(database: Connection): readonly SecretRow[] {
  return database
    .prepare<[], { name: string; envelope: string; created_at: number; updated_at: number }>(
      'SELECT name, envelope, created_at, updated_at FROM secrets ORDER BY name',
    )
    .all()
    .map(({ name, envelope, created_at: createdAt, updated_at: updatedAt }) => ({
      name,
      envelope,
      createdAt,
      updatedAt,
    }));
}
