// State that is gone at stop: the newest rows in an array, sums of older ones, slices in a map. For `driver: memory`
// and for tests; it answers every query as the SQLite driver does.
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Slice, UsageRow } from '../../routing/ports.ts';
import { completeAudit, matchesAudit, type StoredAudit } from '../audit.ts';
import { copyRow, stride, textColumns } from '../batch.ts';
import {
  addSums,
  foldRow,
  groupCounters,
  hourLength,
  type HourlyCounter,
  hourOf,
  sumRow,
  zeroSums,
} from '../counters.ts';
import {
  type Answer,
  checkParams,
  type Params,
  QueryError,
  type QueryName,
  type QueryTable,
  type StoredUsage,
  type UsageFilter,
  type UsageSums,
} from '../queries.ts';
import type { State } from '../state.ts';

export interface MemoryStateOptions {
  readonly clock?: Clock;
  /** Rows that are kept; the oldest go first, their sums stay. */
  readonly maxRows?: number;
}

export interface MemoryState extends State {
  /** The kept rows, oldest first. */
  readonly rows: readonly StoredUsage[];
}

export function createMemoryState(options: MemoryStateOptions = {}): MemoryState {
  const clock = options.clock ?? systemClock;
  const maxRows = options.maxRows ?? 10_000;
  let rows: StoredUsage[] = [];
  const retired = new Map<string, HourlyCounter>();
  const slices = new Map<string, Slice>();
  let audits: StoredAudit[] = [];
  let auditId = 0;
  let id = 0;
  let written = 0;
  let dropped = 0;
  let closed = false;

  const retire = (gone: readonly StoredUsage[]): number => {
    for (const row of gone) foldRow(retired, row);
    const names = new Set(gone);
    if (names.size > 0) rows = rows.filter((row) => !names.has(row));
    return names.size;
  };
  /** Counters of whole hours from `from` on. */
  const count = (from: number): readonly HourlyCounter[] => {
    const counters = new Map([...retired].filter(([, { hour }]) => hour >= from));
    for (const row of rows) if (hourOf(row.at) >= from) foldRow(counters, row);
    return [...counters.values()];
  };

  const table: QueryTable = {
    recentRequests: ({ limit, before = Number.POSITIVE_INFINITY, ...filter }) => {
      const found = rows.filter((row) => row.id < before && matches(row, filter)).reverse();
      const page = found.slice(0, limit);
      return { rows: page, next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    request: ({ requestId }) => rows.findLast((row) => row.requestId === requestId) ?? null,
    usageBuckets: ({ width, by, ...filter }) => {
      const buckets = new Map<string, { start: number; group: string; sums: UsageSums }>();
      for (const row of rows) {
        if (!matches(row, filter)) continue;
        const start = filter.from + Math.floor((row.at - filter.from) / width) * width;
        const group = by === 'none' ? '' : (row[by] ?? '');
        const name = JSON.stringify([start, group]);
        const sums = addSums(buckets.get(name)?.sums ?? zeroSums, sumRow(row));
        buckets.set(name, { start, group, sums });
      }
      return [...buckets.values()]
        .sort((a, b) => a.start - b.start || compareText(a.group, b.group))
        .map(({ start, group, sums }) => ({ start, group, ...sums }));
    },
    usageTotals: ({ from = 0, by }) => groupCounters(count(hourOf(from)), by),
    spendSince: ({ from }) => {
      const next = Math.ceil(from / hourLength);
      const first = new Map<string, HourlyCounter>();
      for (const row of rows) if (row.at >= from && row.at < next * hourLength) foldRow(first, row);
      return groupCounters([...count(next), ...first.values()], ['key', 'provider', 'connection', 'model']);
    },
    audit: ({ limit, offset, ...filter }) => {
      const found = audits.filter((row) => matchesAudit(row, filter)).reverse();
      return { rows: found.slice(offset, offset + limit), total: found.length };
    },
    secrets: () => [],
    slices: () => [...slices.values()],
    // Counters are computed from the rows at every question, so they cannot differ from them.
    verifyCounters: () => ({ ok: true, watermark: id, differences: [] }),
    integrity: () => ({ ok: true, messages: [] }),
    statistics: () => ({
      rows: rows.length,
      oldestAt: rows.length > 0 ? Math.min(...rows.map((row) => row.at)) : null,
      newestAt: rows.length > 0 ? Math.max(...rows.map((row) => row.at)) : null,
      bytes: measure(rows),
    }),
  };

  return {
    get rows() {
      return rows;
    },
    ledger: {
      append: (row) => {
        if (closed) {
          dropped++;
          return;
        }
        written++;
        rows.push({ ...copyRow(row), id: ++id });
        // In portions: moving the whole array at every row would cost more than the row.
        if (rows.length >= maxRows + 256) retire(rows.slice(0, rows.length - maxRows));
      },
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(void (closed = true)),
      get dropped() {
        return dropped;
      },
    },
    store: {
      load: () => Promise.resolve([...slices.values()]),
      save: (collect) => {
        if (closed) return;
        for (const slice of collect()) {
          const name = JSON.stringify([slice.kind, slice.id]);
          if (slice.value === null) slices.delete(name);
          else slices.set(name, slice);
        }
      },
      flush: () => Promise.resolve(),
    },
    audit: {
      append: (row) => {
        if (closed) return Promise.reject(new Error('The audit log cannot be written.'));
        audits.push(completeAudit(row, ++auditId));
        if (audits.length > maxRows) audits.shift();
        return Promise.resolve();
      },
    },
    reader: {
      query: (name, params, { signal } = {}) =>
        closed
          ? Promise.reject(new QueryError('closed', 'The state is closed.'))
          : signal?.aborted
            ? Promise.reject(new QueryError('cancelled', `${name} was cancelled.`))
            : answer(table, name, params),
    },
    status: () => ({
      state: closed ? 'closed' : 'ok',
      error: null,
      queuedRows: 0,
      queuedBytes: 0,
      written,
      dropped,
      rejected: 0,
      retries: 0,
      restarts: 0,
    }),
    retain: ({ usage, counters, maxBytes, audit }) => {
      const now = clock.now();
      if (audit !== undefined) audits = audits.filter((row) => row.at >= now - audit);
      let removed = usage === undefined ? 0 : retire(rows.filter((row) => row.at < now - usage));
      const bound = maxBytes ?? Number.POSITIVE_INFINITY;
      while (rows.length > 0 && measure(rows) > bound) {
        removed += retire(rows.slice(0, Math.max(1, rows.length >> 3)));
      }
      const until = hourOf(now - (counters ?? Number.POSITIVE_INFINITY));
      const before = Math.min(until, ...rows.map((row) => hourOf(row.at)));
      let forgotten = 0;
      for (const [name, { hour }] of retired) if (hour < before && retired.delete(name)) forgotten++;
      return Promise.resolve({ rows: removed, counters: forgotten, bytes: measure(rows) });
    },
    close: () => Promise.resolve(void (closed = true)),
  };
}

function answer<Name extends QueryName>(
  table: QueryTable,
  name: Name,
  params: Params<Name>,
): Promise<Answer<Name>> {
  const wrong = checkParams(name, params);
  if (wrong !== undefined) return Promise.reject(new QueryError('invalid', `${name}: ${wrong}.`));
  return Promise.resolve(table[name](params));
}

function matches(row: UsageRow, filter: UsageFilter): boolean {
  const { from, to, status } = filter;
  if (from !== undefined && row.at < from) return false;
  if (to !== undefined && row.at >= to) return false;
  if (status === 'ok' && row.status >= 400) return false;
  if (status === 'error' && row.status < 400) return false;
  if (typeof status === 'number' && row.status !== status) return false;
  for (const name of ['key', 'provider', 'connection', 'model', 'requestedModel'] as const) {
    if (filter[name] !== undefined && row[name] !== filter[name]) return false;
  }
  return true;
}

function measure(rows: readonly UsageRow[]): number {
  let bytes = 0;
  for (const row of rows) {
    bytes += stride * 8;
    for (const column of textColumns) bytes += row[column]?.length ?? 0;
  }
  return bytes;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
