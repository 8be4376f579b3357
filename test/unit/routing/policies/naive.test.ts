// Compiled policies against a reading of the rules that a person could do by hand: every kind of test, every effect,
// on random sets of policies and random requests. FC_RUNS=10000 for the long form.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ResolvedPolicy } from '../../../../src/config/generated/types.ts';
import { changeRequest } from '../../../../src/ir/changes.ts';
import type { ModelRequest } from '../../../../src/ir/request.ts';
import type { Facts } from '../../../../src/routing/facts.ts';
import { compilePolicies } from '../../../../src/routing/policies/compile.ts';
import { runPolicies, type PolicyTarget } from '../../../../src/routing/policies/evaluate.ts';

const runs = Number(process.env.FC_RUNS ?? 300);

/** What can be tested beside plain names, each with a reading of its own. */
const times = {
  day: Date.UTC(2026, 5, 3, 12),
  night: Date.UTC(2026, 5, 3, 23),
  sunday: Date.UTC(2026, 5, 7, 12),
};
const schedules: Readonly<Record<string, (now: number) => boolean>> = {
  '22:00-06:00 UTC': (now) => now === times.night,
  'Mon-Fri 09:00-18:00 UTC': (now) => now === times.day,
  '20:00-08:00 Asia/Tokyo': (now) => now !== times.night, // 21:00 twice, then 08:00, when it closes
};
const ranges: Readonly<Record<string, readonly string[]>> = {
  '10.0.0.0/8': ['10.1.2.3'],
  '192.0.2.*': ['192.0.2.9'],
  '2001:db8::/32': ['2001:db8::1'],
  '0.0.0.0/0': ['10.1.2.3', '192.0.2.9'],
  '10.1.2.4': [],
};
const conditions: Readonly<Record<string, (facts: Facts) => boolean>> = {
  'request.inputTokens > 100': ({ inputTokens }) => (inputTokens ?? 0) > 100,
  '!request.hasTools': ({ hasTools }) => !hasTools,
  'request.stream && key.id == "ci"': ({ stream, principal }) => stream && principal.key === 'ci',
};

const name = fc.constantFrom('coding', 'openai/m1', 'x');
const target = fc.record({
  provider: fc.constantFrom('openai', 'anthropic', 'ab'),
  model: fc.constantFrom('m1', 'coding', 'a/b'),
});
const globs = fc.array(
  fc.constantFrom(
    '*',
    'a*',
    '*b',
    'openai',
    'anthropic',
    'openai/*',
    '*/m?',
    'coding',
    'ci',
    '*/*',
    'OPENAI',
  ),
  { maxLength: 3 },
);
const pairs = fc.dictionary(
  fc.constantFrom('team', 'env', '__proto__'),
  fc.constantFrom('*', 'infra', 'pr?d'),
  {
    maxKeys: 2,
    noNullPrototype: true,
  },
);
const bounds = fc
  .tuple(fc.constantFrom(0, 0.2, 0.8, 1.2), fc.constantFrom(0.2, 0.8, 1.2, 2))
  .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
const effort = fc.constantFrom('none' as const, 'low' as const, 'high' as const);

/** Most members are absent: a policy that tests everything is met by nobody. */
function sparse<T extends object>(
  members: { [K in keyof T]: fc.Arbitrary<T[K]> },
  share = 5,
): fc.Arbitrary<Partial<T>> {
  const options = Object.fromEntries(
    Object.entries<fc.Arbitrary<unknown>>(members).map(([key, value]) => [
      key,
      fc.oneof({ arbitrary: value, weight: 1 }, { arbitrary: fc.constant(undefined), weight: share - 1 }),
    ]),
  );
  return fc
    .record(options)
    .map(
      (all) =>
        Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Partial<T>,
    );
}

const policies = fc
  .array(
    fc.tuple(
      fc.record({
        enabled: fc.constantFrom(true, true, true, false),
        shadow: fc.constantFrom(false, false, false, true),
        match: sparse(
          {
            keys: globs,
            tags: pairs,
            metadata: pairs,
            protocols: fc.subarray(['openai-chat', 'gemini'] as const),
            operations: fc.subarray(['chat', 'embeddings'] as const),
            features: fc.subarray(['tools', 'images'] as const, { minLength: 1 }),
            addresses: fc.subarray(Object.keys(ranges)),
            models: globs,
            providers: globs,
          },
          15,
        ),
        noLog: fc.boolean(),
        noCache: fc.boolean(),
        blockProviders: fc.constantFrom([], [], [], ['ab'], ['OPENAI']),
        blockModels: fc.constantFrom([], [], [], ['*/m?']),
        preferProviders: globs,
        set: sparse(
          {
            maxOutputTokens: fc.integer({ min: 1, max: 5 }),
            temperature: bounds,
            systemPrompt: fc.record({
              text: fc.constantFrom('A', 'B'),
              position: fc.constantFrom('prepend' as const, 'append' as const, 'replace' as const),
            }),
            thinking: fc.record({
              mode: fc.constantFrom('passthrough' as const, 'auto' as const, 'custom' as const),
              budget: fc.constantFrom(0, 2000),
              effort,
            }),
          },
          2,
        ),
      }),
      sparse(
        {
          when: fc.constantFrom(...Object.keys(conditions)),
          schedule: fc.constantFrom(...Object.keys(schedules)),
          deny: fc.constantFrom('no', 'never'),
          route: fc.constantFrom('long', 'short'),
          allowProviders: globs,
          allowModels: globs,
        },
        8,
      ),
    ),
    { maxLength: 5 },
  )
  .map((list) =>
    list.map(([all, some], at): ResolvedPolicy => ({ ...all, ...some, id: `p${at}` }) as ResolvedPolicy),
  );

const facts = fc.record({
  model: name,
  protocol: fc.constantFrom('openai-chat' as const, 'gemini' as const),
  operation: fc.constantFrom('chat' as const, 'embeddings' as const),
  stream: fc.boolean(),
  principal: fc.record(
    {
      key: fc.constantFrom('ci', 'ab'),
      role: fc.constant('inference' as const),
      tags: fc.dictionary(fc.constantFrom('team', 'env'), fc.constantFrom('infra', 'prod'), {
        noNullPrototype: true,
      }),
      noLog: fc.constant(false),
    },
    { requiredKeys: ['role', 'tags', 'noLog'] },
  ),
  address: fc.constantFrom('10.1.2.3', '192.0.2.9', '2001:db8::1', 'nonsense'),
  bodyBytes: fc.constant(1),
  inputTokens: fc.constantFrom(5, 500),
  hasTools: fc.boolean(),
  hasImages: fc.boolean(),
  metadata: fc.dictionary(fc.constantFrom('team', 'env'), fc.constantFrom('infra', 'prod'), {
    noNullPrototype: true,
  }),
});

// --- the reading by hand ---

function fits(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\/]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'is').test(text);
}
const some = (patterns: readonly string[], text: string): boolean =>
  patterns.some((each) => fits(each, text));
const each = (wanted: Readonly<Record<string, string>>, given: Readonly<Record<string, string>>): boolean =>
  Object.keys(wanted).every((tag) => Object.hasOwn(given, tag) && fits(wanted[tag]!, given[tag]!));

/** Whether a policy that is switched on is about this request, apart from its models and providers. */
function isMet({ enabled, match, when, schedule }: ResolvedPolicy, given: Facts, now: number): boolean {
  const { keys, tags, metadata, protocols, operations, features, addresses } = match;
  const { key } = given.principal;
  if (!enabled) return false;
  if (keys && (key === undefined || !some(keys, key))) return false;
  if (tags && !each(tags, given.principal.tags)) return false;
  if (metadata && !each(metadata, given.metadata ?? {})) return false;
  if (protocols && !(protocols as readonly string[]).includes(given.protocol)) return false;
  if (operations && !(operations as readonly string[]).includes(given.operation)) return false;
  if (features?.includes('tools') && !given.hasTools) return false;
  if (features?.includes('images') && !given.hasImages) return false;
  if (addresses && !addresses.some((range) => ranges[range]!.includes(given.address))) return false;
  if (schedule !== undefined && !schedules[schedule]!(now)) return false;
  return when === undefined || conditions[when]!(given);
}

function concerns(
  { match: { models, providers } }: ResolvedPolicy,
  asked: string,
  at?: PolicyTarget,
): boolean {
  if (models && !some(models, asked) && !(at && some(models, `${at.provider}/${at.model}`))) return false;
  return !providers || (at !== undefined && some(providers, at.provider));
}

function admits(policy: ResolvedPolicy, { provider, model }: PolicyTarget): boolean {
  if (policy.deny !== undefined) return false;
  if (policy.allowProviders && !some(policy.allowProviders, provider)) return false;
  if (policy.allowModels && !some(policy.allowModels, `${provider}/${model}`)) return false;
  return !some(policy.blockProviders, provider) && !some(policy.blockModels, `${provider}/${model}`);
}

/** One policy after the other, on the request itself. */
function changeByHand(list: readonly ResolvedPolicy[]) {
  let cap = Infinity;
  let range: { readonly min: number; readonly max: number } | undefined;
  let system = 'S';
  let thinking: string | undefined;
  for (const { set } of list) {
    cap = Math.min(cap, set.maxOutputTokens ?? Infinity);
    if (set.temperature) {
      const { min, max } = set.temperature;
      const both = { min: Math.max(min, range?.min ?? 0), max: Math.min(max, range?.max ?? 2) };
      range = both.min <= both.max ? both : set.temperature;
    }
    const { systemPrompt } = set;
    if (systemPrompt?.position === 'prepend') system = `${systemPrompt.text}\n\n${system}`;
    if (systemPrompt?.position === 'append') system = `${system}\n\n${systemPrompt.text}`;
    if (systemPrompt?.position === 'replace') system = systemPrompt.text;
    if (set.thinking) thinking = set.thinking.mode;
  }
  return { cap, range, system, thinking: thinking === 'passthrough' ? undefined : thinking };
}

const plain: ModelRequest = {
  model: 'm',
  stream: false,
  messages: [
    { role: 'system', parts: [{ kind: 'text', text: 'S' }] },
    { role: 'user', parts: [{ kind: 'text', text: 'u' }] },
  ],
  tools: [],
  sampling: {},
  output: {},
  cache: { automatic: true },
};

it('agrees with a reading by hand about every effect', () => {
  fc.assert(
    fc.property(
      policies,
      facts,
      fc.constantFrom(...Object.values(times)),
      fc.array(target, { minLength: 1, maxLength: 3 }),
      (list, written, now, targets) => {
        const given = written as Facts;
        const asked = given.model;
        const compiled = compilePolicies(list, () => undefined);
        const run = runPolicies(compiled, given, now);
        const met = list.filter((policy) => isMet(policy, given, now));
        const active = met.filter(({ shadow }) => !shadow);

        const [first] = targets;
        const about = (at?: PolicyTarget) => active.filter((policy) => concerns(policy, asked, at));
        expect(run?.route([asked], first)?.to).toBe(
          about(first).find(({ route }) => route !== undefined)?.route,
        );
        expect(run?.deny([asked], first)?.text).toBe(
          about(first).find(({ deny }) => deny !== undefined)?.deny,
        );

        const kept: { readonly rank: number; readonly places: readonly number[] }[] = [];
        for (const at of targets) {
          const screened = run?.screen([asked], at) ?? { kind: 'keep', rank: 0, changes: undefined };
          const mine = about(at);
          expect(screened.kind).toBe(mine.every((policy) => admits(policy, at)) ? 'keep' : 'reject');
          if (screened.kind !== 'keep') continue;
          const expected = changeByHand(mine);
          const { changes } = screened;
          expect(changes?.maxOutputTokens ?? Infinity).toBe(expected.cap);
          expect(changes?.temperature).toEqual(expected.range);
          expect(changes?.thinking?.mode).toBe(expected.thinking);
          const changed = changes
            ? changeRequest(plain, changes, { reasons: false, sampling: 'free' })
            : plain;
          const said = changed.messages.filter(({ role }) => role === 'system');
          expect(said.map(({ parts }) => parts)).toEqual([[{ kind: 'text', text: expected.system }]]);
          const places = active.flatMap((policy) => {
            const { preferProviders } = policy;
            if (preferProviders.length === 0) return [];
            const found = preferProviders.findIndex((pattern) => fits(pattern, at.provider));
            return found < 0 || !concerns(policy, asked, at) ? preferProviders.length : found;
          });
          kept.push({ rank: screened.rank, places });
        }
        for (const a of kept)
          for (const b of kept) expect(Math.sign(a.rank - b.rank)).toBe(compareLists(a.places, b.places));

        const retained = list.filter(
          (policy) =>
            active.includes(policy) &&
            (concerns(policy, asked) || targets.some((at) => concerns(policy, asked, at))),
        );
        expect(run?.retention([asked], targets) ?? { noLog: false, noCache: false }).toEqual({
          noLog: retained.some(({ noLog }) => noLog),
          noCache: retained.some(({ noCache }) => noCache),
        });
        expect(run?.silent ?? false).toBe(active.some(({ noLog }) => noLog));

        const told = (code: string): readonly (string | undefined)[] =>
          (run?.reasons ?? [])
            .filter((reason) => reason.code === code)
            .map(({ message }) => message.split(' ')[1]);
        const judged = met.filter((policy) => targets.some((at) => concerns(policy, asked, at)));
        const idsOf = (policies: readonly ResolvedPolicy[]): readonly string[] =>
          policies.map(({ id }) => id);
        expect(told('policy-shadow').toSorted()).toEqual(
          idsOf(judged.filter(({ shadow }) => shadow)).toSorted(),
        );
        // Whoever lets everything through and says nothing else is still a match.
        const quiet = judged.filter(
          (policy) =>
            !policy.shadow &&
            policy.route === undefined &&
            targets.every((at) => !concerns(policy, asked, at) || admits(policy, at)),
        );
        expect(told('policy-match')).toEqual(expect.arrayContaining(idsOf(quiet) as string[]));
      },
    ),
    { numRuns: runs },
  );
}, 120_000);

function compareLists(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : Math.sign(a[at]! - b[at]!);
}
