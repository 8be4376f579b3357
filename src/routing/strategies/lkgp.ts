// lkgp: last known good. The target that answered this conversation last comes first; without a conversation, the one that
// answered anybody last.
import { renderTarget } from '../resolve.ts';
import { sessionIdOf } from '../world/sessions.ts';
import { modelId } from './rank.ts';
import { ordered, type Branch, type Strategy, type StrategyContext } from './strategy.ts';

export const lkgp: Strategy = {
  name: 'lkgp',
  meaning:
    'The target that answered this conversation last comes first, without one the target that answered last at all; the others follow in the order of the file.',
  demands: ['session'],
  order(branches, context) {
    const own = findOwn(branches, context);
    if (own)
      return ordered(
        context,
        putFirst(branches, own),
        `lkgp: ${renderTarget(own.target)} answered this conversation last`,
      );
    let best: Branch | undefined;
    let latest = 0;
    for (const branch of branches) {
      const at = readLastSuccess(branch, context);
      if (at <= latest) continue;
      best = branch;
      latest = at;
    }
    if (!best) return ordered(context, branches, 'lkgp: none has answered yet; the order of the file');
    const seconds = Math.round((context.now - latest) / 1000);
    return ordered(
      context,
      putFirst(branches, best),
      `lkgp: ${renderTarget(best.target)} answered last, ${seconds} s ago`,
    );
  },
};

function findOwn(
  branches: readonly Branch[],
  { facts, world, now, snapshot }: StrategyContext,
): Branch | undefined {
  if (facts.session === undefined) return undefined;
  const known = world.session(sessionIdOf(facts.principal.key, facts.session), now, snapshot.sessions.ttl);
  return known && branches.find(({ attempts }) => attempts.some(({ target }) => target === known.target));
}

function putFirst(branches: readonly Branch[], first: Branch): readonly Branch[] {
  return [first, ...branches.filter((branch) => branch !== first)];
}

function readLastSuccess({ attempts }: Branch, { world }: StrategyContext): number {
  return attempts.reduce(
    (latest, attempt) => Math.max(latest, world.uses(modelId(attempt))?.lastSuccess ?? 0),
    0,
  );
}
