// context-optimized: by context window, either the smallest that fits or the largest.
import type { Branch, Strategy, StrategyContext } from './strategy.ts';
import { firstOf, orderByRank } from './rank.ts';

/** Room for the answer where the request does not say. */
const usualOutput = 1_000;

export const contextOptimized: Strategy = {
  name: 'context-optimized',
  meaning:
    'By context window: the smallest that fits the request (`order: smallest-fit`), or the largest (`order: largest`).',
  demands: ['inputTokens', 'maxOutputTokens'],
  order: (branches, context) =>
    orderByRank(branches, context, {
      name: 'context-optimized',
      value: (branch) => rankWindow(branch, context),
      render: (rank) => `${Math.abs(rank > tooSmall / 2 ? rank - tooSmall : rank)} tokens`,
      unknown: 'no context window is known',
    }),
};

/** Puts windows that are too small behind all that fit, and still before the unknown ones. */
const tooSmall = 1e12;

function rankWindow(branch: Branch, { combo, facts }: StrategyContext): number | undefined {
  const window = firstOf(branch).facts?.context;
  if (window === undefined) return undefined;
  const needed = (facts.inputTokens ?? 0) + (facts.maxOutputTokens ?? usualOutput);
  if (window < needed) return tooSmall - window;
  return combo.order === 'largest' ? -window : window;
}
