// fill-first: use up the quota of one target before the next is begun.
import { readUsedShare } from '../world/quota.ts';
import { ordered, type Branch, type Strategy, type StrategyContext } from './strategy.ts';

/** Share of a quota at which it counts as used up: the rest is for requests that are on their way. */
const full = 0.95;

export const fillFirst: Strategy = {
  name: 'fill-first',
  meaning: 'The order of the file, but a target whose accounts have used up their quota goes to the end.',
  demands: [],
  order(branches, context) {
    const left = branches.filter((branch) => hasQuota(branch, context));
    const spent = branches.filter((branch) => !left.includes(branch));
    const story =
      spent.length === 0
        ? 'quota is left everywhere'
        : `${spent.length} of ${branches.length} have used up their quota`;
    return ordered(context, [...left, ...spent], `fill-first: ${story}`);
  },
};

// An account that nothing is known about counts as one with quota: most have none.
function hasQuota({ attempts }: Branch, { world, now }: StrategyContext): boolean {
  return attempts.some(({ connection }) => (readUsedShare(world.quota(connection.key), now) ?? 0) < full);
}
