// `policies:` of the file → predicate lists. Faults of expressions, schedules and addresses are reported by the checks
// of the configuration; a policy that cannot be compiled never becomes one that matches less than it says.
import type { Locate } from '../../diagnostics.ts';
import type { ResolvedConfig, ResolvedMatch, ResolvedPolicy } from '../../config/generated/types.ts';
import { parseAddress, parseAddressRange } from '../../lib/address.ts';
import { matchGlob } from '../../lib/glob.ts';
import { escapeSegment } from '../../lib/json-pointer.ts';
import { renderCanonical } from '../../lib/stable-hash.ts';
import { compileExpression } from '../expressions.ts';
import type { DemandableFact, Facts } from '../facts.ts';
import { parseSchedule } from '../schedule.ts';
import type { Policy, PolicyChanges, PolicySet, PolicyTest } from './policy.ts';

/** Each feature of a match and the fact that answers it. */
const featureFacts = {
  tools: 'hasTools',
  images: 'hasImages',
  audio: 'hasAudio',
  files: 'hasFiles',
  reasoning: 'hasReasoning',
  responseSchema: 'hasResponseSchema',
} as const satisfies Record<string, DemandableFact>;

/** Compiles in order; disabled policies are left out. Throws only on what the checks have refused before. */
export function compilePolicies(policies: readonly ResolvedPolicy[], locate: Locate): PolicySet {
  const demands = new Set<DemandableFact>();
  const compiled = policies
    .filter((policy) => policy.enabled)
    .map((policy) => compilePolicy(policy, locate, demands));
  return {
    policies: compiled,
    demands: { has: (fact) => demands.has(fact), size: demands.size, values: () => [...demands] },
  };
}

/** The system prompt and thinking of `defaults` as a policy about every request; undefined when they change nothing. */
export function defaultsAsPolicy({
  systemPrompt,
  thinking,
}: ResolvedConfig['defaults']): ResolvedPolicy | undefined {
  const changes = {
    ...(systemPrompt ? { systemPrompt } : {}),
    ...(thinking.mode === 'passthrough' ? {} : { thinking }),
  };
  if (Object.keys(changes).length === 0) return undefined;
  return {
    id: 'defaults',
    enabled: true,
    shadow: false,
    match: {},
    blockProviders: [],
    preferProviders: [],
    blockModels: [],
    set: changes,
    noLog: false,
    noCache: false,
  };
}

function compilePolicy(policy: ResolvedPolicy, locate: Locate, demands: Set<DemandableFact>): Policy {
  const { match } = policy;
  const changes = compileChanges(policy.set);
  return {
    id: policy.id,
    at: locate(policy.id === 'defaults' ? '/defaults' : `/policies/id:${escapeSegment(policy.id)}`),
    meaning: renderCanonical({ ...policy, description: undefined }),
    shadow: policy.shadow,
    tests: [...compileMatch(match, demands), ...compileConditions(policy, demands)],
    ...(match.models ? { models: match.models } : {}),
    ...(match.providers ? { providers: match.providers } : {}),
    ...(policy.deny === undefined ? {} : { deny: policy.deny }),
    ...(policy.allowProviders ? { allowProviders: policy.allowProviders } : {}),
    blockProviders: policy.blockProviders,
    preferProviders: policy.preferProviders,
    ...(policy.allowModels ? { allowModels: policy.allowModels } : {}),
    blockModels: policy.blockModels,
    ...(policy.route === undefined ? {} : { route: policy.route }),
    set: changes,
    noLog: policy.noLog,
    noCache: policy.noCache,
  };
}

/** The tests of a match that are about the request itself; `models` and `providers` are asked elsewhere. */
export function compileMatch(match: ResolvedMatch, demands: Set<DemandableFact>): PolicyTest[] {
  const tests: PolicyTest[] = [];
  const { protocols, operations, features, keys, tags, metadata, addresses } = match;
  if (protocols) tests.push((facts) => protocols.includes(facts.protocol));
  if (operations) tests.push((facts) => operations.includes(facts.operation));
  for (const feature of features ?? []) {
    const fact = featureFacts[feature];
    demands.add(fact);
    tests.push((facts) => facts[fact] === true);
  }
  if (keys) tests.push(({ principal: { key } }) => key !== undefined && matchesAny(keys, key));
  if (tags) tests.push(({ principal }) => matchesEach(tags, principal.tags));
  if (metadata) {
    demands.add('metadata');
    tests.push((facts) => matchesEach(metadata, facts.metadata ?? {}));
  }
  if (addresses) tests.push(compileAddresses(addresses));
  return tests;
}

function compileConditions({ when, schedule }: ResolvedPolicy, demands: Set<DemandableFact>): PolicyTest[] {
  const tests: PolicyTest[] = [];
  if (schedule !== undefined) {
    const parsed = parseSchedule(schedule);
    if (!parsed.ok) throw new Error(`schedule "${schedule}" was not checked`);
    tests.push((_, now) => parsed.schedule.isOpen(now));
  }
  if (when !== undefined) {
    const compiled = compileExpression(when);
    if (!compiled.ok) throw new Error(`expression "${when}" was not checked`);
    for (const fact of compiled.expression.demands) demands.add(fact);
    tests.push((facts, now) => compiled.expression.evaluate(facts, now));
  }
  return tests;
}

// The last address is remembered: one client sends many requests, and its text is parsed once.
function compileAddresses(texts: readonly string[]): PolicyTest {
  const ranges = texts.map((text) => {
    const range = parseAddressRange(text);
    if (!range) throw new Error(`address range "${text}" was not checked`);
    return range;
  });
  let lastText = '';
  let lastAnswer = false;
  return ({ address: text }: Facts) => {
    if (text !== lastText) {
      const address = parseAddress(text);
      lastAnswer = address !== undefined && ranges.some((range) => range.contains(address));
      lastText = text;
    }
    return lastAnswer;
  };
}

function compileChanges(set: ResolvedPolicy['set']): PolicyChanges {
  const { maxOutputTokens, temperature, systemPrompt, thinking } = set;
  return {
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(temperature ? { temperature } : {}),
    ...(systemPrompt ? { systemPrompt } : {}),
    ...(thinking
      ? {
          thinking:
            thinking.mode === 'passthrough' ? { mode: thinking.mode } : { ...thinking, mode: thinking.mode },
        }
      : {}),
  };
}

/** Whether any glob matches the whole text. */
export function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchGlob(pattern, text));
}

function matchesEach(
  wanted: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([name, pattern]) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    return value !== undefined && matchGlob(pattern, value);
  });
}
