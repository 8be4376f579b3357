// cost-optimized: what this very request is expected to cost, cheapest first.
import { priceTokens, renderUsd } from '../../catalog/prices.ts';
import type { Attempt } from '../decision.ts';
import { firstOf, modelId, orderByRank } from './rank.ts';
import type { Strategy, StrategyContext } from './strategy.ts';

/** Assumed where the request does not say; only the proportion of prompt and answer matters for the order. */
const usualInput = 1_000;
const usualOutput = 500;
/** Providers keep a prompt prefix for about five minutes, and a conversation repeats most of it. */
const cacheLife = 300_000;
const cachedShare = 0.8;

export const costOptimized: Strategy = {
  name: 'cost-optimized',
  meaning:
    'The lowest expected cost of this request comes first: its prompt, a usual answer, and the cached share where its conversation was served lately.',
  demands: ['inputTokens', 'maxOutputTokens', 'session', 'messageCount'],
  order: (branches, context) =>
    orderByRank(branches, context, {
      name: 'cost-optimized',
      value: (branch) => expectCost(firstOf(branch), context),
      render: renderUsd,
      unknown: 'no price is known',
    }),
};

/** Nano-USD, or undefined where a price is missing. */
export function expectCost(attempt: Attempt, { facts, world, now }: StrategyContext): number | undefined {
  const input = facts.inputTokens ?? usualInput;
  const output = Math.min(usualOutput, facts.maxOutputTokens ?? usualOutput);
  // A first message has nothing in any cache; later ones have, where the last answer came from.
  const lately = now - (world.uses(modelId(attempt))?.lastSuccess ?? -Infinity) < cacheLife;
  const cached = lately && (facts.messageCount ?? 0) > 1 ? Math.floor(input * cachedShare) : 0;
  return priceTokens(attempt.facts?.prices, { input, output, cacheRead: cached }, now) ?? undefined;
}
