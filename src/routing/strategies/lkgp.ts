// lkgp: the last known good target comes first, the others in the order of the file.
import { renderTarget } from '../resolve.ts';
import { modelId } from './rank.ts';
import { ordered, type Branch, type Strategy, type StrategyContext } from './strategy.ts';

export const lkgp: Strategy = {
  name: 'lkgp',
  meaning: 'The target that answered last comes first; the others follow in the order of the file.',
  demands: [],
  order(branches, context) {
    let best: Branch | undefined;
    let latest = 0;
    for (const branch of branches) {
      const at = readLastSuccess(branch, context);
      if (at <= latest) continue;
      best = branch;
      latest = at;
    }
    if (!best) return ordered(context, branches, 'lkgp: none has answered yet; the order of the file');
    const rest = branches.filter((branch) => branch !== best);
    const seconds = Math.round((context.now - latest) / 1000);
    return ordered(
      context,
      [best, ...rest],
      `lkgp: ${renderTarget(best.target)} answered last, ${seconds} s ago`,
    );
  },
};

function readLastSuccess({ attempts }: Branch, { world }: StrategyContext): number {
  return attempts.reduce(
    (latest, attempt) => Math.max(latest, world.uses(modelId(attempt))?.lastSuccess ?? 0),
    0,
  );
}
