// Sums over usage rows in JavaScript; the SQL spelling of the same fold is in drivers/usage-sql.ts, and the contract
// suite holds both to the same answers.
import type { UsageRow } from '../routing/ports.ts';
import { tokenKinds } from './batch.ts';
import type { CounterName, UsageSums } from './queries.ts';

/** Sums of one name in one hour. */
export interface HourlyCounter {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly counter: CounterName & UsageSums & { readonly lastAt: number };
}

export const hourLength = 3_600_000;

/** Epoch milliseconds → whole hours. */
export function hourOf(at: number): number {
  return Math.floor(at / hourLength);
}

/** The sums of nothing. */
export const zeroSums: UsageSums = {
  requests: 0,
  failures: 0,
  estimated: 0,
  unpriced: 0,
  cost: 0,
  tokens: {
    input: 0,
    output: 0,
    cacheRead: 0,
    cacheWrite: 0,
    cacheWrite1h: 0,
    reasoning: 0,
    audioInput: 0,
    audioOutput: 0,
  },
};

/** The sums of one row. */
export function sumRow(row: UsageRow): UsageSums {
  const tokens = { ...zeroSums.tokens };
  for (const kind of tokenKinds) tokens[kind] = row.tokens[kind] ?? 0;
  return {
    requests: 1,
    failures: row.status >= 400 ? 1 : 0,
    estimated: row.estimated ? 1 : 0,
    unpriced: row.cost === null ? 1 : 0,
    cost: row.cost ?? 0,
    tokens,
  };
}

export function addSums(a: UsageSums, b: UsageSums): UsageSums {
  const tokens = { ...a.tokens };
  for (const kind of tokenKinds) tokens[kind] += b.tokens[kind];
  return {
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    estimated: a.estimated + b.estimated,
    unpriced: a.unpriced + b.unpriced,
    cost: a.cost + b.cost,
    tokens,
  };
}

/** Adds a row to the counter of its hour and name. */
export function foldRow(counters: Map<string, HourlyCounter>, row: UsageRow): void {
  const hour = hourOf(row.at);
  const name: CounterName = {
    key: row.key ?? '',
    provider: row.provider ?? '',
    connection: row.connection ?? '',
    model: row.model ?? '',
  };
  const id = JSON.stringify([hour, ...Object.values(name)]);
  const old = counters.get(id)?.counter;
  counters.set(id, {
    hour,
    counter: {
      ...name,
      ...addSums(old ?? zeroSums, sumRow(row)),
      lastAt: Math.max(old?.lastAt ?? 0, row.at),
    },
  });
}

/** Sums counters by some of their names; the other names become empty. */
export function groupCounters(
  counters: readonly HourlyCounter[],
  by: readonly (keyof CounterName)[],
): readonly HourlyCounter['counter'][] {
  const groups = new Map<string, HourlyCounter['counter']>();
  for (const { counter } of counters) {
    const pick = (name: keyof CounterName): string => (by.includes(name) ? counter[name] : '');
    const name: CounterName = {
      key: pick('key'),
      provider: pick('provider'),
      connection: pick('connection'),
      model: pick('model'),
    };
    const id = JSON.stringify(Object.values(name));
    const old = groups.get(id);
    groups.set(id, {
      ...name,
      ...addSums(old ?? zeroSums, counter),
      lastAt: Math.max(old?.lastAt ?? 0, counter.lastAt),
    });
  }
  return [...groups.values()];
}
