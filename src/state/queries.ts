// Every question that may be asked of the stored state, by name, with typed parameters and answers.
// No SQL comes from outside: the thread knows these names only.
import type { Slice, UsageRow } from '../routing/ports.ts';
import type { AuditFilter, StoredAudit } from './audit.ts';
import type { tokenKinds } from './batch.ts';
import type { SecretRow } from './vault.ts';

/** A usage row as it is stored: `UsageRow` with its id. */
export interface StoredUsage extends UsageRow {
  /** Counts up in the order of writing; the cursor of pages. */
  readonly id: number;
}

/** Which requests; members are joined by "and". Times are epoch milliseconds, `from` inclusive, `to` exclusive. */
export interface UsageFilter {
  readonly from?: number;
  readonly to?: number;
  readonly key?: string;
  readonly provider?: string;
  readonly connection?: string;
  readonly model?: string;
  readonly requestedModel?: string;
  /** A status code, or all below 400, or all from 400. */
  readonly status?: number | 'ok' | 'error';
}

/** What usage can be summed by. */
export const groupings = ['none', 'key', 'provider', 'connection', 'model'] as const;
export type Grouping = (typeof groupings)[number];

/** Sums over requests. Tokens of a kind that nobody reported are 0. */
export interface UsageSums {
  readonly requests: number;
  /** Status 400 and above. */
  readonly failures: number;
  readonly estimated: number;
  /** Requests whose cost is unknown; they are missing in `cost`. */
  readonly unpriced: number;
  /** Nano-USD. */
  readonly cost: number;
  readonly tokens: Readonly<Record<(typeof tokenKinds)[number], number>>;
}

/** The parts that name a counter; an empty text stands for "none". */
export interface CounterName {
  readonly key: string;
  readonly provider: string;
  readonly connection: string;
  readonly model: string;
}

export interface Queries {
  /** Newest first. `limit` 1 to 1000; `before` is the `next` of the page before. */
  recentRequests: {
    readonly params: UsageFilter & { readonly limit: number; readonly before?: number };
    readonly answer: { readonly rows: readonly StoredUsage[]; readonly next: number | null };
  };
  /** The latest row of a request id. */
  request: { readonly params: { readonly requestId: string }; readonly answer: StoredUsage | null };
  /** Sums per bucket of `width` milliseconds, at most 2000 buckets, oldest first, empty ones left out. */
  usageBuckets: {
    readonly params: UsageFilter & {
      readonly from: number;
      readonly to: number;
      readonly width: number;
      readonly by: Grouping;
    };
    readonly answer: readonly (UsageSums & { readonly start: number; readonly group: string })[];
  };
  /**
   * Sums over everything that was ever counted since `from` (rounded down to the hour), by name; what retention
   * removed is still in them.
   */
  usageTotals: {
    readonly params: { readonly from?: number; readonly by: readonly (keyof CounterName)[] };
    readonly answer: readonly (UsageSums & CounterName & { readonly lastAt: number })[];
  };
  /**
   * Sums since `from` by key, provider, connection and model, exact to the millisecond while the rows of the first
   * hour are kept: whole hours come from the counters, the first one from its rows. Restores budgets at start.
   */
  spendSince: {
    readonly params: { readonly from: number };
    readonly answer: readonly (UsageSums & CounterName & { readonly lastAt: number })[];
  };
  /** The audit log, newest first. `limit` 1 to 500, `offset` up to 10,000. */
  audit: {
    readonly params: AuditFilter & { readonly limit: number; readonly offset: number };
    readonly answer: { readonly rows: readonly StoredAudit[]; readonly total: number };
  };
  /** Envelopes of the secret store, by name. */
  secrets: { readonly params: Readonly<Record<string, never>>; readonly answer: readonly SecretRow[] };
  slices: { readonly params: Readonly<Record<string, never>>; readonly answer: readonly Slice[] };
  /** Whether counters = retired + fold(usage); up to 20 counters that differ. */
  verifyCounters: {
    readonly params: Readonly<Record<string, never>>;
    readonly answer: {
      readonly ok: boolean;
      readonly watermark: number;
      readonly differences: readonly string[];
    };
  };
  /** SQLite's own check of the file; `messages` is empty when all is well. */
  integrity: {
    readonly params: Readonly<Record<string, never>>;
    readonly answer: { readonly ok: boolean; readonly messages: readonly string[] };
  };
  statistics: {
    readonly params: Readonly<Record<string, never>>;
    readonly answer: {
      readonly rows: number;
      readonly oldestAt: number | null;
      readonly newestAt: number | null;
      /** Bytes of data, free pages left out. */
      readonly bytes: number;
    };
  };
}

export type QueryName = keyof Queries;
export type Params<Name extends QueryName> = Queries[Name]['params'];
export type Answer<Name extends QueryName> = Queries[Name]['answer'];

/** One function per query; the SQLite thread and the memory driver each have such a table. */
export type QueryTable = { readonly [Name in QueryName]: (params: Params<Name>) => Answer<Name> };

export interface QueryOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds from the call to the answer, waiting included; 5 s unless told. */
  readonly timeout?: number;
}

/** Answers queries off the main thread. Rejects with QueryError. */
export interface Reader {
  query<Name extends QueryName>(
    name: Name,
    params: Params<Name>,
    options?: QueryOptions,
  ): Promise<Answer<Name>>;
}

export type QueryFault = 'timeout' | 'cancelled' | 'busy' | 'invalid' | 'failed' | 'closed';

export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly fault: QueryFault;

  constructor(fault: QueryFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** Refuses parameters that would make a query unbounded; the message names the parameter. */
export function checkParams(name: QueryName, params: object): string | undefined {
  const read = (member: string): unknown => (params as Readonly<Record<string, unknown>>)[member];
  if (name === 'recentRequests') {
    const limit = read('limit');
    if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > 1000)
      return 'limit must be 1 to 1000';
  }
  if (name === 'audit') {
    const [limit, offset] = [read('limit'), read('offset')].map(Number);
    if (!(Number.isInteger(limit) && limit! >= 1 && limit! <= 500)) return 'limit must be 1 to 500';
    if (!(Number.isInteger(offset) && offset! >= 0 && offset! <= 10_000)) return 'offset must be 0 to 10000';
  }
  if (name === 'usageBuckets') {
    const width = Number(read('width'));
    const span = Number(read('to')) - Number(read('from'));
    if (!(width >= 1000)) return 'width must be at least one second';
    if (!(span > 0 && span / width <= 2000)) return 'from, to and width must make 1 to 2000 buckets';
  }
  return undefined;
}
