// sticky: a conversation, or a key, stays at one target without anything being remembered. Rendezvous hashing: when a
// target comes or goes, only what belonged to it moves.
import { hashText } from '../../lib/stable-hash.ts';
import { renderTarget } from '../resolve.ts';
import { ordered, type Branch, type Strategy, type StrategyContext } from './strategy.ts';

export const sticky: Strategy = {
  name: 'sticky',
  meaning:
    'The hash of the conversation (`stickBy: session`) or of the key (`stickBy: key`) chooses the target, in the proportion of the weights.',
  demands: ['session'],
  order(branches, context) {
    const kind = context.combo.stickBy ?? 'session';
    const id = kind === 'key' ? context.facts.principal.key : context.facts.session;
    if (id === undefined)
      return ordered(context, branches, `sticky: the request has no ${kind}; the order of the file`);
    const order = branches
      .map((branch) => ({ branch, score: scoreBranch(branch, id, context) }))
      .sort((a, b) => b.score - a.score)
      .map(({ branch }) => branch);
    return ordered(context, order, `sticky: this ${kind} belongs to ${renderTarget(order[0]!.target)}`);
  },
};

// Weight / -ln(uniform): the chance to be the greatest is in the proportion of the weights.
function scoreBranch({ target }: Branch, id: string, { combo }: StrategyContext): number {
  const uniform = (hashText(`${combo.name}\n${renderTarget(target)}\n${id}`) + 0.5) / 4_294_967_296;
  return target.weight / -Math.log(uniform);
}
