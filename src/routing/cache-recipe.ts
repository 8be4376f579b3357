// Whether the answer to a request may be kept and given again, and what such an answer would be found by. The pure part
// of the exact cache: nothing keeps answers yet, which is why every recipe says so.
import { renderPosition, type SourcePosition } from '../diagnostics.ts';
import { matchGlob } from '../lib/glob.ts';
import { renderCanonical } from '../lib/stable-hash.ts';
import type { Attempt, Decision, RoutePlan } from './decision.ts';
import type { Facts } from './facts.ts';
import type { PolicyTest } from './policies/policy.ts';
import type { Snapshot } from './snapshot.ts';

/** `cache.exact`, compiled. */
export interface CacheRule {
  /** Milliseconds that an answer is good. */
  readonly ttl: number;
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** `key`, `global` or `tag:NAME`. */
  readonly scope: string;
  readonly persist: boolean;
  /** Tests of `match`; all must hold. */
  readonly tests: readonly PolicyTest[];
  readonly models?: readonly string[];
  readonly providers?: readonly string[];
  readonly at?: SourcePosition | undefined;
}

export interface CacheRecipe {
  readonly eligible: boolean;
  /** Why not; absent where it is eligible. */
  readonly because?: { readonly message: string; readonly rule?: string; readonly at?: string };
  /** What an answer is found by, in order; equal parts are one answer. */
  readonly parts: readonly { readonly part: string; readonly value: string }[];
  /** Milliseconds that an answer would be good. */
  readonly ttl?: number;
  /** `file:line:column` of the rule. */
  readonly at?: string;
  /** Answers are neither kept nor given again by this version. */
  readonly store: 'not built';
}

/** Operations whose answer depends on nothing but the request. */
const repeatable: ReadonlySet<Facts['operation']> = new Set(['chat', 'embeddings']);

export function planCache(decision: Decision, facts: Facts, snapshot: Snapshot, now: number): CacheRecipe {
  const rule = snapshot.cache;
  const placed = rule?.at ? { at: renderPosition(rule.at) } : {};
  const never = (
    message: string,
    more: { readonly rule?: string; readonly at?: SourcePosition | undefined } = {},
  ) => {
    const { rule: id, at } = more;
    const because = { message, ...(id !== undefined && { rule: id }), ...(at && { at: renderPosition(at) }) };
    return { eligible: false, because, parts: [], ...placed, store: 'not built' } as const;
  };
  if (!rule) return never('The configuration has no cache.exact.');
  if (decision.kind === 'refuse') return never('The request is refused.');
  if (decision.noLog) return never(...whoKeepsNothing(decision, facts, snapshot));
  if (decision.noCache) {
    const policy = findPolicy(decision, snapshot, 'noCache');
    return never(`Policy ${policy?.id ?? ''} skips the cache.`, policy && { rule: policy.id, at: policy.at });
  }
  if (!repeatable.has(facts.operation)) return never(`Answers to ${facts.operation} are not kept.`);
  if (facts.stream) return never('A streamed answer is not kept.');
  if ((facts.temperature ?? 0) > 0)
    return never('The temperature is above 0: the same request is meant to get other answers.');
  if (!matches(rule, decision.attempts, facts, now))
    return never('The match of cache.exact does not hold for this request.', { at: rule.at });
  const scope = findScope(rule.scope, facts);
  if (scope === undefined)
    return never(`The caller has no value for the scope ${rule.scope}.`, { at: rule.at });
  return {
    eligible: true,
    parts: listParts(scope, decision, facts),
    ttl: rule.ttl,
    ...placed,
    store: 'not built',
  };
}

function whoKeepsNothing(
  plan: RoutePlan,
  { principal }: Facts,
  snapshot: Snapshot,
): readonly [string, { readonly rule?: string; readonly at?: SourcePosition | undefined }] {
  if (principal.noLog) {
    const { key = '' } = principal;
    const at = snapshot.keys.values().find(({ id }) => id === key)?.at;
    return [`Nothing of a request with the key ${key} may outlive it.`, { rule: key, at }];
  }
  const policy = findPolicy(plan, snapshot, 'noLog');
  const message = `Policy ${policy?.id ?? ''} keeps nothing of this request.`;
  return [message, policy ? { rule: policy.id, at: policy.at } : {}];
}

function findPolicy({ reasons }: RoutePlan, { policies }: Snapshot, what: 'noCache' | 'noLog') {
  const told = new Set(reasons.flatMap(({ rule, code }) => (code === 'policy-shadow' ? [] : (rule ?? []))));
  return policies.policies.find((policy) => policy[what] && told.has(policy.id));
}

// Who answers is not known before somebody has: the match must hold for everybody who may.
function matches(
  { tests, models, providers }: CacheRule,
  attempts: readonly Attempt[],
  facts: Facts,
  now: number,
): boolean {
  if (!tests.every((test) => test(facts, now))) return false;
  const isOf = (globs: readonly string[], text: string): boolean =>
    globs.some((glob) => matchGlob(glob, text));
  if (models && !isOf(models, facts.model) && !attempts.every(({ target }) => isOf(models, target)))
    return false;
  return !providers || attempts.every(({ provider }) => isOf(providers, provider.id));
}

function findScope(scope: string, { principal: { key, tags } }: Facts): string | undefined {
  if (scope === 'global') return 'everybody';
  if (scope === 'key') return key === undefined ? 'callers without a key' : `key ${key}`;
  const name = scope.slice('tag:'.length);
  return Object.hasOwn(tags, name) ? `tag ${name}=${tags[name]}` : undefined;
}

// Exactly what can change the answer: an edit of anything else in the file leaves answers valid.
function listParts(scope: string, { attempts }: RoutePlan, facts: Facts): CacheRecipe['parts'] {
  const targets = [...new Set(attempts.map(({ target }) => target))].sort();
  const changes = attempts.map(({ target, changes: own, suffixes }) => ({ target, own, suffixes }));
  const isChanged = changes.some(({ own, suffixes }) => own !== undefined || suffixes !== undefined);
  return [
    { part: 'scope', value: scope },
    { part: 'protocol', value: facts.protocol },
    { part: 'operation', value: facts.operation },
    { part: 'model', value: facts.model },
    { part: 'targets', value: targets.join(', ') },
    ...(isChanged ? [{ part: 'changes', value: renderCanonical(changes) }] : []),
    { part: 'body', value: 'every member but stream, user and metadata, in one order of names' },
  ];
}
