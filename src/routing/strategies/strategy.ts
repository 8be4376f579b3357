// The one shape of all combo strategies: branches in, the same branches in another order out, with the reasons and the
// effects of that choice. Pure: what a strategy wants to remember it returns as an effect.
import type { Attempt, Effect, Reason } from '../decision.ts';
import type { DemandableFact, Facts } from '../facts.ts';
import type { Combo, Target, Snapshot } from '../snapshot.ts';
import { keepReason } from '../reason-text.ts';
import type { World } from '../world/world.ts';

/** One entry of a combo that can be tried now: a model with its connections, or a nested combo already in order. */
export interface Branch {
  readonly target: Target;
  /** At least one, in the order in which they are tried. */
  readonly attempts: readonly Attempt[];
}

export interface StrategyContext {
  readonly snapshot: Pick<Snapshot, 'sessions'>;
  readonly combo: Combo;
  readonly facts: Facts;
  readonly world: World;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface Ordering {
  /** A permutation of the branches that were given. */
  readonly order: readonly Branch[];
  readonly reasons: readonly Reason[];
  /** Applied when the first attempt of `order` is begun. */
  readonly effects: readonly Effect[];
}

export interface Strategy {
  /** As the file spells it. */
  readonly name: string;
  /** One sentence for docs/reference/strategies.md. */
  readonly meaning: string;
  /** Optional facts that it reads. */
  readonly demands: readonly DemandableFact[];
  /** `branches` holds at least one entry and is never changed. */
  readonly order: (branches: readonly Branch[], context: StrategyContext) => Ordering;
}

const nothing: readonly Effect[] = Object.freeze([]);

/** The usual answer of a strategy: one reason, at the place of the combo. */
export function ordered(
  context: StrategyContext,
  order: readonly Branch[],
  message: string,
  effects: readonly Effect[] = nothing,
): Ordering {
  return { order, reasons: explainOrder(context.combo, message), effects };
}

// Many strategies say the same every time: the first words about a combo are kept.
const firstWords = new WeakMap<Combo, readonly Reason[]>();

function explainOrder(combo: Combo, message: string): readonly Reason[] {
  const kept = firstWords.get(combo);
  if (kept?.[0]!.message === message) return kept;
  const reason: Reason = { code: 'strategy', message, about: combo.name, at: combo.at };
  if (kept) return [reason];
  const reasons = [keepReason(reason)];
  firstWords.set(combo, reasons);
  return reasons;
}
