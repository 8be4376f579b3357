// The pure decision: which upstream calls may answer this request, in which order, and why. It never reads a clock, a
// file or the environment; the gateway, `explain` and the test runner call the same function.
import type { ErrorCode } from '../errors.ts';
import { matchGlob } from '../lib/glob.ts';
import { findNearest } from '../lib/nearest.ts';
import type { Decision, Reason, Refusal } from './decision.ts';
import { expandTarget, hasUsableConnection, type Expansion } from './expand.ts';
import type { Facts } from './facts.ts';
import type { ReasonCode } from './reasons.ts';
import { renderTarget, resolveName, type Resolved, type Unresolved } from './resolve.ts';
import type { Snapshot } from './snapshot.ts';
import type { World } from './world/world.ts';

export interface DecideInput {
  readonly snapshot: Snapshot;
  readonly facts: Facts;
  readonly world: World;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Uniform in [0, 1); a seeded source gives the same decision again. */
  readonly random: () => number;
}

/** Answers a plan with at least one attempt, or a refusal. Equal inputs give equal decisions; nothing is changed. */
export function decide({ snapshot, facts, world, now, random }: DecideInput): Decision {
  const isActive = (id: string): boolean => {
    const provider = snapshot.providers.get(id);
    return provider !== undefined && hasUsableConnection(provider, world);
  };
  const resolution = resolveName(facts.model, snapshot, isActive);
  if (resolution.kind !== 'resolved') return refuseName(resolution, snapshot, facts, isActive);
  const blocked = checkKey(resolution, facts);
  if (blocked) return blocked;

  const reasons = [...resolution.reasons];
  const expansion: Expansion = {
    snapshot,
    facts,
    world,
    now,
    random,
    reasons,
    suffixes: resolution.suffixes,
  };
  const attempts = expandTarget(resolution.target, expansion);
  const [first] = attempts;
  if (!first) return refuseEmpty(facts.model, expansion);
  if (resolution.target.kind === 'model')
    reasons.push(explainEndpoint(first.endpoint.protocol, facts, first.target));
  return { kind: 'route', attempts, reasons, effects: first.effects ?? [] };
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
  if (!patterns) return true;
  const full = renderTarget(target);
  return patterns.some((pattern) => matchGlob(pattern, name) || matchGlob(pattern, full));
}

function checkKey(resolution: Resolved, { model, principal }: Facts): Refusal | undefined {
  const name = resolution.suffixes.includes('1m') ? model.slice(0, -4) : model;
  if (isModelAllowed(principal.models, name, resolution)) return undefined;
  const message = `The key ${principal.key ?? ''} may not use the model "${model}".`.replace('  ', ' ');
  return refuse('model_not_allowed', message, [...resolution.reasons, { code: 'key-not-allowed', message }]);
}

function refuseName(
  { kind, reason, providers }: Unresolved,
  snapshot: Snapshot,
  { model, principal }: Facts,
  isActive: (id: string) => boolean,
): Refusal {
  if (kind === 'invalid') return refuse('invalid_model', reason.message, [reason]);
  if (kind === 'ambiguous') {
    if (providers.some(isActive)) return refuse('ambiguous_model', reason.message, [reason]);
    const message = `"${model}" is listed by ${providers.join(', ')}; none of them has a usable connection.`;
    return refuse('no_credentials', message, [reason, { code: 'no-connection', message }]);
  }
  // Names that the key may not use must not show up in a hint.
  const { models } = principal;
  const usable = models ? (name: string) => models.some((pattern) => matchGlob(pattern, name)) : () => true;
  const nearest = findNearest(model, knownNames(snapshot, model, usable));
  const hint = nearest === undefined ? 'GET /v1/models lists the names.' : `Did you mean "${nearest}"?`;
  return refuse('model_not_found', `${reason.message} ${hint}`, [reason]);
}

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
  'no-credential',
  'no-endpoint',
]);

// The most telling cause wins: what an operator can repair by setting a variable comes first.
function refuseEmpty(model: string, { reasons, soonest, now }: Expansion): Refusal {
  const found = new Set(reasons.map(({ code }) => code));
  const rejected = reasons.filter(({ code }) => rejections.has(code)).map(({ message }) => message);
  const more = rejected.length > 5 ? ` And ${rejected.length - 5} more.` : '';
  const story = rejected.slice(0, 5).join(' ') + more;
  if (soonest === undefined && (found.has('no-credential') || found.has('no-connection'))) {
    return refuse('no_credentials', `No usable credential for "${model}". ${story}`, reasons);
  }
  const code =
    soonest === undefined && found.has('no-endpoint') ? 'unsupported_feature' : 'no_target_available';
  const refusal = refuse(code, `Nothing can serve "${model}" now. ${story}`.trimEnd(), reasons);
  return soonest === undefined
    ? refusal
    : { ...refusal, retryAfter: Math.max(1, Math.ceil((soonest - now) / 1000)) };
}

function explainEndpoint(protocol: string, facts: Facts, target: string): Reason {
  return protocol === facts.protocol
    ? { code: 'pass-through', message: `${target} speaks ${protocol}, as the client does.` }
    : { code: 'translate', message: `${target} speaks ${protocol}, the client ${facts.protocol}.` };
}

function refuse(code: ErrorCode, message: string, reasons: readonly Reason[]): Refusal {
  return { kind: 'refuse', code, message, reasons };
}
