// What a request is charged to, and how much room is left there: the limits of its key, then for each attempt the places,
// windows and repeats of its target and account. A view for people; the gateway counts by the same counters.
import { isExceeded, listBudgetCharges, matchBudgets, type BudgetCharge } from './budgets.ts';
import type { SourcePosition } from '../diagnostics.ts';
import {
  createPlaceCounter,
  createRetryCounter,
  listAccountCounters,
  listKeyCounters,
  listObservedCounters,
  type Counted,
  type Counter,
  type CounterState,
  type WhenFull,
} from './counters.ts';
import type { Attempt } from './decision.ts';
import type { Facts } from './facts.ts';
import type { Snapshot } from './snapshot.ts';
import { forever } from './world/cooldown.ts';
import type { World } from './world/world.ts';

export interface Charge {
  readonly id: string;
  readonly counts: Counted;
  /** What this request takes of it; of tokens an estimate, and the answer counts with what the request allows it. */
  readonly takes: number;
  readonly used: number;
  readonly limit: number;
  readonly left: number;
  /** Nothing is left: what `whenFull` says happens now. */
  readonly full: boolean;
  readonly whenFull: WhenFull;
  /** Epoch milliseconds at which (some of) it is free again. */
  readonly resetAt?: number;
  readonly at?: SourcePosition | undefined;
}

/** The limits of the caller's key; empty for a caller without a key. */
export function listKeyCharges(facts: Facts, snapshot: Snapshot, state: CounterState): readonly Charge[] {
  const { key, limits } = facts.principal;
  if (key === undefined || limits === undefined) return [];
  const at = snapshot.keys.values().find(({ id }) => id === key)?.at;
  return listKeyCounters({ id: key, limits, at }).map((counter) => charge(counter, facts, state));
}

/** What one attempt meets when it is begun. */
export function listAttemptCharges(
  attempt: Attempt,
  facts: Facts,
  { budgets }: Pick<Snapshot, 'budgets'>,
  state: CounterState,
): readonly Charge[] {
  const { now, world } = state;
  const matched = matchBudgets(budgets, facts, now);
  const money = listBudgetCharges(matched, attempt, facts, now).map((one) => chargeMoney(one, world));
  const observed = listObservedCounters(attempt.connection, state);
  const counters = [...listCallCounters(attempt, true), ...observed];
  return [...money, ...counters.map((counter) => charge(counter, facts, state))];
}

function chargeMoney(one: BudgetCharge, world: World): Charge {
  const { budget, id, since, until, amount } = one;
  const used = world.spent(id, since);
  const { action } = budget.onExceeded;
  return {
    id: budget.id,
    counts: 'nano-USD',
    takes: amount,
    used,
    limit: budget.limit,
    left: Math.max(0, budget.limit - used),
    full: isExceeded(one, world),
    whenFull: action === 'deny' ? 'skip' : action,
    ...(until < forever && { resetAt: until }),
    ...(budget.at && { at: budget.at }),
  };
}

/** The counters that one call takes from; `retry`: it repeats or replaces a failed one. */
export function listCallCounters(
  { connection, provider, queue, at }: Attempt,
  retry: boolean,
): readonly Counter[] {
  return [
    ...(queue?.concurrent === undefined ? [] : [createPlaceCounter(queue.id, queue.concurrent, at)]),
    ...listAccountCounters(connection),
    ...(retry ? [createRetryCounter(provider)] : []),
  ];
}

function charge(counter: Counter, facts: Facts, state: CounterState): Charge {
  const { id, counts, limit, whenFull, at } = counter;
  const { used, resetAt } = counter.read(state);
  const left = Math.max(0, limit - used);
  const ends = resetAt === undefined ? {} : { resetAt };
  return {
    id,
    counts,
    takes: takes(counts, facts),
    used,
    limit,
    left,
    full: counts === 'retries' ? left < 1 : left <= 0,
    whenFull,
    ...ends,
    ...(at && { at }),
  };
}

function takes(counts: Counted, { inputTokens = 0, maxOutputTokens = 0 }: Facts): number {
  if (counts === 'tokens') return inputTokens + maxOutputTokens;
  return counts === 'retries' ? 0 : 1;
}
