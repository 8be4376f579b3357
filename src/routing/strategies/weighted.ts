// weighted: one draw with probability weight / sum; the rest follow by falling weight. All weights zero: a uniform draw.
import { renderTarget } from '../resolve.ts';
import { ordered, type Strategy } from './strategy.ts';

export const weighted: Strategy = {
  name: 'weighted',
  meaning:
    'A draw with the odds of the weights; the others follow by falling weight. Weight 0 only serves as a fallback.',
  demands: [],
  order(branches, context) {
    const total = branches.reduce((sum, { target }) => sum + target.weight, 0);
    const draw = context.random() * (total || branches.length);
    let passed = 0;
    // Rounding may leave the draw at the very end: the last branch with any weight is the one to take then.
    let drawn = 0;
    for (const [index, { target }] of branches.entries()) {
      const weight = total === 0 ? 1 : target.weight;
      if (weight === 0) continue;
      drawn = index;
      passed += weight;
      if (draw < passed) break;
    }
    const first = branches[drawn]!;
    const rest = branches
      .filter((branch) => branch !== first)
      .sort((a, b) => b.target.weight - a.target.weight);
    const share = total === 0 ? `1 of ${branches.length}` : `${first.target.weight} of ${total}`;
    return ordered(
      context,
      [first, ...rest],
      `weighted: drew ${renderTarget(first.target)} (weight ${share})`,
    );
  },
};
