// What the policies say about one request. Tests about the request run once; then the name (route, deny) and each
// target (deny, allow, block, prefer, set) are asked. Order is the file's; every match leaves a reason with its line.
import type { Reason } from '../decision.ts';
import type { Facts } from '../facts.ts';
import { matchesAny } from './compile.ts';
import type { Policy, PolicySet, RequestChanges, SystemPromptChange } from './policy.ts';

/** What the client wrote, then the same without the suffixes that it holds: they are no way around a policy. */
export type Names = readonly [string, ...string[]];

/** A model at a provider that may answer. */
export interface PolicyTarget {
  readonly provider: string;
  readonly model: string;
}

/** Stays, with its rank (0 = most preferred) and changes, or goes, with the denying text where a policy gave one. */
export type Screening =
  | { readonly kind: 'keep'; readonly rank: number; readonly changes: RequestChanges | undefined }
  | { readonly kind: 'reject'; readonly denial?: string; readonly reason: Reason };

export interface PolicyRun {
  /** Another name to go to, from the first policy that routes; asked once, by every spelling of the name. */
  route(
    names: Names,
    target: PolicyTarget | undefined,
  ): { readonly to: string; readonly reason: Reason } | undefined;
  /** The text of the first policy that denies the name itself, whatever its targets are. */
  deny(
    names: Names,
    target: PolicyTarget | undefined,
  ): { readonly text: string; readonly reason: Reason } | undefined;
  /** Judges one target. */
  screen(names: Names, target: PolicyTarget): Screening;
  /** Whether any matching policy forbids keeping anything, or the cache, for this name and these targets. */
  retention(
    names: Names,
    targets: readonly PolicyTarget[],
  ): { readonly noLog: boolean; readonly noCache: boolean };
  /** Whether a matching policy forbids keeping anything, whatever it is about; for requests that reach no target. */
  readonly silent: boolean;
  /** What shadowed policies would have done, and what the others changed. */
  readonly reasons: readonly Reason[];
}

/** Begins a run: evaluates each policy's request tests once. Undefined when no policy can matter, which costs nothing. */
export function runPolicies({ policies }: PolicySet, facts: Facts, now: number): PolicyRun | undefined {
  if (policies.length === 0) return undefined;
  const matched = policies.filter((policy) => policy.tests.every((test) => test(facts, now)));
  if (matched.length === 0) return undefined;
  const reasons: Reason[] = [];
  const active = matched.filter((policy) => !policy.shadow);
  const shadows = new Set(matched.filter((policy) => policy.shadow));
  // A denial and a route tell of themselves; every other match is told once, when it first is about something.
  const untold = new Set(active.filter((policy) => policy.deny === undefined && policy.route === undefined));

  function noteShadows(names: Names, target: PolicyTarget | undefined): void {
    for (const policy of shadows) {
      if (!isAbout(policy, names, target)) continue;
      shadows.delete(policy);
      reasons.push(note(policy, 'policy-shadow', `would ${describeEffects(policy)}.`));
    }
  }

  return {
    reasons,
    silent: active.some((policy) => policy.noLog),
    route: (names, target) => {
      noteShadows(names, target);
      const policy = active.find(
        (candidate) => candidate.route !== undefined && isAbout(candidate, names, target),
      );
      if (policy?.route === undefined) return undefined;
      return {
        to: policy.route,
        reason: note(policy, 'policy-route', `sends "${names[0]}" to "${policy.route}".`),
      };
    },
    deny: (names, target) => {
      noteShadows(names, target);
      const policy = active.find(
        (candidate) => candidate.deny !== undefined && isAbout(candidate, names, target),
      );
      if (policy?.deny === undefined) return undefined;
      return {
        text: policy.deny,
        reason: note(policy, 'policy-deny', `denies "${names[0]}": ${policy.deny}`),
      };
    },
    screen: (names, target) => {
      noteShadows(names, target);
      const screening = screenTarget(active, names, target, (policy) => untold.delete(policy));
      for (const policy of untold) {
        if (!isAbout(policy, names, target)) continue;
        untold.delete(policy);
        reasons.push(noteMatch(policy));
      }
      return screening;
    },
    retention: (names, targets) => {
      const about = active.filter(
        (policy) =>
          isAbout(policy, names, undefined) || targets.some((target) => isAbout(policy, names, target)),
      );
      return { noLog: about.some((policy) => policy.noLog), noCache: about.some((policy) => policy.noCache) };
    },
  };
}

function screenTarget(
  policies: readonly Policy[],
  names: Names,
  target: PolicyTarget,
  onReject: (policy: Policy) => void,
): Screening {
  const full = `${target.provider}/${target.model}`;
  const about = policies.filter((policy) => isAbout(policy, names, target));
  for (const policy of about) {
    const reject = (code: Reason['code'], message: string): Screening => {
      onReject(policy);
      return {
        kind: 'reject',
        ...(policy.deny === undefined ? {} : { denial: policy.deny }),
        reason: { ...note(policy, code, message), about: full },
      };
    };
    if (policy.deny !== undefined) return reject('policy-deny', `denies ${full}: ${policy.deny}`);
    if (policy.allowProviders && !matchesAny(policy.allowProviders, target.provider)) {
      return reject('policy-allow', `does not allow the provider of ${full}.`);
    }
    if (matchesAny(policy.blockProviders, target.provider))
      return reject('policy-block', `blocks the provider of ${full}.`);
    if (policy.allowModels && !matchesAny(policy.allowModels, full))
      return reject('policy-allow', `does not allow ${full}.`);
    if (matchesAny(policy.blockModels, full)) return reject('policy-block', `blocks ${full}.`);
  }
  return {
    kind: 'keep',
    rank: rankTarget(policies, new Set(about), target.provider),
    changes: composeChanges(about),
  };
}

// Ranks compare digit by digit, each policy one digit: an earlier policy's preference counts more than any later one's.
// Every target gets every digit, or ranks of targets that different policies are about could not be compared.
function rankTarget(policies: readonly Policy[], about: ReadonlySet<Policy>, provider: string): number {
  let rank = 0;
  for (const policy of policies) {
    const { preferProviders } = policy;
    if (preferProviders.length === 0) continue;
    const place = about.has(policy)
      ? preferProviders.findIndex((pattern) => matchesAny([pattern], provider))
      : -1;
    rank = rank * (preferProviders.length + 1) + (place < 0 ? preferProviders.length : place);
  }
  return rank;
}

/** Whether a policy is about this name or target; without a target only the name can match. */
function isAbout({ models, providers }: Policy, names: Names, target: PolicyTarget | undefined): boolean {
  if (
    models &&
    !names.some((name) => matchesAny(models, name)) &&
    !(target && matchesAny(models, `${target.provider}/${target.model}`))
  )
    return false;
  if (providers && !(target && matchesAny(providers, target.provider))) return false;
  return true;
}

/** The changes of several policies as one; undefined when there are none. */
export function composeChanges(policies: readonly Policy[]): RequestChanges | undefined {
  let maxOutputTokens: number | undefined;
  let temperature: { readonly min: number; readonly max: number } | undefined;
  let systemPrompts: readonly SystemPromptChange[] = [];
  let thinking: RequestChanges['thinking'];
  for (const { set } of policies) {
    if (set.maxOutputTokens !== undefined)
      maxOutputTokens = Math.min(maxOutputTokens ?? Infinity, set.maxOutputTokens);
    if (set.temperature) temperature = intersect(temperature, set.temperature);
    if (set.systemPrompt) {
      systemPrompts =
        set.systemPrompt.position === 'replace' ? [set.systemPrompt] : [...systemPrompts, set.systemPrompt];
    }
    if (set.thinking) thinking = set.thinking.mode === 'passthrough' ? undefined : set.thinking;
  }
  if (maxOutputTokens === undefined && !temperature && systemPrompts.length === 0 && !thinking)
    return undefined;
  return {
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(temperature ? { temperature } : {}),
    systemPrompts,
    ...(thinking ? { thinking } : {}),
  };
}

function intersect(
  a: { readonly min: number; readonly max: number } | undefined,
  b: { readonly min: number; readonly max: number },
): { readonly min: number; readonly max: number } {
  if (!a) return b;
  const both = { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
  return both.min <= both.max ? both : b;
}

function note(policy: Policy, code: Reason['code'], text: string): Reason {
  return { code, message: `Policy ${policy.id} ${text}`, rule: policy.id, at: policy.at };
}

// The same words for every request: they are made once.
const matches = new WeakMap<Policy, Reason>();

function noteMatch(policy: Policy): Reason {
  let reason = matches.get(policy);
  if (!reason) {
    reason = note(policy, 'policy-match', `matches: ${describeEffects(policy)}.`);
    matches.set(policy, reason);
  }
  return reason;
}

function describeEffects(policy: Policy): string {
  const effects = [
    policy.deny === undefined ? [] : ['deny'],
    policy.route === undefined ? [] : [`route to "${policy.route}"`],
    policy.allowProviders || policy.allowModels ? ['allow only some targets'] : [],
    policy.blockProviders.length + policy.blockModels.length > 0 ? ['block targets'] : [],
    policy.preferProviders.length > 0 ? [`prefer ${policy.preferProviders.join(', ')}`] : [],
    Object.keys(policy.set).map((name) => `set ${name}`),
    policy.noLog ? ['keep nothing'] : [],
    policy.noCache ? ['skip the cache'] : [],
  ].flat();
  return effects.join(', ') || 'do nothing';
}
