// Ceilings on spending: which budgets a call counts in, what is set aside for it, and whether it still fits. What is set
// aside is counted until the call has ended; then it is replaced by what the answer cost.
import { priceTokens, renderUsd } from '../catalog/prices.ts';
import type { SourcePosition } from '../diagnostics.ts';
import { matchGlob } from '../lib/glob.ts';
import type { Attempt, Reason } from './decision.ts';
import type { Facts } from './facts.ts';
import type { Bounds } from './periods.ts';
import { listSpellings } from './resolve.ts';
import type { PolicyTest } from './policies/policy.ts';
import { forever } from './world/cooldown.ts';
import type { World } from './world/world.ts';

/** Money is nano-USD. */
export interface Budget {
  readonly id: string;
  /** Tests of `match`; all must hold. */
  readonly tests: readonly PolicyTest[];
  readonly models?: readonly string[];
  readonly providers?: readonly string[];
  /** `all`, `key`, `provider`, `model`, `connection` or `tag:NAME`. */
  readonly per: string;
  readonly limit: number;
  readonly reserve: 'expected' | 'worst-case' | 'capped' | 'none';
  readonly reserveCap?: number;
  /** Share of the limit at which operators are told. */
  readonly warnAt: number;
  readonly onExceeded: { readonly action: 'deny' | 'warn' | 'route'; readonly route?: string };
  /** The whole rule as one canonical text. */
  readonly meaning: string;
  readonly at?: SourcePosition | undefined;
  /** The period that an instant lies in. */
  bounds(at: number): Bounds;
}

/** What one call is charged with. */
export interface BudgetCharge extends Bounds {
  readonly budget: Budget;
  /** The counter: the budget's id, and whose share of it. */
  readonly id: string;
  /** Set aside before the call. */
  readonly amount: number;
}

/** Answers of which nobody says how long they may be are expected to be no longer than this. */
const usualAnswer = 1_000;
/** And are in the worst case as long as this. */
const longestAnswer = 32_768;

/** The budgets that a request may count in, whoever serves it; the shared empty list where there are none. */
export function matchBudgets(budgets: readonly Budget[], facts: Facts, now: number): readonly Budget[] {
  if (budgets.length === 0) return budgets;
  return budgets.filter(({ tests }) => tests.every((test) => test(facts, now)));
}

/** What a call would be charged with. Calls that cost nothing, and calls of unknown price, are charged with nothing. */
export function listBudgetCharges(
  matched: readonly Budget[],
  attempt: Attempt,
  facts: Facts,
  now: number,
): readonly BudgetCharge[] {
  if (matched.length === 0) return none;
  const worst = priceCall(attempt, facts, longestAnswer, now);
  if (worst === null || worst === 0) return none;
  return matched.flatMap((budget): BudgetCharge[] => {
    if (!isAbout(budget, facts.model, attempt)) return [];
    const { reserve, reserveCap = Infinity } = budget;
    const amount =
      reserve === 'none'
        ? 0
        : reserve === 'expected'
          ? (priceCall(attempt, facts, usualAnswer, now) ?? 0)
          : Math.min(worst, reserve === 'capped' ? reserveCap : Infinity);
    return [
      { budget, id: `${budget.id} ${subjectOf(budget, attempt, facts)}`, amount, ...budget.bounds(now) },
    ];
  });
}

const none: readonly BudgetCharge[] = Object.freeze([]);

/**
 * The same charges in the periods of another instant. A call's cost counts when it ends: against the period in which it
 * began it would bring along all that had been spent there.
 */
export function moveToPeriod(charges: readonly BudgetCharge[], now: number): readonly BudgetCharge[] {
  return charges.map((charge) => ({ ...charge, ...charge.budget.bounds(now) }));
}

/** Whether a call does not fit any more; one that fits exactly does. */
export function isExceeded(
  { id, since, amount, budget }: BudgetCharge,
  world: Pick<World, 'spent'>,
): boolean {
  const used = world.spent(id, since);
  return used >= budget.limit || used + amount > budget.limit;
}

/**
 * The first budget that keeps a call from being made. One that only warns never does, and one that sends requests elsewhere
 * does not when they have been sent there.
 */
export function findExceeded(
  charges: readonly BudgetCharge[],
  { detour }: Pick<Attempt, 'detour'>,
  world: Pick<World, 'spent'>,
): BudgetCharge | undefined {
  return charges.find((charge) => {
    const { action, route } = charge.budget.onExceeded;
    const isThere = action === 'route' && route === detour;
    return action !== 'warn' && !isThere && isExceeded(charge, world);
  });
}

export function describeExceeded({ budget, until }: BudgetCharge): string {
  const reset = until >= forever ? 'it has no reset' : `it resets at ${new Date(until).toISOString()}`;
  return `the budget ${budget.id} of ${renderUsd(budget.limit)} has no room for it; ${reset}`;
}

/** Why a candidate is left out. */
export function explainExceeded(charge: BudgetCharge, { target, connection }: Attempt): Reason {
  const { budget, id, until } = charge;
  return {
    code: 'budget-exceeded',
    message: `${target}: ${describeExceeded(charge)}.`,
    about: target,
    rule: budget.id,
    connection: connection.key,
    counter: id,
    ...(until < forever && { until }),
    at: budget.at,
  };
}

/** A budget that only warns and is used up. */
export function listWarnings(
  charges: readonly BudgetCharge[],
  world: Pick<World, 'spent'>,
): readonly Reason[] {
  return charges.flatMap((charge): readonly Reason[] => {
    const { budget } = charge;
    if (budget.onExceeded.action !== 'warn' || !isExceeded(charge, world)) return [];
    const message = `The budget ${budget.id} of ${renderUsd(budget.limit)} is used up; it only warns.`;
    return [{ code: 'budget-warn', message, rule: budget.id, at: budget.at }];
  });
}

/** What operators are told once in a period: the share at which they want to know is reached. */
export interface BudgetNotice {
  readonly budget: string;
  /** Whose share of it: a key, a provider …; empty for all. */
  readonly subject: string;
  /** Nano-USD. */
  readonly spent: number;
  readonly limit: number;
  /** Epoch milliseconds; absent without a reset. */
  readonly until?: number;
}

/** The budgets whose notice a cost has just made due; asked after it was counted. */
export function listNotices(
  charges: readonly BudgetCharge[],
  cost: number,
  world: Pick<World, 'settled'>,
): readonly BudgetNotice[] {
  return charges.flatMap(({ budget, id, since, until }): readonly BudgetNotice[] => {
    const spent = world.settled(id, since);
    const line = budget.limit * budget.warnAt;
    if (spent < line || spent - cost >= line) return [];
    const subject = id.slice(budget.id.length + 1);
    return [{ budget: budget.id, subject, spent, limit: budget.limit, ...(until < forever && { until }) }];
  });
}

function priceCall(
  { facts: known, changes }: Attempt,
  { operation, inputTokens = 0, maxOutputTokens = Infinity }: Facts,
  usual: number,
  now: number,
): number | null {
  // There is no answer to pay for.
  if (operation === 'embeddings') return priceTokens(known?.prices, { input: inputTokens }, now);
  // Clients may write anything: nobody takes a limit of nothing for one, and less than nothing must free no money.
  const told = maxOutputTokens > 0 ? maxOutputTokens : Infinity;
  const asked = Math.min(told, changes?.maxOutputTokens ?? Infinity);
  const most = Math.min(asked, known?.maxOutput ?? Infinity);
  const output = usual === longestAnswer ? (most === Infinity ? longestAnswer : most) : Math.min(most, usual);
  return priceTokens(known?.prices, { input: inputTokens, output }, now);
}

function isAbout({ models, providers }: Budget, asked: string, attempt: Attempt): boolean {
  const { target, provider, suffixes = [] } = attempt;
  const isOf = (globs: readonly string[], text: string): boolean =>
    globs.some((glob) => matchGlob(glob, text));
  // A name with a suffix must not be a way around its ceiling.
  if (models && ![...listSpellings(asked, suffixes), target].some((text) => isOf(models, text))) return false;
  return !providers || isOf(providers, provider.id);
}

function subjectOf(
  { per }: Budget,
  { provider, connection, target }: Attempt,
  { principal: { key, tags } }: Facts,
): string {
  switch (per) {
    case 'all':
      return '';
    case 'key':
      return key ?? '';
    case 'provider':
      return provider.id;
    case 'model':
      return target;
    case 'connection':
      return connection.key;
    default: {
      const name = per.slice('tag:'.length);
      return Object.hasOwn(tags, name) ? (tags[name] ?? '') : '';
    }
  }
}
