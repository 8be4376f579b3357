// least-latency: the shortest time to the first token, as an exponentially weighted mean, comes first. A few requests
// try another target, or the figures of the others would never be renewed.
import { renderTarget } from '../resolve.ts';
import { firstOf, modelId, orderByRank } from './rank.ts';
import type { Strategy } from './strategy.ts';

const exploration = 0.05;

export const leastLatency: Strategy = {
  name: 'least-latency',
  meaning:
    'The shortest mean time to the first token comes first; one request in twenty tries another target, so that all figures stay fresh.',
  demands: [],
  order(branches, context) {
    const ordering = orderByRank(branches, context, {
      name: 'least-latency',
      value: (branch) => context.world.latency(modelId(firstOf(branch)))?.mean,
      render: (mean) => `${Math.round(mean)} ms`,
      unknown: 'no latency was measured yet',
    });
    const explores = context.random() < exploration;
    const pick = Math.floor(context.random() * (branches.length - 1));
    const { order, reasons } = ordering;
    const chosen = explores ? order[pick + 1] : undefined;
    if (!chosen) return ordering;
    const { name, at } = context.combo;
    const message = `least-latency: this request tries ${renderTarget(chosen.target)}, to measure it.`;
    return {
      ...ordering,
      order: [chosen, ...order.filter((branch) => branch !== chosen)],
      reasons: [...reasons, { code: 'strategy', message, about: name, at }],
    };
  },
};
