// auto: a weighted sum of what is known about each target, with every value in the reasons. What is unknown counts as
// the middle: neither a bonus nor a punishment for a target that nobody has tried.
import { readUsedShare } from '../world/quota.ts';
import { renderTarget } from '../resolve.ts';
import type { Reason } from '../decision.ts';
import type { AutoOptions } from '../snapshot.ts';
import { autoFactors, autoPacks, type AutoFactor } from './auto-weights.ts';
import { expectCost } from './cost-optimized.ts';
import { firstOf, modelId } from './rank.ts';
import type { Branch, Strategy, StrategyContext } from './strategy.ts';

const unknown = 0.5;
const usual: AutoOptions = { weights: autoPacks['balanced']!, exploration: 0.05 };

export const auto: Strategy = {
  name: 'auto',
  meaning:
    'A weighted sum of quota, health, cost, latency, fit, stability and tier; each value stands in the reasons.',
  demands: [
    'inputTokens',
    'maxOutputTokens',
    'session',
    'messageCount',
    'hasTools',
    'hasImages',
    'hasAudio',
    'hasFiles',
    'hasReasoning',
    'hasResponseSchema',
  ],
  order(branches, context) {
    const options = context.combo.auto ?? usual;
    const scored = scoreBranches(branches, context, options).toSorted((a, b) => b.score - a.score);
    const explores = context.random() < options.exploration;
    const other = Math.floor(context.random() * (scored.length - 1)) + 1;
    const chosen = withinBudget(scored, options, explores && scored[other] ? scored[other] : scored[0]!);
    const order = [chosen, ...scored.filter((one) => one !== chosen)];
    const why =
      chosen === scored[0]
        ? 'the best sum'
        : chosen.cost === cheapest(scored)
          ? 'the cheapest'
          : 'tried, to learn about it';
    const { name: about, at } = context.combo;
    const message = `auto: ${renderTarget(chosen.branch.target)} comes first: ${why} (${chosen.score.toFixed(2)})`;
    return {
      order: order.map(({ branch }) => branch),
      reasons: [{ code: 'strategy', message, about, at }, ...order.map(explainScore)],
      effects: [],
    };
  },
};

interface Scored {
  readonly branch: Branch;
  readonly factors: Readonly<Record<AutoFactor, number | undefined>>;
  readonly score: number;
  /** Nano-USD. */
  readonly cost: number | undefined;
}

function scoreBranches(
  branches: readonly Branch[],
  context: StrategyContext,
  { weights }: AutoOptions,
): readonly Scored[] {
  const costs = branches.map((branch) => expectCost(firstOf(branch), context));
  const latencies = branches.map((branch) => context.world.latency(modelId(firstOf(branch))));
  const dearest = Math.max(0, ...costs.map((cost) => cost ?? 0));
  const slowest = Math.max(0, ...latencies.map((latency) => latency?.mean ?? 0));
  const total = autoFactors.reduce((sum, factor) => sum + (weights[factor] ?? 0), 0) || 1;
  return branches.map((branch, index) => {
    const [cost, latency] = [costs[index], latencies[index]];
    const factors = {
      quota: readQuota(branch, context),
      health: readHealth(branch, context),
      cost: cost === undefined ? undefined : invert(cost, dearest),
      latency: latency && invert(latency.mean, slowest),
      fit: readFit(branch, context),
      stability:
        latency && latency.count > 2
          ? Math.max(0, 1 - latency.deviation / Math.max(1, latency.mean))
          : undefined,
      // No source says which plan an account has.
      tier: undefined,
    };
    const sum = autoFactors.reduce(
      (value, factor) => value + (weights[factor] ?? 0) * (factors[factor] ?? unknown),
      0,
    );
    return { branch, factors, score: sum / total, cost };
  });
}

function withinBudget(scored: readonly Scored[], { budgetCap }: AutoOptions, chosen: Scored): Scored {
  if (budgetCap === undefined || (chosen.cost !== undefined && chosen.cost <= budgetCap)) return chosen;
  return scored.find(({ cost }) => cost !== undefined && cost === cheapest(scored)) ?? chosen;
}

function cheapest(scored: readonly Scored[]): number {
  return Math.min(...scored.map(({ cost }) => cost ?? Infinity));
}

function readQuota({ attempts }: Branch, { world, now }: StrategyContext): number | undefined {
  const shares = attempts.flatMap(({ connection }) => readUsedShare(world.quota(connection.key), now) ?? []);
  return shares.length === 0 ? undefined : 1 - Math.min(...shares);
}

function readHealth(branch: Branch, { world, now }: StrategyContext): number | undefined {
  const { provider, connection, model } = firstOf(branch);
  const id = `${provider.id}/${model}`;
  const permit = world.permit({ provider: provider.id, connection: connection.key, model }, now);
  const uses = world.uses(id);
  const ended = uses ? uses.calls - world.inFlight(id) : 0;
  if (!uses || ended < 1) return permit === 'pass' ? undefined : unknown;
  return Math.min(1, uses.successes / ended) * (permit === 'pass' ? 1 : unknown);
}

const features = [
  ['hasTools', 'tools'],
  ['hasImages', 'images'],
  ['hasAudio', 'audio'],
  ['hasFiles', 'files'],
  ['hasReasoning', 'reasoning'],
  ['hasResponseSchema', 'responseSchema'],
] as const;

// How much of what the request uses the model can do, and whether it fits in.
function readFit(branch: Branch, { facts }: StrategyContext): number | undefined {
  const known = firstOf(branch).facts;
  if (known?.context !== undefined && (facts.inputTokens ?? 0) > known.context) return 0;
  const used = features.filter(([fact]) => facts[fact] === true);
  if (!known?.features) return undefined;
  return used.length === 0
    ? 1
    : used.filter(([, feature]) => known.features?.includes(feature)).length / used.length;
}

function invert(value: number, most: number): number {
  return most === 0 ? 1 : 1 - value / most;
}

function explainScore({ branch, factors, score }: Scored): Reason {
  const about = renderTarget(branch.target);
  const values = autoFactors.map((factor) => `${factor} ${factors[factor]?.toFixed(2) ?? '?'}`).join(', ');
  return {
    code: 'score',
    message: `${about}: ${score.toFixed(2)} of ${values}`,
    about,
    at: branch.target.at,
  };
}
