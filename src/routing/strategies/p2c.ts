// p2c: the power of two choices. Two targets are drawn, the one with less to do comes first; unlike "the least loaded of
// all", many gateways that see the same old figures do not rush to the same target.
import { renderTarget } from '../resolve.ts';
import { firstOf, modelId } from './rank.ts';
import { ordered, type Branch, type Strategy, type StrategyContext } from './strategy.ts';

export const p2c: Strategy = {
  name: 'p2c',
  meaning:
    'Of two targets drawn at random, the one with fewer running calls, and then with fewer failures, comes first.',
  demands: [],
  order(branches, context) {
    if (branches.length === 1) return ordered(context, branches, 'p2c: only one target');
    const one = Math.floor(context.random() * branches.length);
    const other = (one + 1 + Math.floor(context.random() * (branches.length - 1))) % branches.length;
    const [a, b] = [branches[one]!, branches[other]!];
    const [first, second] = isBusier(a, b, context) ? [b, a] : [a, b];
    const rest = branches.filter((branch) => branch !== first && branch !== second);
    const message = `p2c: ${describe(first, context)} before ${describe(second, context)}`;
    return ordered(context, [first, second, ...rest], message);
  },
};

function isBusier(a: Branch, b: Branch, context: StrategyContext): boolean {
  const [load, other] = [readLoad(a, context), readLoad(b, context)];
  return load.running > other.running || (load.running === other.running && load.failing > other.failing);
}

function readLoad(branch: Branch, { world }: StrategyContext) {
  const id = modelId(firstOf(branch));
  const uses = world.uses(id);
  const ended = uses ? Math.max(1, uses.calls - world.inFlight(id)) : 1;
  return { running: world.inFlight(id), failing: uses ? 1 - Math.min(1, uses.successes / ended) : 0 };
}

function describe(branch: Branch, context: StrategyContext): string {
  return `${renderTarget(branch.target)} (${readLoad(branch, context).running} running)`;
}
