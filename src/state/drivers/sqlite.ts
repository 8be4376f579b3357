// Opens the state database: pragmas, migrations, and errors that say what an operator can do.
// Durability: WAL with synchronous=NORMAL. A killed process loses nothing that was committed; a power cut may lose
// the last commits since the latest checkpoint, never the integrity of the file.
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { ensureFolder } from '../../lib/folders.ts';
import { StateError } from '../fault.ts';
import { type Migration, migrations } from './migrations.ts';

export type Connection = Database.Database;

export interface WriterConnectionOptions {
  /** Milliseconds that SQLite itself waits for a lock before the writer's own back-off begins. */
  readonly busyTimeout?: number;
  /** Only tests give another list. */
  readonly steps?: readonly Migration[];
}

/** Opens for writing, creates and migrates. Throws StateError. */
export function openForWriting(file: string, options: WriterConnectionOptions = {}): Connection {
  const steps = options.steps ?? migrations;
  let database: Connection | undefined;
  try {
    ensureFolder(dirname(file));
    database = new Database(file, { timeout: options.busyTimeout ?? 2000 });
    // Rows say who asked for what; only the owner of the process reads them.
    chmodSync(file, 0o600);
    const version = readVersion(database);
    if (version > steps.length) throw newerSchema(file, version, steps.length);
    // Takes effect only while the file has no table yet.
    if (version === 0) database.pragma('auto_vacuum = INCREMENTAL');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    // 16 MiB: pages that many commits change anew are written to the file once for all of them.
    database.pragma('wal_autocheckpoint = 4000');
    database.pragma('journal_size_limit = 67108864');
    database.pragma('temp_store = MEMORY');
    migrate(database, steps, file);
    return database;
  } catch (error) {
    database?.close();
    throw explain(file, error);
  }
}

/** Opens for queries. The writer must have opened the file before. Throws StateError. */
export function openForReading(file: string): Connection {
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 2000 });
    database.pragma('query_only = ON');
    return database;
  } catch (error) {
    throw explain(file, error);
  }
}

/** SQLite's name of an error (`SQLITE_BUSY`), or undefined for other errors. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof Database.SqliteError ? error.code : undefined;
}

/** Faults that pass by themselves or when an operator makes room: try again later with the same batch. */
export function isTransient(code: string | undefined): boolean {
  return code !== undefined && /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|NOMEM|PROTOCOL)/.test(code);
}

function migrate(database: Connection, steps: readonly Migration[], file: string): void {
  // The lock is taken before the version is read again: two processes may start on one folder at once.
  const run = database.transaction(() => {
    const from = readVersion(database);
    if (from > steps.length) throw newerSchema(file, from, steps.length);
    for (const [index, step] of steps.entries()) {
      if (index < from) continue;
      try {
        database.exec(step.sql);
      } catch (error) {
        if (isTransient(sqliteCode(error))) throw error;
        throw new StateError(
          'migration',
          `${file}: step ${index + 1} of the schema (${step.title}) failed: ${messageOf(error)}. The file is unchanged.`,
          error,
        );
      }
    }
    if (from < steps.length) database.pragma(`user_version = ${steps.length}`);
  });
  if (readVersion(database) !== steps.length) run.immediate();
}

function readVersion(database: Connection): number {
  return Number(database.pragma('user_version', { simple: true }));
}

function newerSchema(file: string, found: number, known: number): StateError {
  return new StateError(
    'newer-schema',
    `${file} was written by a newer OmniRoute (schema ${found}, this version knows ${known}). ` +
      'Start that version, or point DATA_DIR at another folder.',
  );
}

function explain(file: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  const code = sqliteCode(error);
  if (code?.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new StateError(
      'corrupt',
      `${file} is not a usable database (${messageOf(error)}). Restore a backup, or move the file away to begin with an empty history.`,
      error,
    );
  }
  return new StateError(
    'unopenable',
    `${file} cannot be opened (${messageOf(error)}). The folder must exist and be writable for this user.`,
    error,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
