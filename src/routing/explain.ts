// A decision as a person reads it: what the name stands for, every candidate in its place or the rule that left it out,
// each with the line of the file. It calls decide() and only arranges what that says; effects are thrown away.
import { priceTokens } from '../catalog/prices.ts';
import { renderPosition, type SourcePosition } from '../diagnostics.ts';
import { errorTable, type ErrorCode } from '../errors.ts';
import { planCache, type CacheRecipe } from './cache-recipe.ts';
import { listAttemptCharges, listKeyCharges, type Charge } from './charges.ts';
import { admitKey, describeFault, namedSession } from './admission.ts';
import type { CounterState } from './counters.ts';
import { decide, type DecideInput } from './decide.ts';
import type { Attempt, Decision, Reason, Refusal } from './decision.ts';
import { deepestNesting } from './expand.ts';
import { renderTarget } from './resolve.ts';
import { createStillSlots, type Slots } from './slots.ts';
import type { Snapshot, Target } from './snapshot.ts';

/** One candidate call, in its place. */
export interface ExplainedAttempt {
  /** Counted from 1. */
  readonly place: number;
  readonly target: string;
  readonly connection: string;
  readonly protocol: string;
  readonly baseUrl: string;
  /** The model id that the upstream expects. */
  readonly model: string;
  readonly suffixes?: readonly string[];
  readonly context?: number;
  /** Nano-USD for the prompt and the longest answer that the request allows, where that and the prices are known. */
  readonly cost?: number;
  /** Nano-USD for the prompt alone. */
  readonly promptCost?: number;
  /** What it meets at its target and account when it is begun. */
  readonly charges: readonly ExplainedCharge[];
  readonly at?: string;
}

/** A combo with its targets, or a model with its connections. */
export interface ExplainNode {
  readonly kind: 'combo' | 'model';
  readonly name: string;
  /** Places of its attempts in the order; empty when all of it was left out. */
  readonly places: readonly number[];
  readonly reasons: readonly ExplainedReason[];
  readonly children: readonly ExplainNode[];
  readonly at?: string;
}

export interface ExplainedReason {
  readonly code: string;
  readonly message: string;
  /** The account that it is about. */
  readonly connection?: string;
  /** ISO time at which it is over by itself. */
  readonly until?: string;
  /** `file:line:column`. */
  readonly at?: string;
}

export interface ExplainedCharge extends Omit<Charge, 'at' | 'resetAt'> {
  /** ISO time at which (some of) it is free again. */
  readonly resets?: string;
  readonly at?: string;
}

export interface Explanation {
  readonly revision: string;
  readonly model: string;
  readonly protocol: string;
  readonly operation: string;
  readonly key?: string;
  readonly outcome:
    | { readonly kind: 'route' }
    | {
        readonly kind: 'refuse';
        readonly code: ErrorCode;
        readonly status: number;
        readonly message: string;
        readonly retryAfter?: number;
      };
  /** What was decided about the request as a whole, in order. */
  readonly reasons: readonly ExplainedReason[];
  readonly tree?: ExplainNode;
  readonly attempts: readonly ExplainedAttempt[];
  /** What the request is charged to before anything is tried: the limits of its key. */
  readonly charges: readonly ExplainedCharge[];
  readonly cache: CacheRecipe;
}

export interface ExplainInput extends DecideInput {
  /** The lanes of a running gateway; without them everything is free. */
  readonly slots?: Pick<Slots, 'look'>;
  /** What the door said, when it let nobody in. */
  readonly door?: Refusal | undefined;
}

/** As the gateway would: the door, the limits of the key, the decision. Nothing is changed. */
export function explain(input: ExplainInput): Explanation {
  const decision = input.door ?? findLimit(input) ?? decide(input);
  const { snapshot, facts } = input;
  const attempts = decision.kind === 'route' ? decision.attempts : [];
  const { target } = decision;
  return {
    revision: snapshot.revision,
    model: facts.model,
    protocol: facts.protocol,
    operation: facts.operation,
    ...(facts.principal.key !== undefined && { key: facts.principal.key }),
    outcome: explainOutcome(decision),
    reasons: decision.reasons.filter((reason) => reason.about === undefined).map(explainReason),
    ...(target && { tree: explainTree(decision, snapshot)! }),
    attempts: attempts.map((attempt, index) => explainAttempt(attempt, index, input)),
    charges: listKeyCharges(facts, snapshot, stateOf(input)).map(explainCharge),
    cache: planCache(decision, facts, snapshot, input.now),
  };
}

/** The candidates of a decision as a tree; undefined where its name stands for nothing. */
export function explainTree(decision: Decision, snapshot: Snapshot): ExplainNode | undefined {
  const attempts = decision.kind === 'route' ? decision.attempts : [];
  const { target, reasons } = decision;
  return target && buildNode(target, { snapshot, attempts, reasons }, 1);
}

// The gateway's own admission, in lanes that look like those of the moment and of which nothing is taken.
function findLimit({ facts, snapshot, world, slots, now }: ExplainInput): Refusal | undefined {
  const { principal } = facts;
  if (principal.limits === undefined) return undefined;
  const still = createStillSlots(now);
  const seen: Slots = slots ? { ...still, ...lookThrough(slots) } : still;
  const { ttl } = snapshot.sessions;
  const admitted = admitKey({ principal, world, slots: seen, session: () => namedSession(facts), ttl, now });
  if (!admitted || !('limit' in admitted)) return undefined;
  const { message, retryAfter } = admitted;
  const reasons = [describeFault(admitted, principal, snapshot, now)];
  return { kind: 'refuse', code: 'rate_limit_exceeded', message, retryAfter, reasons };
}

/** Answers as the lanes behind `look` would, and takes nothing. */
function lookThrough({ look }: Pick<Slots, 'look'>): Pick<Slots, 'take' | 'running' | 'delay'> {
  return {
    take: (id, ceiling) => {
      const { delay, waiting } = look(id, ceiling);
      return delay > 0 || waiting > 0 ? undefined : { release: () => undefined };
    },
    running: (id) => look(id, {}).running,
    delay: (id, ceiling) => look(id, ceiling).delay,
  };
}

function stateOf({ world, slots, snapshot, now }: ExplainInput): CounterState {
  return { world, slots, ttl: snapshot.sessions.ttl, now };
}

function explainCharge({ at, resetAt, ...charge }: Charge): ExplainedCharge {
  const resets = resetAt === undefined ? {} : { resets: new Date(resetAt).toISOString() };
  return { ...charge, ...resets, ...placeOf(at) };
}

function explainOutcome(decision: Decision): Explanation['outcome'] {
  if (decision.kind === 'route') return { kind: 'route' };
  const { code, message, retryAfter } = decision;
  const status = errorTable[code].status;
  return { kind: 'refuse', code, status, message, ...(retryAfter !== undefined && { retryAfter }) };
}

function explainAttempt(attempt: Attempt, index: number, input: ExplainInput): ExplainedAttempt {
  const { facts, now } = input;
  const { target, connection, endpoint, model, suffixes, facts: known } = attempt;
  const { inputTokens } = facts;
  const price = (output: number | undefined): number | null =>
    inputTokens === undefined || output === undefined
      ? null
      : priceTokens(known?.prices, { input: inputTokens, output }, now);
  const cost = price(longestAnswer(attempt, facts.maxOutputTokens));
  const promptCost = price(0);
  return {
    place: index + 1,
    target,
    connection: connection.key,
    protocol: endpoint.protocol,
    baseUrl: endpoint.baseUrl,
    model,
    ...(suffixes && { suffixes }),
    ...(known?.context !== undefined && { context: known.context }),
    ...(cost !== null && { cost }),
    ...(promptCost !== null && { promptCost }),
    charges: listAttemptCharges(attempt, facts, input.snapshot, stateOf(input)).map(explainCharge),
    ...placeOf(attempt.at ?? connection.at),
  };
}

/** What the client allows, a policy caps, and the model can; undefined where nobody says. */
function longestAnswer({ changes, facts }: Attempt, asked: number | undefined): number | undefined {
  const bound = Math.min(asked ?? Infinity, changes?.maxOutputTokens ?? Infinity);
  return bound === Infinity ? undefined : Math.min(bound, facts?.maxOutput ?? Infinity);
}

interface Material {
  readonly snapshot: Snapshot;
  readonly attempts: readonly Attempt[];
  readonly reasons: readonly Reason[];
}

function buildNode(target: Target, material: Material, depth: number): ExplainNode {
  const name = renderTarget(target);
  const reasons = material.reasons.filter((reason) => reason.about === name).map(explainReason);
  const combo =
    target.kind === 'combo' && depth <= deepestNesting
      ? material.snapshot.combos.get(target.combo)
      : undefined;
  const children = (combo?.targets ?? []).map((entry) => buildNode(entry, material, depth + 1));
  const own = material.attempts.flatMap((attempt, index) => (attempt.target === name ? [index + 1] : []));
  const places = combo ? children.flatMap((child) => child.places) : own;
  return {
    kind: target.kind,
    name,
    places: [...new Set(places)].sort((a, b) => a - b),
    reasons,
    // In the order in which they are tried; what was left out comes last, in the order of the file.
    children: children
      .map((child, index) => ({ child, index }))
      .sort((a, b) => firstPlace(a.child) - firstPlace(b.child) || a.index - b.index)
      .map(({ child }) => child),
    ...placeOf(target.at),
  };
}

function firstPlace(node: ExplainNode): number {
  return node.places[0] ?? Number.MAX_SAFE_INTEGER;
}

function explainReason({ code, message, connection, until, at }: Reason): ExplainedReason {
  return {
    code,
    message,
    ...(connection !== undefined && { connection }),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
    ...placeOf(at),
  };
}

function placeOf(at: SourcePosition | undefined): { readonly at?: string } {
  return at ? { at: renderPosition(at) } : {};
}
