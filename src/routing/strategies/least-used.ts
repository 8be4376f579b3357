// least-used: the target with the fewest calls so far comes first.
import { modelId, orderByRank } from './rank.ts';
import type { Strategy } from './strategy.ts';

export const leastUsed: Strategy = {
  name: 'least-used',
  meaning:
    'The target with the fewest calls since the start of the gateway, over all of its models, comes first.',
  demands: [],
  order: (branches, context) =>
    orderByRank(branches, context, {
      name: 'least-used',
      // A nested combo was used as often as all of its models together.
      value: ({ attempts }) =>
        [...new Set(attempts.map(modelId))].reduce(
          (sum, id) => sum + (context.world.uses(id)?.calls ?? 0),
          0,
        ),
      render: (calls) => `${calls} calls`,
      unknown: 'never used',
    }),
};
