// What would have let a request pass, or pass elsewhere: the decision is made again without one obstacle at a time, rule or
// state, and without all of them where none alone is enough. Nothing is guessed: every way was tried.
import { renderPosition, type SourcePosition } from '../diagnostics.ts';
import { createRandom } from '../lib/random.ts';
import { decide } from './decide.ts';
import type { Decision, Reason } from './decision.ts';
import type { Facts } from './facts.ts';
import { createMoment, listObstacles, type Obstacle } from './moment.ts';
import type { Combo, Lookup, Snapshot, Target } from './snapshot.ts';

export interface Way {
  /** What would have had to be otherwise: `policy eu-only`, `the rest of openai@a for openai/gpt-5`. */
  readonly without: string;
  /** Where the request would have gone first. */
  readonly target: string;
  /** Nothing but all of this together lets it pass; then every part stands in a way of its own. */
  readonly together?: true;
  readonly rule?: string;
  /** `file:line:column` of the rule. */
  readonly at?: string;
  /** ISO time at which this is over by itself. */
  readonly until?: string;
}

export interface WaysInput {
  readonly snapshot: Snapshot;
  readonly facts: Facts;
  /** As they were stored with the request. */
  readonly reasons: readonly Reason[];
  /** Epoch milliseconds of the decision. */
  readonly at: number;
}

interface Variant {
  readonly snapshot: Snapshot;
  readonly facts: Facts;
  readonly obstacles: readonly Obstacle[];
}

interface Change {
  readonly without: string;
  readonly rule?: string;
  readonly at?: SourcePosition | undefined;
  readonly until?: number | undefined;
  apply(variant: Variant): Variant;
}

/** The decision as it was: the same rules, the same facts, the same moment. */
export function replay({ snapshot, facts, reasons, at }: WaysInput): Decision {
  return decideAgain({ snapshot, facts, obstacles: listObstacles(reasons) }, reasons, at);
}

export function findWays(input: WaysInput): readonly Way[] {
  const { snapshot, facts, reasons, at } = input;
  const before: Variant = { snapshot, facts, obstacles: listObstacles(reasons) };
  const now = decideAgain(before, reasons, at);
  const changes = listChanges(before, reasons, at);
  const first = firstTarget(now);
  const ways = changes.flatMap((change): readonly Way[] => {
    const target = firstTarget(decideAgain(change.apply(before), reasons, at));
    return target === undefined || target === first ? [] : [render(change, target)];
  });
  if (ways.length > 0 || first !== undefined || changes.length < 2) return ways;
  const all = changes.reduce((variant, change) => change.apply(variant), before);
  const target = firstTarget(decideAgain(all, reasons, at));
  return target === undefined ? [] : changes.map((change) => ({ ...render(change, target), together: true }));
}

/** Every change costs a decision, and a caller may ask about its own requests as often as it likes. */
const mostChanges = 32;

function decideAgain(
  { snapshot, facts, obstacles }: Variant,
  reasons: readonly Reason[],
  now: number,
): Decision {
  const world = createMoment(obstacles, reasons, snapshot);
  return decide({ snapshot, facts, world, now, random: createRandom(1) });
}

function firstTarget(decision: Decision): string | undefined {
  return decision.kind === 'route' ? decision.attempts[0]!.target : undefined;
}

function render({ without, rule, at, until }: Change, target: string): Way {
  return {
    without,
    target,
    ...(rule !== undefined && { rule }),
    ...(at && { at: renderPosition(at) }),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  };
}

const words: Readonly<Record<Obstacle['code'], string>> = {
  cooling: 'the rest of',
  'breaker-open': 'the open breaker of',
  'quota-spent': 'the used up quota of',
  'no-credential': 'the missing secret of',
};

function listChanges(
  { snapshot, facts, obstacles }: Variant,
  reasons: readonly Reason[],
  now: number,
): readonly Change[] {
  const changes = new Map<string, Change>();
  const add = (change: Change): void =>
    void (changes.has(change.without) || changes.set(change.without, change));
  for (const { code, rule, at, about, until } of reasons) {
    if (rule !== undefined && effective.has(code)) add(withoutPolicy(rule, at));
    if (code === 'budget-exceeded' && rule !== undefined) add(withoutBudget(rule, at, until));
    if (code === 'key-not-allowed')
      add({
        without: `the models of key ${rule ?? ''}`.trimEnd(),
        ...(rule !== undefined && { rule }),
        at,
        apply: anyModel,
      });
    if (code === 'connection-not-allowed')
      add({
        without: `the connections of key ${facts.principal.key ?? ''}`.trimEnd(),
        at,
        apply: anyConnection,
      });
    if ((code === 'condition' || code === 'schedule') && about !== undefined)
      add({
        ...withoutCondition(code, about, at),
        ...(code === 'schedule' && { until: findOpening(snapshot, at, now) }),
      });
  }
  for (const { code, connection, target, until } of obstacles) {
    const model = code === 'cooling' || code === 'breaker-open' ? ` for ${target}` : '';
    const isSame = (one: Obstacle): boolean =>
      one.code === code && one.connection === connection && (model === '' || one.target === target);
    add({
      without: `${words[code]} ${connection}${model}`,
      until,
      at: snapshot.providers
        .values()
        .flatMap((provider) => provider.connections)
        .find(({ key }) => key === connection)?.at,
      apply: (variant) => ({ ...variant, obstacles: variant.obstacles.filter((one) => !isSame(one)) }),
    });
  }
  return [...changes.values()].slice(0, mostChanges);
}

const effective: ReadonlySet<Reason['code']> = new Set([
  'policy-deny',
  'policy-allow',
  'policy-block',
  'policy-route',
]);

function withoutPolicy(id: string, at: SourcePosition | undefined): Change {
  return {
    without: `policy ${id}`,
    rule: id,
    at,
    apply: (variant) => {
      const { policies } = variant.snapshot;
      const rest = policies.policies.filter((policy) => policy.id !== id);
      return { ...variant, snapshot: { ...variant.snapshot, policies: { ...policies, policies: rest } } };
    },
  };
}

function withoutBudget(id: string, at: SourcePosition | undefined, until: number | undefined): Change {
  return {
    without: `the budget ${id}`,
    rule: id,
    at,
    until,
    apply: (variant) => {
      const budgets = variant.snapshot.budgets.filter((budget) => budget.id !== id);
      return { ...variant, snapshot: { ...variant.snapshot, budgets } };
    },
  };
}

function anyModel(variant: Variant): Variant {
  const { models: _, ...principal } = variant.facts.principal;
  return { ...variant, facts: { ...variant.facts, principal } };
}

function anyConnection(variant: Variant): Variant {
  const { connections: _, ...principal } = variant.facts.principal;
  return { ...variant, facts: { ...variant.facts, principal } };
}

function withoutCondition(
  kind: 'condition' | 'schedule',
  about: string,
  at: SourcePosition | undefined,
): Change {
  return {
    without: `the ${kind} of ${about}`,
    at,
    apply: (variant) => {
      const { combos } = variant.snapshot;
      const open = (combo: Combo): Combo => ({ ...combo, targets: combo.targets.map(openTarget) });
      const get = (name: string): Combo | undefined => {
        const combo = combos.get(name);
        return combo && open(combo);
      };
      const opened: Lookup<Combo> = { ...combos, get };
      return { ...variant, snapshot: { ...variant.snapshot, combos: opened } };
    },
  };

  function openTarget(target: Target): Target {
    if (at !== undefined && target.at !== at && !isSamePlace(target.at, at)) return target;
    const { when: _when, schedule: _schedule, ...rest } = target;
    return (
      kind === 'condition'
        ? { ...rest, ...(target.schedule && { schedule: target.schedule }) }
        : { ...rest, ...(target.when && { when: target.when }) }
    ) as Target;
  }
}

/** When the schedule of a target opens. */
function findOpening({ combos }: Snapshot, at: SourcePosition | undefined, now: number): number | undefined {
  if (!at) return undefined;
  const targets = combos.values().flatMap((combo) => combo.targets);
  return targets.find((target) => isSamePlace(target.at, at))?.schedule?.nextChange?.(now);
}

function isSamePlace(a: SourcePosition | undefined, b: SourcePosition): boolean {
  return a?.file === b.file && a.line === b.line && a.column === b.column;
}
