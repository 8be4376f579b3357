// round-robin: each request begins one place further than the last one; the position is an effect, applied in the
// turn of the decision, so that concurrent requests spread evenly.
import { ordered, type Strategy } from './strategy.ts';

export const roundRobin: Strategy = {
  name: 'round-robin',
  meaning: 'Each request begins one target further than the one before.',
  demands: [],
  order(branches, context) {
    const { name } = context.combo;
    const position = context.world.rotation(name);
    const start = position % branches.length;
    const order = start === 0 ? branches : [...branches.slice(start), ...branches.slice(0, start)];
    // Counts on instead of wrapping at the length: that changes while targets come and go.
    const effect = { kind: 'rotate', combo: name, position: (position + 1) % 0x4000_0000 } as const;
    return ordered(context, order, `round-robin: place ${start + 1} of ${branches.length}`, [effect]);
  },
};
