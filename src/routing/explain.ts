// A decision as a person reads it: what the name stands for, every candidate in its place or the rule that left it out,
// each with the line of the file. It calls decide() and only arranges what that says; effects are thrown away.
import { priceTokens } from '../catalog/prices.ts';
import { renderPosition, type SourcePosition } from '../diagnostics.ts';
import { errorTable, type ErrorCode } from '../errors.ts';
import { decide, type DecideInput } from './decide.ts';
import type { Attempt, Decision, Reason } from './decision.ts';
import { deepestNesting } from './expand.ts';
import { renderTarget } from './resolve.ts';
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
  /** Nano-USD for this request, where tokens and prices are known; the answer counts with its full allowance. */
  readonly cost?: number;
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
  /** `file:line:column`. */
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
}

export function explain(input: DecideInput): Explanation {
  return arrange(decide(input), input);
}

/** The same for a decision that was made already. */
export function arrange(
  decision: Decision,
  input: Pick<DecideInput, 'snapshot' | 'facts' | 'now'>,
): Explanation {
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
    ...(target && { tree: buildNode(target, { snapshot, attempts, reasons: decision.reasons }, 1) }),
    attempts: attempts.map((attempt, index) => explainAttempt(attempt, index, input)),
  };
}

function explainOutcome(decision: Decision): Explanation['outcome'] {
  if (decision.kind === 'route') return { kind: 'route' };
  const { code, message, retryAfter } = decision;
  const status = errorTable[code].status;
  return { kind: 'refuse', code, status, message, ...(retryAfter !== undefined && { retryAfter }) };
}

function explainAttempt(
  attempt: Attempt,
  index: number,
  { facts, now }: Pick<DecideInput, 'facts' | 'now'>,
): ExplainedAttempt {
  const { target, connection, endpoint, model, suffixes, facts: known } = attempt;
  const cost = priceTokens(known?.prices, expectTokens(facts.inputTokens, facts.maxOutputTokens), now);
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
    ...placeOf(attempt.at ?? connection.at),
  };
}

function expectTokens(input: number | undefined, output: number | undefined) {
  return { ...(input !== undefined && { input }), ...(output !== undefined && { output }) };
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

function explainReason({ code, message, at }: Reason): ExplainedReason {
  return { code, message, ...placeOf(at) };
}

function placeOf(at: SourcePosition | undefined): { readonly at?: string } {
  return at ? { at: renderPosition(at) } : {};
}
