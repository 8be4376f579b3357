import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResolvedPolicy } from '../../../../src/config/generated/types.ts';
import type { Facts } from '../../../../src/routing/facts.ts';
import { compilePolicies } from '../../../../src/routing/policies/compile.ts';
import { runPolicies, type PolicyTarget } from '../../../../src/routing/policies/evaluate.ts';

const runs = Number(process.env.FC_RUNS ?? 1000);
const noon = Date.UTC(2026, 5, 3, 12); // a Wednesday
const facts: Facts = {
  model: 'coding',
  protocol: 'openai-chat',
  operation: 'chat',
  stream: false,
  principal: { key: 'ci', role: 'inference', tags: { team: 'infra', region: 'eu' }, noLog: false },
  address: '10.1.2.3',
  bodyBytes: 100,
  inputTokens: 500,
  hasTools: true,
  hasImages: false,
  metadata: { env: 'prod' },
};
const opus: PolicyTarget = { provider: 'anthropic', model: 'claude-opus-4-5' };
const mini: PolicyTarget = { provider: 'openai', model: 'gpt-5-mini' };

type Written = Partial<ResolvedPolicy> & { readonly id: string };

function policy(written: Written): ResolvedPolicy {
  return {
    enabled: true,
    shadow: false,
    match: {},
    blockProviders: [],
    preferProviders: [],
    blockModels: [],
    set: {},
    noLog: false,
    noCache: false,
    ...written,
  };
}

function run(written: readonly Written[], given: Facts = facts, now = noon) {
  const at = { file: 'c.yaml', line: 1, column: 1, endLine: 1, endColumn: 2 };
  return runPolicies(
    compilePolicies(written.map(policy), () => at),
    given,
    now,
  );
}

describe('matching', () => {
  const cases: readonly [string, Written['match'], boolean][] = [
    ['an empty match is every request', {}, true],
    ['key glob', { keys: ['c*'] }, true],
    ['other key', { keys: ['dev'] }, false],
    ['an empty list matches nobody', { keys: [] }, false],
    ['tag', { tags: { region: 'e?' } }, true],
    ['missing tag', { tags: { cost: '*' } }, false],
    ['all tags must hold', { tags: { region: 'eu', team: 'web' } }, false],
    ['protocol', { protocols: ['openai-chat'] }, true],
    ['other protocol', { protocols: ['gemini', 'ollama'] }, false],
    ['operation', { operations: ['embeddings'] }, false],
    ['feature', { features: ['tools'] }, true],
    ['absent feature', { features: ['tools', 'images'] }, false],
    ['address range', { addresses: ['192.168.0.0/16', '10.0.0.0/8'] }, true],
    ['other address', { addresses: ['::1'] }, false],
    ['metadata', { metadata: { env: 'pr*' } }, true],
    ['name as asked', { models: ['cod*'] }, true],
    ['other name', { models: ['fast'] }, false],
    ['target', { models: ['*/claude-opus-*'] }, true],
    ['provider of the target', { providers: ['anthropic'] }, true],
    ['other provider', { providers: ['openai'] }, false],
    ['everything together', { keys: ['ci'], models: ['anthropic/*'], protocols: ['openai-chat'] }, true],
  ];
  it.each(cases)('%s', (_, match, expected) => {
    const screened = run([{ id: 'p', match: match ?? {}, deny: 'no' }])?.screen(['coding'], opus);
    expect(screened?.kind ?? 'keep').toBe(expected ? 'reject' : 'keep');
  });

  it('holds only inside the schedule and under the condition', () => {
    const night = { id: 'p', schedule: '22:00-06:00 UTC', deny: 'night' };
    expect(run([night])).toBeUndefined();
    expect(run([night], facts, Date.UTC(2026, 5, 3, 23))?.deny(['coding'], opus)?.text).toBe('night');
    expect(
      run([{ id: 'p', when: 'request.inputTokens > 400', deny: 'long' }])?.deny(['coding'], opus)?.text,
    ).toBe('long');
    expect(run([{ id: 'p', when: 'request.inputTokens > 600', deny: 'long' }])).toBeUndefined();
  });

  it('names the facts that must be extracted', () => {
    const set = compilePolicies(
      [
        policy({
          id: 'a',
          match: { features: ['images'], metadata: { a: 'b' } },
          when: 'request.inputTokens > 1',
        }),
        policy({ id: 'off', enabled: false, match: { features: ['audio'] } }),
      ],
      () => undefined,
    );
    expect([...set.demands.values()].sort()).toEqual(['hasImages', 'inputTokens', 'metadata']);
    expect(set.policies.map(({ id }) => id)).toEqual(['a']);
  });
});

describe('effects', () => {
  it('denies one target and leaves the others', () => {
    const result = run([{ id: 'no-opus', match: { models: ['*/claude-opus-*'] }, deny: 'Opus is off' }]);
    expect(result?.deny(['coding'], undefined)).toBeUndefined();
    expect(result?.screen(['coding'], opus)).toMatchObject({
      kind: 'reject',
      denial: 'Opus is off',
      reason: { code: 'policy-deny', at: { line: 1 } },
    });
    expect(result?.screen(['coding'], mini)).toMatchObject({ kind: 'keep' });
  });

  it('intersects allow lists, unites blocks, and an empty allow list allows nothing', () => {
    const both = run([
      { id: 'a', allowProviders: ['openai', 'mistral'] },
      { id: 'b', allowProviders: ['openai', 'anthropic'] },
    ]);
    expect(both?.screen(['coding'], mini).kind).toBe('keep');
    expect(both?.screen(['coding'], opus)).toMatchObject({
      kind: 'reject',
      reason: { code: 'policy-allow', message: expect.stringContaining('Policy a') },
    });
    expect(run([{ id: 'a', blockModels: ['*/gpt-*'] }])?.screen(['coding'], mini)).toMatchObject({
      kind: 'reject',
      reason: { code: 'policy-block' },
    });
    expect(run([{ id: 'a', allowModels: [] }])?.screen(['coding'], mini).kind).toBe('reject');
  });

  it('ranks by preference, an earlier policy before a later one', () => {
    const rank = (written: readonly Written[], target: PolicyTarget): number => {
      const screened = run(written)?.screen(['coding'], target);
      return screened?.kind === 'keep' ? screened.rank : -1;
    };
    const first = { id: 'a', preferProviders: ['anthropic'] };
    const second = { id: 'b', preferProviders: ['openai', 'anthropic'] };
    expect(rank([first], opus)).toBeLessThan(rank([first], mini));
    expect(rank([second], mini)).toBeLessThan(rank([second], opus));
    expect(rank([first, second], opus)).toBeLessThan(rank([first, second], mini));
  });

  it('routes by the first policy that says so', () => {
    const result = run([
      { id: 'a', match: { models: ['other'] }, route: 'x' },
      { id: 'b', route: 'long' },
      { id: 'c', route: 'y' },
    ]);
    expect(result?.route(['coding'], undefined)).toMatchObject({
      to: 'long',
      reason: { code: 'policy-route' },
    });
  });

  it('composes changes: smallest cap, intersected bounds, prompts in order, last thinking', () => {
    const screened = run([
      {
        id: 'a',
        set: {
          maxOutputTokens: 4096,
          temperature: { min: 0, max: 1 },
          systemPrompt: { text: 'one', position: 'prepend' },
        },
      },
      {
        id: 'b',
        set: {
          maxOutputTokens: 8192,
          temperature: { min: 0.5, max: 2 },
          systemPrompt: { text: 'two', position: 'append' },
          thinking: { mode: 'custom', budget: 5, effort: 'low' },
        },
      },
      { id: 'c', match: { providers: ['openai'] }, set: { maxOutputTokens: 1 } },
    ])?.screen(['coding'], opus);
    expect(screened).toMatchObject({
      changes: {
        maxOutputTokens: 4096,
        temperature: { min: 0.5, max: 1 },
        systemPrompts: [{ text: 'one' }, { text: 'two' }],
        thinking: { mode: 'custom', budget: 5 },
      },
    });
  });

  it('lets a replacing prompt drop those before it, and passthrough undo a thinking change', () => {
    const screened = run([
      {
        id: 'a',
        set: {
          systemPrompt: { text: 'one', position: 'prepend' },
          thinking: { mode: 'auto', budget: 1, effort: 'low' },
        },
      },
      {
        id: 'b',
        set: {
          systemPrompt: { text: 'two', position: 'replace' },
          thinking: { mode: 'passthrough', budget: 1, effort: 'low' },
        },
      },
    ])?.screen(['coding'], opus);
    expect(screened).toMatchObject({ changes: { systemPrompts: [{ text: 'two' }] } });
    expect(screened?.kind === 'keep' && screened.changes?.thinking).toBeUndefined();
  });

  it('records a shadow policy once and lets it change nothing', () => {
    const result = run([
      { id: 's', shadow: true, deny: 'no', route: 'x', noLog: true, set: { maxOutputTokens: 1 } },
    ]);
    expect(result?.route(['coding'], undefined)).toBeUndefined();
    expect(result?.deny(['coding'], undefined)).toBeUndefined();
    expect(result?.screen(['coding'], mini)).toEqual({ kind: 'keep', rank: 0, changes: undefined });
    expect(result?.retention(['coding'], [mini])).toEqual({ noLog: false, noCache: false });
    expect(result?.reasons).toHaveLength(1);
    expect(result?.reasons[0]).toMatchObject({
      code: 'policy-shadow',
      message: expect.stringContaining('deny, route to "x"'),
    });
  });

  it('keeps nothing as soon as one possible target says so', () => {
    const written = [{ id: 'a', match: { providers: ['anthropic'] }, noLog: true }];
    expect(run(written)?.retention(['coding'], [mini])).toEqual({ noLog: false, noCache: false });
    expect(run(written)?.retention(['coding'], [mini, opus])).toEqual({ noLog: true, noCache: false });
  });
});

// --- compiled predicates against a naive reading of the rules ---

const glob = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  ).test(text);
const any = (patterns: readonly string[] | undefined, text: string): boolean =>
  (patterns ?? []).some((pattern) => glob(pattern, text));

function holds(written: ResolvedPolicy, given: Facts, name: string, target: PolicyTarget): boolean {
  const { match } = written;
  const full = `${target.provider}/${target.model}`;
  if (!written.enabled || written.shadow) return false;
  if (match.keys && (given.principal.key === undefined || !any(match.keys, given.principal.key)))
    return false;
  if (
    match.tags &&
    !Object.entries(match.tags).every(
      ([tag, pattern]) =>
        Object.hasOwn(given.principal.tags, tag) && glob(pattern, given.principal.tags[tag] ?? ''),
    )
  )
    return false;
  if (match.protocols && !match.protocols.includes(given.protocol)) return false;
  if (
    match.features &&
    !match.features.every((feature) =>
      feature === 'tools' ? given.hasTools : feature === 'images' ? given.hasImages : false,
    )
  )
    return false;
  if (match.models && !any(match.models, name) && !any(match.models, full)) return false;
  return !match.providers || any(match.providers, target.provider);
}

function screenNaively(
  policies: readonly ResolvedPolicy[],
  given: Facts,
  name: string,
  target: PolicyTarget,
): boolean {
  const full = `${target.provider}/${target.model}`;
  return policies
    .filter((written) => holds(written, given, name, target))
    .every(
      (written) =>
        written.deny === undefined &&
        (!written.allowProviders || any(written.allowProviders, target.provider)) &&
        !any(written.blockProviders, target.provider) &&
        (!written.allowModels || any(written.allowModels, full)) &&
        !any(written.blockModels, full),
    );
}

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
    'x',
    '*/*',
    'OPENAI',
  ),
  { maxLength: 3 },
);
const written = fc.record(
  {
    id: fc.constant('p'),
    enabled: fc.boolean(),
    shadow: fc.boolean(),
    match: fc.record(
      {
        keys: globs,
        tags: fc.dictionary(
          fc.constantFrom('team', 'region', '__proto__', 'constructor'),
          fc.constantFrom('*', 'infra', 'e?'),
          { maxKeys: 2, noNullPrototype: true },
        ),
        protocols: fc.array(fc.constantFrom('openai-chat' as const, 'gemini' as const), { maxLength: 2 }),
        features: fc.array(fc.constantFrom('tools' as const, 'images' as const, 'audio' as const), {
          maxLength: 2,
        }),
        models: globs,
        providers: globs,
      },
      { requiredKeys: [] },
    ),
    deny: fc.constant('no'),
    allowProviders: globs,
    blockProviders: globs,
    allowModels: globs,
    blockModels: globs,
  },
  { requiredKeys: ['id'] },
);

it('agrees with a naive evaluator on random policy sets', () => {
  const names = fc.constantFrom('coding', 'openai/m1', 'x');
  const targets = fc.record({
    provider: fc.constantFrom('openai', 'anthropic', 'ab'),
    model: fc.constantFrom('m1', 'coding', 'a/b'),
  });
  const requests = fc.record({
    hasTools: fc.boolean(),
    hasImages: fc.boolean(),
    key: fc.constantFrom('ci', 'ab', undefined),
    protocol: fc.constantFrom('openai-chat' as const, 'gemini' as const),
  });
  fc.assert(
    fc.property(
      fc.array(written, { maxLength: 5 }),
      names,
      targets,
      requests,
      (list, name, target, { key, ...rest }) => {
        const policies = list.map((entry) => policy(entry as Written));
        const given: Facts = {
          ...facts,
          ...rest,
          principal: { ...facts.principal, ...(key === undefined ? { key: undefined as never } : { key }) },
        };
        const screened =
          runPolicies(
            compilePolicies(policies, () => undefined),
            given,
            noon,
          )?.screen([name], target).kind ?? 'keep';
        expect(screened).toBe(screenNaively(policies, given, name, target) ? 'keep' : 'reject');
      },
    ),
    { numRuns: runs },
  );
});
