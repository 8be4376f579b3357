// reset-aware: quota that comes back soonest is used first, because what is left of it is lost then.
import { readNextReset, readUsedShare } from '../world/quota.ts';
import { orderByRank } from './rank.ts';
import type { Branch, Strategy, StrategyContext } from './strategy.ts';

export const resetAware: Strategy = {
  name: 'reset-aware',
  meaning: 'The target whose quota resets soonest comes first: what is left of it would be lost.',
  demands: [],
  order: (branches, context) =>
    orderByRank(branches, context, {
      name: 'reset-aware',
      value: (branch) => findReset(branch, context),
      render: (milliseconds) => `resets in ${Math.round(milliseconds / 60_000)} min`,
      unknown: 'no reset of a quota is known',
    }),
};

// Only accounts with something left have something to lose.
function findReset({ attempts }: Branch, { world, now }: StrategyContext): number | undefined {
  let soonest: number | undefined;
  for (const { connection } of attempts) {
    const quota = world.quota(connection.key);
    const reset = (readUsedShare(quota, now) ?? 0) < 1 ? readNextReset(quota, now) : undefined;
    if (reset !== undefined && (soonest === undefined || reset < soonest)) soonest = reset;
  }
  return soonest === undefined ? undefined : soonest - now;
}
