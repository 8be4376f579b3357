// Ordering by a number: stable, smallest first, what is unknown last and said so.
import type { Attempt, Effect, Reason } from '../decision.ts';
import { renderTarget } from '../resolve.ts';
import type { Branch, Ordering, StrategyContext } from './strategy.ts';

interface Rank {
  /** The strategy's name, for the reason. */
  readonly name: string;
  /** Smaller is better; undefined is unknown. */
  readonly value: (branch: Branch) => number | undefined;
  /** The value as a person reads it. */
  readonly render: (value: number) => string;
  /** What is unknown, as in "no price is known". */
  readonly unknown: string;
}

/** The branches by rank, with one reason for the order and one for every unknown. */
export function orderByRank(branches: readonly Branch[], context: StrategyContext, rank: Rank): Ordering {
  const ranked = branches.map((branch) => ({ branch, value: rank.value(branch) }));
  const order = ranked.toSorted((a, b) => (a.value ?? Infinity) - (b.value ?? Infinity) || 0);
  const story = order.map(
    ({ branch, value }) => `${renderTarget(branch.target)} ${value === undefined ? '?' : rank.render(value)}`,
  );
  const { name: combo, at } = context.combo;
  const reasons: Reason[] = [
    { code: 'strategy', message: `${rank.name}: ${story.join(', ')}`, about: combo, at },
  ];
  for (const { branch, value } of ranked) {
    if (value !== undefined) continue;
    const about = renderTarget(branch.target);
    reasons.push({
      code: 'unknown-rank',
      message: `${about}: ${rank.unknown}, therefore last.`,
      about,
      at: branch.target.at,
    });
  }
  return { order: order.map(({ branch }) => branch), reasons, effects: none };
}

/** The id by which the world keeps what it knows about an attempt's model: `provider/model` as it is sent. */
export function modelId({ provider, model }: Attempt): string {
  return `${provider.id}/${model}`;
}

/** A branch is judged by the attempt that would be made first. */
export function firstOf({ attempts }: Branch): Attempt {
  return attempts[0]!;
}

const none: readonly Effect[] = Object.freeze([]);
