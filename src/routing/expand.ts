// A target → the attempts that it stands for, in order. A model becomes one attempt per usable connection; a combo
// becomes its targets, each expanded first and then ordered by the strategy, so that a strategy sees only what can be
// tried now and a nested combo is judged by its own best attempt. Everything left out is a reason.
import { createNamePairs } from '../lib/name-pairs.ts';
import { explainExceeded, findExceeded, listBudgetCharges, listWarnings, type Budget } from './budgets.ts';
import type { Attempt, Effect, Reason, Suffix } from './decision.ts';
import type { Names, PolicyRun } from './policies/evaluate.ts';
import { chooseEndpoint, explainNoEndpoint } from './endpoints.ts';
import type { Inquiry } from './inquiry.ts';
import { renderTarget } from './resolve.ts';
import { selectConnections } from './select.ts';
import type { Combo, Connection, Snapshot, Target } from './snapshot.ts';
import { findStrategy } from './strategies/registry.ts';
import type { Branch } from './strategies/strategy.ts';
import { findBar } from './usable.ts';
import { forever } from './world/cooldown.ts';

/** The most that `defaults.comboDepth` allows; compile holds the file to its own limit, this only guards snapshots made by hand. */
export const deepestNesting = 10;

const joinTarget = createNamePairs('/');

/** A combo may list many models with many accounts; one request never tries more than this. */
const mostAttempts = 64;

export interface Expansion {
  readonly snapshot: Snapshot;
  /** What differs between requests and moments, and is looked at only where a rule asks for it. */
  readonly inquiry: Inquiry;
  readonly suffixes: readonly Suffix[];
  /** The spellings of the name that led here, and what the policies say about it; absent when none is about this request. */
  readonly names: Names;
  readonly policies?: PolicyRun | undefined;
  /** What was found on the way that only a refusal needs. */
  readonly found: {
    denial?: string;
    /** A budget had no room for somebody: when the first of them resets, and where it sends requests. */
    exceeded?: { reset?: number; route?: { readonly to: string; readonly reason: Reason } };
  };
  /** The name to which a budget has sent the request. */
  readonly detour?: string;
  /** The budgets that the request may count in. */
  readonly budgets?: readonly Budget[];
  /** Every reason in the order in which it arose. */
  readonly reasons: Reason[];
  /** Earliest moment at which something that is left out for a time can be used again. */
  soonest?: number;
}

/** Attempts for `target`, best first; empty when nothing of it can be tried. */
export function expandTarget(target: Target, expansion: Expansion): readonly Attempt[] {
  if (target.kind === 'model') return expandModel(target, expansion);
  const combo = expansion.snapshot.combos.get(target.combo);
  return combo ? cut(dropDuplicates(expandCombo(combo, expansion, 1), expansion), expansion) : [];
}

/** Attempts that a combo keeps for one class of failure; what stands in the main order is not repeated. */
export function expandFallbacks(
  targets: readonly Target[] | undefined,
  expansion: Expansion,
  main: readonly Attempt[],
): readonly Attempt[] | undefined {
  if (!targets) return undefined;
  const taken = new Set(main.map(identify));
  const attempts = targets
    .flatMap((target) => expandTarget(target, expansion))
    .filter((attempt) => !taken.has(identify(attempt)));
  return attempts.length > 0 ? attempts : undefined;
}

function expandCombo(combo: Combo, expansion: Expansion, depth: number): readonly Attempt[] {
  const branches: Branch[] = [];
  for (const target of combo.targets) {
    const attempts = isOpen(target, expansion) ? expandEntry(target, expansion, depth) : [];
    if (attempts.length > 0) branches.push({ target, attempts: attachQueue(combo, target, attempts) });
  }
  if (branches.length === 0) return [];
  const strategy = findStrategy(combo.strategy);
  if (!strategy) return branches.flatMap((branch) => branch.attempts);
  const { order, reasons, effects } = strategy.order(branches, expansion.inquiry.about(combo));
  expansion.reasons.push(...reasons);
  const attempts = order.length === 1 ? order[0]!.attempts : order.flatMap((branch) => branch.attempts);
  return effects.length === 0 ? attempts : attachEffects(attempts, effects);
}

function expandEntry(target: Target, expansion: Expansion, depth: number): readonly Attempt[] {
  if (target.kind === 'model') return expandModel(target, expansion);
  const combo = depth < deepestNesting ? expansion.snapshot.combos.get(target.combo) : undefined;
  return combo ? expandCombo(combo, expansion, depth + 1) : [];
}

type ModelTarget = Target & { readonly kind: 'model' };

function expandModel(target: ModelTarget, expansion: Expansion): readonly Attempt[] {
  const { snapshot, inquiry, reasons } = expansion;
  const name = joinTarget(target.provider, target.model);
  const provider = snapshot.providers.get(target.provider);
  if (!provider)
    return reject(
      reasons,
      'provider-missing',
      `${name}: there is no provider "${target.provider}".`,
      target,
      name,
    );
  const known = snapshot.modelFacts(provider.id, target.model);
  const endpoint = chooseEndpoint(provider, inquiry.asked, known);
  if (!endpoint) {
    const message = `${name}: ${explainNoEndpoint(provider, inquiry.asked, known)}.`;
    return reject(reasons, 'no-endpoint', message, target, name);
  }
  if (provider.connections.length === 0) {
    return reject(
      reasons,
      'no-connection',
      `${name}: provider ${provider.id} has no connection.`,
      provider,
      name,
    );
  }
  const screened = expansion.policies?.screen(expansion.names, target);
  if (screened?.kind === 'reject') {
    if (screened.denial !== undefined) expansion.found.denial ??= screened.denial;
    reasons.push(screened.reason);
    return [];
  }
  const suffixes = target.suffixes ? unite(target.suffixes, expansion.suffixes) : expansion.suffixes;
  const model = known?.upstreamId ?? target.model;
  const base = {
    target: name,
    provider,
    endpoint,
    model,
    facts: known,
    at: target.at,
    ...(screened?.changes && { changes: screened.changes }),
    ...(screened && screened.rank > 0 && { rank: screened.rank }),
    ...(expansion.detour !== undefined && { detour: expansion.detour }),
  };
  const attempts: Attempt[] = [];
  for (const connection of provider.connections) {
    const fault =
      findBar(connection, target, inquiry.allowed) ?? inquiry.obstacle({ account: connection, model });
    if (fault) {
      const { code, message, until, at = connection.at } = fault;
      if (until !== undefined) noteSoonest(expansion, until);
      const end = until === undefined || until >= forever ? {} : { until };
      reasons.push({
        code,
        message: `${name}: ${message}`,
        about: name,
        connection: connection.key,
        ...end,
        at,
      });
    } else if (hasRoom({ ...base, connection }, expansion))
      attempts.push(suffixes.length === 0 ? { ...base, connection } : { ...base, connection, suffixes });
  }
  const { order, effects } = selectConnections(attempts, provider, inquiry);
  return effects.length === 0 ? order : attachEffects(order, effects);
}

function hasRoom(attempt: Attempt, expansion: Expansion): boolean {
  const { budgets = [], inquiry, reasons, found } = expansion;
  if (budgets.length === 0) return true;
  const { facts, now, world } = inquiry;
  const charges = listBudgetCharges(budgets, attempt, facts, now);
  const over = findExceeded(charges, attempt, world);
  if (!over) {
    for (const warning of listWarnings(charges, world))
      if (!reasons.some(({ code, rule }) => code === warning.code && rule === warning.rule))
        reasons.push(warning);
    return true;
  }
  const { budget, until } = over;
  const known = (found.exceeded ??= {});
  if (until < forever) known.reset = Math.min(known.reset ?? Infinity, until);
  const { route } = budget.onExceeded;
  if (route !== undefined && !known.route) {
    const message = `The budget ${budget.id} is used up and sends "${facts.model}" to "${route}".`;
    known.route = { to: route, reason: { code: 'budget-route', message, rule: budget.id, at: budget.at } };
  }
  reasons.push(explainExceeded(over, attempt));
  return false;
}

function isOpen(target: Target, { inquiry, reasons }: Expansion): boolean {
  const { when, schedule } = target;
  if (!when && !schedule) return true;
  const { facts, now } = inquiry;
  if (when && !when.holds(facts, now)) {
    reject(
      reasons,
      'condition',
      `${renderTarget(target)}: "${when.text}" does not hold.`,
      target,
      renderTarget(target),
    );
    return false;
  }
  if (schedule && !schedule.isOpen(now)) {
    reject(
      reasons,
      'schedule',
      `${renderTarget(target)}: outside of "${schedule.text}".`,
      target,
      renderTarget(target),
    );
    return false;
  }
  return true;
}

function noteSoonest(expansion: Expansion, at: number): void {
  if (at < forever && (expansion.soonest === undefined || at < expansion.soonest)) expansion.soonest = at;
}

function unite(first: readonly Suffix[], second: readonly Suffix[]): readonly Suffix[] {
  return [...new Set([...first, ...second])];
}

// Effects travel with the attempt that makes them due: a round-robin deep inside a fallback must not move on while
// nobody uses it, or its targets would be hit in step with the outer order instead of evenly.
function attachEffects(attempts: readonly Attempt[], effects: readonly Effect[]): readonly Attempt[] {
  const [first, ...rest] = attempts;
  return first ? [{ ...first, effects: [...(first.effects ?? []), ...effects] }, ...rest] : attempts;
}

// The innermost combo that bounds its targets says where a call waits, and for how long.
function attachQueue(combo: Combo, target: Target, attempts: readonly Attempt[]): readonly Attempt[] {
  const { maxConcurrent, queueTimeout } = combo;
  if (maxConcurrent === undefined && !attempts.some(({ connection }) => isBounded(connection)))
    return attempts;
  const queue = {
    id: `${combo.name} ${renderTarget(target)}`,
    ...(maxConcurrent !== undefined && { concurrent: maxConcurrent }),
    ...(queueTimeout !== undefined && { timeout: queueTimeout }),
  };
  return attempts.map((attempt) => (attempt.queue ? attempt : { ...attempt, queue }));
}

function isBounded({ maxConcurrent, pace }: Connection): boolean {
  return maxConcurrent !== undefined || pace !== undefined;
}

function identify({ connection, model }: Attempt): string {
  return joinTarget(connection.key, model);
}

function dropDuplicates(attempts: readonly Attempt[], { reasons }: Expansion): readonly Attempt[] {
  // Most combos are short, and their targets differ: nothing is built for them.
  if (attempts.length < 2 || (attempts.length === 2 && identify(attempts[0]!) !== identify(attempts[1]!))) {
    return attempts;
  }
  const seen = new Set<string>();
  const kept = attempts.filter((attempt) => {
    const id = identify(attempt);
    if (!seen.has(id)) return seen.add(id);
    reject(
      reasons,
      'duplicate',
      `${attempt.target}: already stands earlier in the order.`,
      attempt,
      attempt.target,
    );
    return false;
  });
  return kept.length === attempts.length ? attempts : kept;
}

function cut(attempts: readonly Attempt[], { reasons }: Expansion): readonly Attempt[] {
  if (attempts.length <= mostAttempts) return attempts;
  const message = `${attempts.length - mostAttempts} of ${attempts.length} attempts are cut off.`;
  reject(reasons, 'too-many-attempts', message, {});
  return attempts.slice(0, mostAttempts);
}

function reject(
  reasons: Reason[],
  code: Reason['code'],
  message: string,
  { at }: { readonly at?: Reason['at'] },
  about?: string,
): readonly Attempt[] {
  reasons.push(about === undefined ? { code, message, at } : { code, message, about, at });
  return [];
}
