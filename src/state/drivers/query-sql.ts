// The SQL behind every named query. Values are always bound; only names from our own tables enter the text.
import { readRequestTime } from '../../lib/request-id.ts';
import { tokenKinds } from '../batch.ts';
import type { CounterName, QueryTable, StoredUsage, UsageFilter, UsageSums } from '../queries.ts';
import { queryAudit } from './audit-sql.ts';
import { tokenColumn } from './migrations.ts';
import { querySecrets } from './secrets-sql.ts';
import type { Connection } from './sqlite.ts';
import { counterKeys, foldSelect, renderUsageSelect, sumColumns, usedBytes } from './usage-sql.ts';

type Row = Readonly<Record<string, string | number | null>>;

const counterNames = [
  'key',
  'provider',
  'connection',
  'model',
] as const satisfies readonly (keyof CounterName)[];

const hour = 3_600_000;

const sumsOfRows = `count(*) AS requests, sum(status >= 400) AS failures, sum(estimated) AS estimated,
  sum(cost IS NULL) AS unpriced, coalesce(sum(cost), 0) AS cost,
  ${tokenKinds.map((kind) => `coalesce(sum(${tokenColumn(kind)}), 0) AS ${tokenColumn(kind)}`).join(', ')}`;

const sumsOfCounters = `${sumColumns.map((column) => `sum(${column}) AS ${column}`).join(', ')}, max(last_at) AS last_at`;

/** Prepares nothing ahead: better-sqlite3 compiles a statement in some microseconds, queries are rare. */
export function createQueryTable(database: Connection): QueryTable {
  const all = (sql: string, ...values: readonly (string | number)[]): readonly Row[] =>
    database.prepare<(string | number)[], Row>(sql).all(...values);
  const one = (sql: string, ...values: readonly (string | number)[]): Row | undefined =>
    database.prepare<(string | number)[], Row>(sql).get(...values);

  return {
    recentRequests: ({ limit, before, ...filter }) => {
      const { where, values } = renderFilter(filter);
      const cursor = before ?? Number.MAX_SAFE_INTEGER;
      const rows = all(
        `SELECT id, ${renderUsageSelect(database)} FROM usage WHERE id < ? AND ${where} ORDER BY id DESC LIMIT ?`,
        cursor,
        ...values,
        limit + 1,
      ).map(readUsage);
      const page = rows.slice(0, limit);
      return { rows: page, next: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    request: ({ requestId }) => {
      const select = `SELECT id, ${renderUsageSelect(database)} FROM usage WHERE`;
      const latest = 'ORDER BY id DESC LIMIT 1';
      // Our ids say when they were made, which is the `at` of their rows: no index of its own is kept for them.
      const at = readRequestTime(requestId);
      const row =
        at === undefined
          ? one(`${select} request_id = ? ${latest}`, requestId)
          : one(`${select} at = ? AND request_id = ? ${latest}`, at, requestId);
      return row ? readUsage(row) : null;
    },
    usageBuckets: ({ width, by, ...filter }) => {
      const { where, values } = renderFilter(filter);
      const group = by === 'none' ? `''` : `coalesce(${by}, '')`;
      return all(
        `SELECT CAST((at - ?) / ? AS INTEGER) AS bucket, ${group} AS grouping, ${sumsOfRows}
         FROM usage WHERE ${where} GROUP BY 1, 2 ORDER BY 1, 2`,
        filter.from,
        width,
        ...values,
      ).map((row) => ({
        start: filter.from + Number(row['bucket']) * width,
        group: String(row['grouping']),
        ...readSums(row),
      }));
    },
    usageTotals: ({ from = 0, by }) => {
      const names = counterNames.filter((name) => by.includes(name));
      return all(
        `SELECT ${[...names, sumsOfCounters].join(', ')} FROM counters WHERE hour >= ?
         ${names.length > 0 ? `GROUP BY ${names.join(', ')}` : 'HAVING count(*) > 0'}`,
        Math.floor(from / hour),
      ).map(readCounter);
    },
    spendSince: ({ from }) => {
      const next = Math.ceil(from / hour);
      const columns = [...counterKeys, ...sumColumns, 'last_at'].join(', ');
      return all(
        `WITH parts(${columns}) AS (
           SELECT ${columns} FROM counters WHERE hour >= ?
           UNION ALL ${foldSelect('at >= ? AND at < ?')})
         SELECT ${counterNames.join(', ')}, ${sumsOfCounters} FROM parts GROUP BY ${counterNames.join(', ')}`,
        next,
        from,
        next * hour,
      ).map(readCounter);
    },
    audit: (params) => queryAudit(database, params),
    secrets: () => querySecrets(database),
    slices: () =>
      all('SELECT kind, id, value FROM slices').map(({ kind, id, value }) => ({
        kind: String(kind),
        id: String(id),
        value: String(value),
      })),
    verifyCounters: () => verify(database),
    integrity: () => {
      const messages = all('PRAGMA integrity_check(20)').map((row) => String(row['integrity_check']));
      const ok = messages.length === 1 && messages[0] === 'ok';
      return { ok, messages: ok ? [] : messages };
    },
    statistics: () => {
      const row = one('SELECT count(*) AS rows, min(at) AS oldest, max(at) AS newest FROM usage');
      return {
        rows: Number(row?.['rows'] ?? 0),
        oldestAt: numberOrNull(row?.['oldest']),
        newestAt: numberOrNull(row?.['newest']),
        bytes: usedBytes(database),
      };
    },
  };
}

// One read transaction: a batch that lands between two of these statements must not look like a difference.
function verify(database: Connection): ReturnType<QueryTable['verifyCounters']> {
  const columns = [...counterKeys, ...sumColumns, 'last_at'];
  const recomputed = `SELECT ${counterKeys.join(', ')}, ${sumsOfCounters} FROM (
      SELECT ${columns.join(', ')} FROM retired UNION ALL SELECT * FROM (${foldSelect('true')})
    ) GROUP BY ${counterKeys.join(', ')}`;
  const counted = `SELECT ${columns.join(', ')} FROM counters`;
  const run = database.transaction((): ReturnType<QueryTable['verifyCounters']> => {
    const read = (sql: string): readonly Row[] => database.prepare<[], Row>(sql).all();
    const watermark = Number(read(`SELECT value FROM marks WHERE name = 'watermark'`)[0]?.['value'] ?? 0);
    const last = Number(read('SELECT max(id) AS id FROM usage')[0]?.['id'] ?? 0);
    const wrong = (label: string, sql: string): readonly string[] =>
      read(`${sql} LIMIT 10`).map((row) => `${label} ${JSON.stringify(row)}`);
    const differences = [
      ...wrong('counted but not in the rows:', `${counted} EXCEPT ${recomputed}`),
      ...wrong('in the rows but not counted:', `${recomputed} EXCEPT ${counted}`),
      ...(last > watermark ? [`rows ${watermark + 1} to ${last} are not counted`] : []),
    ];
    return { ok: differences.length === 0, watermark, differences };
  });
  return run();
}

function renderFilter(filter: UsageFilter): { readonly where: string; readonly values: (string | number)[] } {
  const parts: string[] = ['true'];
  const values: (string | number)[] = [];
  const add = (sql: string, value: string | number | undefined): void => {
    if (value === undefined) return;
    parts.push(sql);
    values.push(value);
  };
  add('at >= ?', filter.from);
  add('at < ?', filter.to);
  add('key = ?', filter.key);
  add('provider = ?', filter.provider);
  add('connection = ?', filter.connection);
  add('model = ?', filter.model);
  add('requested_model = ?', filter.requestedModel);
  if (filter.status === 'ok') parts.push('status < 400');
  else if (filter.status === 'error') parts.push('status >= 400');
  else add('status = ?', filter.status);
  return { where: parts.join(' AND '), values };
}

function readUsage(row: Row): StoredUsage {
  const text = (name: string): string => String(row[name] ?? '');
  const textOrNull = (name: string): string | null => (row[name] === null ? null : text(name));
  const tokens: Record<string, number> = {};
  for (const kind of tokenKinds) {
    const count = row[tokenColumn(kind)];
    if (typeof count === 'number') tokens[kind] = count;
  }
  return {
    id: Number(row['id']),
    requestId: text('request_id'),
    at: Number(row['at']),
    revision: text('revision'),
    secretEpoch: Number(row['secret_epoch']),
    key: textOrNull('key'),
    protocol: text('protocol'),
    operation: text('operation'),
    requestedModel: text('requested_model'),
    provider: textOrNull('provider'),
    connection: textOrNull('connection'),
    model: textOrNull('model'),
    facts: text('facts'),
    reasons: text('reasons'),
    attempts: text('attempts'),
    tokens,
    cost: numberOrNull(row['cost']),
    estimated: row['estimated'] === 1,
    marks: text('marks'),
    status: Number(row['status']),
    errorCode: textOrNull('error_code'),
    stream: row['stream'] === 1,
  };
}

function readSums(row: Row): UsageSums {
  const number = (name: string): number => Number(row[name] ?? 0);
  return {
    requests: number('requests'),
    failures: number('failures'),
    estimated: number('estimated'),
    unpriced: number('unpriced'),
    cost: number('cost'),
    tokens: {
      input: number('input_tokens'),
      output: number('output_tokens'),
      cacheRead: number('cache_read_tokens'),
      cacheWrite: number('cache_write_tokens'),
      cacheWrite1h: number('cache_write_1h_tokens'),
      reasoning: number('reasoning_tokens'),
      audioInput: number('audio_input_tokens'),
      audioOutput: number('audio_output_tokens'),
    },
  };
}

function readCounter(row: Row): UsageSums & CounterName & { readonly lastAt: number } {
  const name = (column: string): string => String(row[column] ?? '');
  return {
    key: name('key'),
    provider: name('provider'),
    connection: name('connection'),
    model: name('model'),
    lastAt: Number(row['last_at'] ?? 0),
    ...readSums(row),
  };
}

function numberOrNull(value: string | number | null | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
