// What the world remembers about accounts and targets, as lists for operators. Only what still matters now.
import { readOpening, readPermit, type Breaker } from './breaker.ts';
import { forever, type Cooldown } from './cooldown.ts';
import type { Quota, QuotaWindow } from './quota.ts';
import { readRetryTokens, type RetryBudget } from './retry-budget.ts';
import type { SliceTable } from './slices.ts';

/** Times are epoch milliseconds. */
export interface WorldReport {
  /** Rests that last; without `model` the whole account. `until` is absent where an operator has to end it. */
  readonly cooldowns: readonly {
    readonly connection: string;
    readonly model?: string;
    readonly class: string;
    readonly level: number;
    readonly since: number;
    readonly until?: number;
  }[];
  /** Of accounts (`provider@connection`) and targets (`provider/model`) that have failed since their last success. */
  readonly breakers: readonly {
    readonly id: string;
    readonly state: 'closed' | 'open' | 'half-open';
    readonly failures?: number;
    readonly since?: number;
    /** From when a probe may be sent. */
    readonly opens?: number;
    /** Whether a call would be let through now. */
    readonly usable: boolean;
  }[];
  readonly quotas: readonly (QuotaWindow & { readonly connection: string })[];
  /** Retries that each provider may still have now; those that may have as many as ever are left out. */
  readonly budgets: readonly { readonly provider: string; readonly tokens: number }[];
  readonly inFlight: Readonly<Record<string, number>>;
}

export interface ReportTables {
  readonly cooldowns: SliceTable<Cooldown>;
  readonly breakers: SliceTable<Breaker>;
  readonly quotas: SliceTable<Quota>;
  readonly budgets: SliceTable<RetryBudget>;
  readonly running: ReadonlyMap<string, number>;
}

export function renderReport(tables: ReportTables, now: number): WorldReport {
  const { cooldowns, breakers, quotas, budgets, running } = tables;
  return {
    cooldowns: list(cooldowns).flatMap(([id, cooldown]) => renderCooldown(id, cooldown, now)),
    breakers: list(breakers).map(([id, breaker]) => renderBreaker(id, breaker, now)),
    quotas: list(quotas).flatMap(([connection, quota]) =>
      Object.values(quota)
        .filter(({ resetAt }) => resetAt === undefined || resetAt > now)
        .map((window) => ({ connection, ...window })),
    ),
    budgets: list(budgets).map(([provider, budget]) => ({ provider, tokens: readRetryTokens(budget, now) })),
    inFlight: Object.fromEntries(running),
  };
}

function renderCooldown(id: string, cooldown: Cooldown, now: number): WorldReport['cooldowns'] {
  const { until, level, since } = cooldown;
  if (until <= now) return [];
  const blank = id.indexOf(' ');
  return [
    {
      connection: blank < 0 ? id : id.slice(0, blank),
      ...(blank < 0 ? {} : { model: id.slice(blank + 1) }),
      class: cooldown.class,
      level,
      since,
      ...(until >= forever ? {} : { until }),
    },
  ];
}

function renderBreaker(id: string, breaker: Breaker, now: number): WorldReport['breakers'][number] {
  const usable = readPermit(breaker, now) !== 'wait';
  if (breaker.state === 'closed') return { id, state: 'closed', failures: breaker.failures, usable };
  return { id, state: breaker.state, since: breaker.since, opens: readOpening(breaker), usable };
}

function list<Value>(table: SliceTable<Value>): readonly (readonly [string, Value])[] {
  return [...table.ids()].sort().flatMap((id) => {
    const value = table.get(id);
    return value === undefined ? [] : [[id, value] as const];
  });
}
