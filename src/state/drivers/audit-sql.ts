// The audit log in SQLite: rows are inserted inside the writer's transactions, asked for in the reader's connection.
import { renderDetails, type AuditFilter, type AuditRow, type StoredAudit } from '../audit.ts';
import type { Connection } from './sqlite.ts';

export interface AuditWriter {
  insert(row: AuditRow): void;
  /** Removes one portion of rows that are older; answers how many. */
  forgetBefore(at: number): number;
}

const columns = [
  'at',
  'action',
  'actor',
  'status',
  'address',
  'request_id',
  'target',
  'before',
  'after',
  'details',
] as const;

export function createAuditWriter(database: Connection): AuditWriter {
  const insert = database.prepare<(string | number | null)[]>(
    `INSERT INTO audit (${columns.map(quote).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const forget = database.prepare<[number]>(
    'DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT 500)',
  );
  return {
    insert: (row) => {
      const { at, action, actor, status, address = null, requestId = null, target = null } = row;
      const { before = null, after = null } = row;
      const details = renderDetails(row.details);
      insert.run(at, action, actor, status, address, requestId, target, before, after, details);
    },
    forgetBefore: (at) => forget.run(at).changes,
  };
}

/** A page, newest first, and how many rows there are in all. */
export function queryAudit(
  database: Connection,
  { limit, offset, ...filter }: AuditFilter & { readonly limit: number; readonly offset: number },
): { readonly rows: readonly StoredAudit[]; readonly total: number } {
  const { where, values } = renderFilter(filter);
  const total = database
    .prepare<(string | number)[], number>(`SELECT count(*) FROM audit WHERE ${where}`)
    .pluck()
    .get(...values);
  const rows = database
    .prepare<(string | number)[], Readonly<Record<string, string | number | null>>>(
      `SELECT id, ${columns.map(quote).join(', ')} FROM audit WHERE ${where} ORDER BY id DESC LIMIT ? OFFSET ?`,
    )
    .all(...values, limit, offset);
  return { rows: rows.map(readRow), total: total ?? 0 };
}

function renderFilter(filter: AuditFilter): { readonly where: string; readonly values: (string | number)[] } {
  const parts: string[] = ['1'];
  const values: (string | number)[] = [];
  const add = (sql: string, ...bound: (string | number)[]): void => {
    parts.push(sql);
    values.push(...bound);
  };
  const { action, from, to } = filter;
  // `/` follows `.` in ASCII: everything between is what begins with the action and a dot.
  if (action !== undefined)
    add('(action = ? OR (action > ? AND action < ?))', action, `${action}.`, `${action}/`);
  if (from !== undefined) add('at >= ?', from);
  if (to !== undefined) add('at < ?', to);
  for (const name of ['actor', 'target', 'status'] as const) {
    const value = filter[name];
    if (value !== undefined) add(`${name} = ?`, value);
  }
  if (filter.requestId !== undefined) add('request_id = ?', filter.requestId);
  return { where: parts.join(' AND '), values };
}

function readRow(row: Readonly<Record<string, string | number | null>>): StoredAudit {
  const { request_id: requestId = null, details, ...rest } = row;
  return { ...rest, requestId, details: JSON.parse(String(details)) as unknown } as StoredAudit;
}

// `before` and `after` are words of SQL.
function quote(name: string): string {
  return `"${name}"`;
}
