// The pure decision: which upstream calls may answer this request, in which order, and why. It never reads a clock, a
// file or the environment; the gateway, `explain` and the test runner call the same function.
import type { ErrorCode } from '../errors.ts';
import { matchBudgets } from './budgets.ts';
import { matchGlob } from '../lib/glob.ts';
import { findNearest } from '../lib/nearest.ts';
import type { Attempt, Decision, Reason, Refusal, RoutePlan } from './decision.ts';
import { expandFallbacks, expandTarget, type Expansion } from './expand.ts';
import { Inquiry, type Asked, type Caller, type DecideInput } from './inquiry.ts';
import { runPolicies, type PolicyRun, type PolicyTarget } from './policies/evaluate.ts';
import type { ReasonCode } from './reasons.ts';
import { listSpellings, renderTarget, resolveName, type Resolved, type Unresolved } from './resolve.ts';
import type { Snapshot } from './snapshot.ts';
import { keepPlan, recallPlan } from './standing.ts';
import { hasUsableConnection } from './usable.ts';

export type { DecideInput } from './inquiry.ts';

/** Answers a plan with at least one attempt, or a refusal. Equal inputs give equal decisions; nothing is changed. */
export function decide(input: DecideInput): Decision {
  const standing = recallPlan(input);
  if (standing && isAllowed(standing.resolution, standing.names, input.facts.principal)) return standing.plan;
  return decideAnew(input);
}

/** The same without a look at the plans that stand. */
export function decideAnew(input: DecideInput): Decision {
  const { snapshot } = input;
  const inquiry = new Inquiry(input);
  const policies =
    snapshot.policies.policies.length === 0
      ? undefined
      : runPolicies(snapshot.policies, inquiry.facts, inquiry.now);
  const decision = choose(inquiry, policies);
  if (decision.kind === 'route' || !(inquiry.caller.noLog || policies?.silent)) return decision;
  return { ...decision, noLog: true };
}

function choose(inquiry: Inquiry, policies: PolicyRun | undefined): Decision {
  const { snapshot, asked: facts, caller } = inquiry;
  const isActive = (id: string): boolean => {
    const provider = snapshot.providers.get(id);
    return provider !== undefined && hasUsableConnection(provider, inquiry.world);
  };
  const asked = resolveName(facts.model, snapshot, isActive);
  if (asked.kind !== 'resolved') return refuseName(asked, snapshot, facts.model, caller, isActive);
  const names = listSpellings(facts.model, asked.suffixes);
  const blocked = checkKey(asked, names, facts.model, caller);
  if (blocked) return { ...blocked, target: asked.target };

  const route = policies?.route(names, modelOf(asked));
  const resolution = route ? resolveName(route.to, snapshot, isActive) : asked;
  if (resolution.kind !== 'resolved') {
    return refuseName(resolution, snapshot, route?.to ?? facts.model, caller, isActive);
  }
  let { target } = resolution;
  const reasons = route ? [...asked.reasons, route.reason, ...resolution.reasons] : [...resolution.reasons];
  const denied = policies?.deny(names, modelOf(resolution));
  if (denied) return { ...refuse('denied_by_policy', denied.text, [...reasons, denied.reason]), target };

  let expansion: Expansion = {
    snapshot,
    inquiry,
    reasons,
    suffixes: resolution.suffixes,
    names,
    policies,
    found: {},
    budgets: snapshot.budgets.length === 0 ? [] : matchBudgets(snapshot.budgets, inquiry.facts, inquiry.now),
  };
  let attempts = keepSession(putPreferredFirst(expandTarget(target, expansion), reasons), expansion);
  // Once: where the other name has no room either, the request is refused.
  const detour = attempts.length === 0 ? expansion.found.exceeded?.route : undefined;
  if (detour) {
    const other = resolveName(detour.to, snapshot, isActive);
    if (other.kind !== 'resolved') return refuseName(other, snapshot, detour.to, caller, isActive);
    reasons.push(detour.reason, ...other.reasons);
    target = other.target;
    const barred = policies?.deny(names, modelOf(other));
    if (barred) return { ...refuse('denied_by_policy', barred.text, [...reasons, barred.reason]), target };
    expansion = { ...expansion, suffixes: other.suffixes, detour: detour.to };
    attempts = putPreferredFirst(expandTarget(target, expansion), reasons);
  }
  if (policies) reasons.push(...policies.reasons);
  const [first] = attempts;
  if (!first) return { ...refuseEmpty(facts.model, expansion), target };
  if (target.kind === 'model') reasons.push(explainEndpoint(first.endpoint.protocol, facts, first.target));
  const combo = target.kind === 'combo' ? snapshot.combos.get(target.combo) : undefined;
  const onContextOverflow = expandFallbacks(combo?.onContextOverflow, expansion, attempts);
  const onContentPolicy = expandFallbacks(combo?.onContentPolicy, expansion, attempts);
  const retention = policies?.retention(
    names,
    [...attempts, ...(onContextOverflow ?? []), ...(onContentPolicy ?? [])].map(({ target: name }) =>
      splitTarget(name),
    ),
  );
  const plan: RoutePlan = {
    kind: 'route',
    target,
    attempts,
    ...(onContextOverflow && { onContextOverflow }),
    ...(onContentPolicy && { onContentPolicy }),
    reasons,
    effects: first.effects ?? [],
    noLog: caller.noLog || (retention?.noLog ?? false),
    noCache: retention?.noCache ?? false,
  };
  keepPlan(inquiry, { plan, resolution: asked, names });
  return plan;
}

function modelOf({ target }: Resolved): PolicyTarget | undefined {
  return target.kind === 'model' ? target : undefined;
}

function splitTarget(target: string): PolicyTarget {
  const slash = target.indexOf('/');
  return { provider: target.slice(0, slash), model: target.slice(slash + 1) };
}

// The prompt cache is worth more than an even spread, but never more than what policies prefer.
function keepSession(attempts: readonly Attempt[], expansion: Expansion): readonly Attempt[] {
  const { inquiry, reasons } = expansion;
  const [first] = attempts;
  const known = first && inquiry.conversation();
  if (!known) return attempts;
  const at = attempts.findIndex(
    ({ connection, target, rank }) =>
      connection.key === known.connection && target === known.target && rank === first.rank,
  );
  const kept = attempts[at];
  if (!kept) {
    const message = `The conversation was at ${known.connection} (${known.target}), which cannot be used now.`;
    reasons.push({ code: 'session-moved', message, about: known.target, connection: known.connection });
    return attempts;
  }
  const message = `The conversation stays at ${known.connection} (${known.target}).`;
  reasons.push({ code: 'session-kept', message, about: known.target, connection: known.connection });
  return at === 0 ? attempts : [kept, ...attempts.toSpliced(at, 1)];
}

// A stable order: within equal preference the strategy's own order stays.
function putPreferredFirst(attempts: readonly Attempt[], reasons: Reason[]): readonly Attempt[] {
  const [first] = attempts;
  if (attempts.every((attempt) => attempt.rank === first?.rank)) return attempts;
  const order = [...attempts].sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const names = order.map(({ target }) => target).join(', ');
  reasons.push({ code: 'policy-prefer', message: `Policies prefer this order: ${names}.` });
  return order;
}

/**
 * Whether a key with these model patterns may use a name: the name itself must match, or the `provider/model` that it
 * stands for. A combo is allowed as a whole, by its name.
 */
export function isModelAllowed(
  patterns: readonly string[] | undefined,
  name: string,
  { target }: Resolved,
): boolean {
  if (!patterns || patterns.includes(name)) return true;
  const full = renderTarget(target);
  return patterns.some((pattern) => matchGlob(pattern, name) || matchGlob(pattern, full));
}

function isAllowed(resolution: Resolved, names: readonly string[], { models }: Caller): boolean {
  return models === undefined || names.some((name) => isModelAllowed(models, name, resolution));
}

function checkKey(
  resolution: Resolved,
  names: readonly string[],
  model: string,
  caller: Caller,
): Refusal | undefined {
  if (isAllowed(resolution, names, caller)) return undefined;
  const { key } = caller;
  const message = `The key ${key ?? ''} may not use the model "${model}".`.replace('  ', ' ');
  return refuse('model_not_allowed', message, [
    ...resolution.reasons,
    { code: 'key-not-allowed', message, ...(key !== undefined && { rule: key }) },
  ]);
}

function refuseName(
  { kind, reason, providers }: Unresolved,
  snapshot: Snapshot,
  model: string,
  { models }: Caller,
  isActive: (id: string) => boolean,
): Refusal {
  if (kind === 'invalid') return refuse('invalid_model', reason.message, [reason]);
  if (kind === 'ambiguous') {
    if (providers.some(isActive)) return refuse('ambiguous_model', reason.message, [reason]);
    const message = `"${model}" is listed by ${providers.join(', ')}; none of them has a usable connection.`;
    return refuse('no_credentials', message, [reason, { code: 'no-connection', message }]);
  }
  // Names that the key may not use must not show up in a hint.
  const usable = models ? (name: string) => models.some((pattern) => matchGlob(pattern, name)) : () => true;
  const nearest = findNearest(model, knownNames(snapshot, model, usable).take(mostCompared));
  const hint = nearest === undefined ? 'GET /v1/models lists the names.' : `Did you mean "${nearest}"?`;
  return refuse('model_not_found', `${reason.message} ${hint}`, [reason]);
}

/** A hint is not worth more than this: anybody can ask for names that do not exist, as fast as the network allows. */
const mostCompared = 2_000;

function* knownNames(
  { combos, aliases, listings, providers, prefixes }: Snapshot,
  model: string,
  usable: (name: string) => boolean,
): Generator<string> {
  for (const names of [combos.names(), aliases.names(), listings.names()]) {
    for (const name of names) if (usable(name)) yield name;
  }
  const slash = model.indexOf('/');
  if (slash < 0) return;
  const rest = model.slice(slash + 1);
  for (const prefix of prefixes.names()) {
    if (usable(`${prefix}/${rest}`)) yield `${prefix}/${rest}`;
  }
  for (const provider of providers.values()) {
    for (const listed of provider.models ?? []) {
      if (usable(`${provider.id}/${listed}`)) yield `${provider.id}/${listed}`;
    }
  }
}

const rejections: ReadonlySet<ReasonCode> = new Set([
  'provider-missing',
  'no-connection',
  'connection-disabled',
  'connection-not-chosen',
  'condition',
  'schedule',
  'cooling',
  'breaker-open',
  'budget-exceeded',
  'no-credential',
  'no-endpoint',
  'connection-not-allowed',
  'policy-deny',
  'policy-allow',
  'policy-block',
]);

// The most telling cause wins: what passes by itself first, then what somebody decided, then what an operator can repair.
function refuseEmpty(model: string, { reasons, soonest, inquiry, found }: Expansion): Refusal {
  const { now } = inquiry;
  const codes = new Set(reasons.map(({ code }) => code));
  const rejected = reasons.filter(({ code }) => rejections.has(code)).map(({ message }) => message);
  const more = rejected.length > 5 ? ` And ${rejected.length - 5} more.` : '';
  const story = rejected.slice(0, 5).join(' ') + more;
  const nothing = `Nothing can serve "${model}" now. ${story}`.trimEnd();
  if (soonest !== undefined) {
    const retryAfter = Math.max(1, Math.ceil((soonest - now) / 1000));
    return { ...refuse('no_target_available', nothing, reasons), retryAfter };
  }
  if (found.exceeded) {
    const { reset } = found.exceeded;
    const refusal = refuse('budget_exceeded', nothing, reasons);
    return reset === undefined
      ? refusal
      : { ...refusal, retryAfter: Math.max(1, Math.ceil((reset - now) / 1000)) };
  }
  if (found.denial !== undefined) return refuse('denied_by_policy', found.denial, reasons);
  if (codes.has('policy-allow') || codes.has('policy-block')) {
    return refuse('denied_by_policy', `Policies leave no target for "${model}". ${story}`, reasons);
  }
  if (codes.has('no-credential') || codes.has('no-connection')) {
    return refuse('no_credentials', `No usable credential for "${model}". ${story}`, reasons);
  }
  if (codes.has('connection-not-allowed')) {
    return refuse(
      'model_not_allowed',
      `The client key may use no account that serves "${model}". ${story}`,
      reasons,
    );
  }
  return refuse(codes.has('no-endpoint') ? 'unsupported_feature' : 'no_target_available', nothing, reasons);
}

function explainEndpoint(protocol: string, facts: Asked, target: string): Reason {
  return protocol === facts.protocol
    ? { code: 'pass-through', message: `${target} speaks ${protocol}, as the client does.` }
    : { code: 'translate', message: `${target} speaks ${protocol}, the client ${facts.protocol}.` };
}

function refuse(code: ErrorCode, message: string, reasons: readonly Reason[]): Refusal {
  return { kind: 'refuse', code, message, reasons };
}
