// Everything the writer thread does inside SQLite: insert a batch, fold it into the counters, retire old rows.
import { type Batch, type Bound, readRows, textColumns, tokenKinds } from '../batch.ts';
import { foldRows } from '../fold.ts';
import { readSlice, secretSlice } from '../held-secrets.ts';
import { createAuditWriter } from './audit-sql.ts';
import { createRowInserter } from './insert-sql.ts';
import { tokenColumn } from './migrations.ts';
import { createSecretTable } from './secrets-sql.ts';
import { createSharedTexts, hasSharedTexts, readShared } from './shared-texts.ts';
import { type Connection, sqliteCode } from './sqlite.ts';

/** SQL names of the usage columns in the order of a batch. */
export const usageColumns: readonly string[] = [
  ...textColumns.map(snakeCase),
  'at',
  'secret_epoch',
  'cost',
  'estimated',
  'status',
  'stream',
  ...tokenKinds.map(tokenColumn),
];

/** The column whose text may stand in the table of shared texts. */
const sharedColumn = 'reasons';

/** The usage columns as a SELECT reads them. */
export function renderUsageSelect(database: Connection): string {
  const shared = hasSharedTexts(database) ? sharedColumn : undefined;
  return usageColumns.map((column) => (column === shared ? readShared(column) : column)).join(', ');
}

/** SQL names of the sums that a counter holds. */
export const sumColumns: readonly string[] = [
  'requests',
  'failures',
  'estimated',
  'unpriced',
  'cost',
  ...tokenKinds.map(tokenColumn),
];

/** SQL names of what a counter is about. */
export const counterKeys: readonly string[] = ['hour', 'key', 'provider', 'connection', 'model'];

/** The SELECT that turns usage rows into counters; what "fold" means. `where` is our own text. */
export function foldSelect(where: string): string {
  return `SELECT at / 3600000, coalesce(key, ''), coalesce(provider, ''), coalesce(connection, ''), coalesce(model, ''),
  count(*), sum(status >= 400), sum(estimated), sum(cost IS NULL), coalesce(sum(cost), 0),
  ${tokenKinds.map((kind) => `coalesce(sum(${tokenColumn(kind)}), 0)`).join(', ')},
  max(at) FROM usage WHERE ${where} GROUP BY 1, 2, 3, 4, 5`;
}

export interface WrittenBatch {
  readonly written: number;
  /** Rows that the schema refuses; they can never be written and are only counted. */
  readonly rejected: number;
}

export interface UsageWriter {
  /** One transaction: rows, counters, watermark, slices, audit rows, sequence. Throws SqliteError when it must be repeated. */
  write(batch: Batch): WrittenBatch;
  /** Removes one small portion of old rows; answers how many. */
  retireBefore(at: number): number;
  /** Removes one small portion of the oldest rows when the file holds more than `bytes`; answers how many. */
  retireAbove(bytes: number): number;
  /** Removes one small portion of old audit rows; answers how many. */
  forgetAudits(at: number): number;
  /** Forgets counters of hours before `at`; answers how many. */
  forgetCounters(at: number): number;
  /** Removes the mark of this writer, at its orderly end. */
  forgetSession(): void;
  /** Removes the marks that killed writers born before `at` left behind. */
  forgetSessions(at: number): void;
  /** Gives up to 256 free pages back to the file system; answers whether there are more. */
  vacuum(): boolean;
}

const portion = 500;

/** Prepares every statement once. `session` names the writer among all that ever wrote to this file. */
export function createUsageWriter(database: Connection, session: string): UsageWriter {
  const mark = `writer/${session}`;
  const texts = createSharedTexts(database);
  const { insertAll, insertOne } = createRowInserter(database, usageColumns, {
    name: sharedColumn,
    share: texts.share,
  });
  const fold = database.prepare<[number]>(upsertFold('counters', foldSelect('id > ?')));
  const count = database.prepare<Bound[]>(
    upsertFold(
      'counters',
      `VALUES (${[...counterKeys, ...sumColumns, 'last_at'].map(() => '?').join(', ')})`,
    ),
  );
  const readMark = database.prepare<[string], number>('SELECT value FROM marks WHERE name = ?').pluck();
  const setMark = database.prepare<[string, number]>(
    'INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const lastId = database.prepare<[], number>('SELECT coalesce(max(id), 0) FROM usage').pluck();
  const setSlice = database.prepare<[string, string, string]>(
    'INSERT INTO slices (kind, id, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const dropSlice = database.prepare<[string, string]>('DELETE FROM slices WHERE kind = ? AND id = ?');
  const old = database
    .prepare<[number], number>(`SELECT id FROM usage WHERE at < ? ORDER BY at LIMIT ${portion}`)
    .pluck();
  const oldest = database.prepare<[], number>(`SELECT id FROM usage ORDER BY id LIMIT ${portion}`).pluck();
  const keepSums = database.prepare<[string]>(
    upsertFold('retired', foldSelect('id IN (SELECT value FROM json_each(?))')),
  );
  const remove = database.prepare<[string]>('DELETE FROM usage WHERE id IN (SELECT value FROM json_each(?))');

  const audit = createAuditWriter(database);
  const secrets = createSecretTable(database);
  const writeSecret = (name: string, value: string | null): void => {
    if (value === null) secrets.remove(name);
    else secrets.put(name, readSlice(value).envelope, readSlice(value).at);
  };

  /** Answers how many rows the schema refuses. */
  const insertEach = (batch: Batch): number => {
    let rejected = 0;
    for (const row of readRows(batch)) {
      try {
        insertOne(row);
      } catch (error) {
        if (!isRowFault(error)) throw error;
        rejected++;
      }
    }
    return rejected;
  };

  const write = database.transaction((batch: Batch, careful: boolean): WrittenBatch => {
    // A thread that died after its commit and before its answer gets the batch again.
    if ((readMark.get(mark) ?? 0) >= batch.sequence) return { written: batch.rows, rejected: 0 };
    let rejected = 0;
    const watermark = readMark.get('watermark') ?? 0;
    texts.begin(batch.rows);
    const isFolded = !careful && (lastId.get() ?? 0) <= watermark;
    if (careful) rejected = insertEach(batch);
    else insertAll(batch);
    if (batch.rows > rejected) {
      if (isFolded) for (const counter of foldRows(batch)) count.run(...counter);
      else fold.run(watermark);
      setMark.run('watermark', lastId.get() ?? 0);
    }
    for (const { kind, id, value } of batch.slices) {
      if (kind === secretSlice) writeSecret(id, value);
      else if (value === null) dropSlice.run(kind, id);
      else setSlice.run(kind, id, value);
    }
    for (const row of batch.audits ?? []) audit.insert(row);
    setMark.run(mark, batch.sequence);
    return { written: batch.rows - rejected, rejected };
  });

  const retire = database.transaction((ids: readonly number[]): number => {
    if (ids.length === 0) return 0;
    const list = JSON.stringify(ids);
    keepSums.run(list);
    remove.run(list);
    texts.prune();
    return ids.length;
  });

  const dropMarks = database.prepare<[string, string]>('DELETE FROM marks WHERE name >= ? AND name < ?');
  const oldestHour = database.prepare<[], number | null>('SELECT min(at) / 3600000 FROM usage').pluck();
  const forgetCounters = database.prepare<[number]>('DELETE FROM counters WHERE hour < ?');
  const forgetRetired = database.prepare<[number]>('DELETE FROM retired WHERE hour < ?');
  const forget = database.transaction(
    (hour: number): number => forgetRetired.run(hour).changes + forgetCounters.run(hour).changes,
  );

  return {
    write: (batch) => {
      try {
        return write.immediate(batch, false);
      } catch (error) {
        if (!isRowFault(error)) throw error;
        // One row that the schema refuses must not hold back the others for ever.
        return write.immediate(batch, true);
      }
    },
    retireBefore: (at) => retire.immediate(old.all(at)),
    retireAbove: (bytes) => (usedBytes(database) > bytes ? retire.immediate(oldest.all()) : 0),
    forgetAudits: (at) => audit.forgetBefore(at),
    forgetCounters: (at) => {
      // Never an hour that still has rows: the proof counters = retired + fold(usage) would break.
      const hour = Math.min(Math.floor(at / 3_600_000), oldestHour.get() ?? Number.MAX_SAFE_INTEGER);
      return forget.immediate(hour);
    },
    forgetSession: () => void dropMarks.run(mark, `${mark} `),
    forgetSessions: (at) => void dropMarks.run('writer/', `writer/${new Date(at).toISOString()}`),
    vacuum: () => {
      const before = freePages(database);
      if (before === 0) return false;
      database.pragma('incremental_vacuum(256)');
      const after = freePages(database);
      // A file that was made without auto_vacuum never gets smaller.
      return after > 0 && after < before;
    },
  };
}

/** Bytes of the file that hold data; free pages do not count. */
export function usedBytes(database: Connection): number {
  const read = (name: string): number => Number(database.pragma(name, { simple: true }));
  return (read('page_count') - read('freelist_count')) * read('page_size');
}

function isRowFault(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === undefined
    ? error instanceof TypeError || error instanceof RangeError
    : /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(code);
}

function freePages(database: Connection): number {
  return Number(database.pragma('freelist_count', { simple: true }));
}

function upsertFold(table: 'counters' | 'retired', counters: string): string {
  const columns = [...counterKeys, ...sumColumns, 'last_at'];
  const sums = sumColumns.map((column) => `${column} = ${column} + excluded.${column}`);
  return `INSERT INTO ${table} (${columns.join(', ')}) ${counters}
  ON CONFLICT DO UPDATE SET ${sums.join(', ')}, last_at = max(last_at, excluded.last_at)`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
