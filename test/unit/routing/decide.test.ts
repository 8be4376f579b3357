import { describe, expect, it } from 'vitest';
import type { FailureClass, UpstreamFailure } from '../../../src/errors.ts';
import type { SnapshotParts } from '../../../src/routing/assemble.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import {
  decideFor,
  expectPlan,
  listAttempts,
  makeCombo,
  makeConnection,
  makeEndpoint,
  makeFacts,
  makeProvider,
  makeTarget,
  profile,
} from '../../support/routing.ts';

const at = { file: 'omniroute.config.yaml', line: 42, column: 3, endLine: 42, endColumn: 9 };

const parts: SnapshotParts = {
  providers: [
    makeProvider('openai', { models: ['gpt-5', 'gpt-5-mini'] }),
    makeProvider('anthropic', {
      prefixes: ['an'],
      models: ['claude-opus-5', 'claude-sonnet-5', 'kimi-thinking'],
    }),
    makeProvider('azure', { models: ['gpt-5'] }),
    makeProvider('router', { models: ['meta/llama-4'] }),
  ],
  combos: [makeCombo('coding', 'priority', ['anthropic/claude-opus-5', 'openai/gpt-5'])],
  aliases: [
    { name: 'fast', target: makeTarget('openai/gpt-5-mini'), at },
    { name: '__proto__', target: makeTarget('openai/gpt-5') },
  ],
  globs: [
    { pattern: 'claude-*', target: makeTarget('anthropic/claude-*') },
    { pattern: 'claude-haiku-*', target: makeTarget('openai/gpt-5-mini') },
    { pattern: 'raw-*', target: makeTarget('openai/*') },
  ],
};

describe('names', () => {
  it.each([
    ['coding', ['anthropic/claude-opus-5', 'openai/gpt-5']],
    ['fast', ['openai/gpt-5-mini']],
    ['__proto__', ['openai/gpt-5']],
    ['openai/gpt-5', ['openai/gpt-5']],
    ['an/claude-x', ['anthropic/claude-x']],
    ['openai/org/model', ['openai/org/model']],
    ['CLAUDE-next', ['anthropic/claude-next']],
    ['claude-haiku-4', ['openai/gpt-5-mini']],
    ['gpt-5-mini', ['openai/gpt-5-mini']],
    ['meta/llama-4', ['router/meta/llama-4']],
  ])('%s', (name, expected) => {
    expect(listAttempts(decideFor(parts, name))).toEqual(expected);
  });

  it('is exact about case for combos and aliases', () => {
    expect(decideFor(parts, 'Coding')).toMatchObject({
      kind: 'refuse',
      code: 'model_not_found',
      message: 'No combo, alias or model is called "Coding". Did you mean "coding"?',
    });
  });

  // Names become parts of URLs (`/models/{model}:generateContent`), also what a pattern makes of them.
  it.each([
    '',
    'a\u0000b',
    'openai/../x',
    'openai/./x',
    'openai/x/.',
    'raw-../x',
    'raw-./x',
    'raw-a/..',
    'x'.repeat(257),
  ])('refuses %j as a name', (name) => {
    expect(decideFor(parts, name)).toMatchObject({ kind: 'refuse', code: 'invalid_model' });
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'nope/__proto__'])(
    'does not find %s anywhere',
    (name) => {
      expect(decideFor(parts, name)).toMatchObject({ kind: 'refuse', code: 'model_not_found' });
    },
  );

  it('lets active connections resolve what several providers list', () => {
    expect(decideFor(parts, 'gpt-5')).toMatchObject({
      code: 'ambiguous_model',
      message: /openai\/gpt-5 or azure\/gpt-5/,
    });
    const world = createWorld({ hasCredential: (connection) => connection !== 'openai@default' });
    const decision = decideFor(parts, 'gpt-5', { world });
    expect(listAttempts(decision)).toEqual(['azure/gpt-5']);
    expect(decision.reasons[0]).toMatchObject({ code: 'listed-active' });
    const nobody = createWorld({ hasCredential: () => false });
    expect(decideFor(parts, 'gpt-5', { world: nobody })).toMatchObject({ code: 'no_credentials' });
  });

  it('cuts [1m] off before it looks, and keeps it on the attempt', () => {
    const [attempt] = expectPlan(decideFor(parts, 'claude-sonnet-5[1M]')).attempts;
    expect(attempt).toMatchObject({ target: 'anthropic/claude-sonnet-5', suffixes: ['1m'] });
  });

  it('cuts -thinking off only where the name is known without it and not with it', () => {
    const [cut] = expectPlan(decideFor(parts, 'anthropic/claude-opus-5-thinking[1m]')).attempts;
    expect(cut).toMatchObject({ model: 'claude-opus-5', suffixes: ['1m', 'thinking'] });
    const [kept] = expectPlan(decideFor(parts, 'kimi-thinking')).attempts;
    expect(kept).toMatchObject({ model: 'kimi-thinking' });
    expect(kept).not.toHaveProperty('suffixes');
    const [unknown] = expectPlan(decideFor(parts, 'anthropic/other-thinking')).attempts;
    expect(unknown).toMatchObject({ model: 'other-thinking' });
  });

  it('says where a rule stands', () => {
    expect(decideFor(parts, 'fast').reasons[0]).toEqual({
      code: 'alias',
      message: '"fast" is an alias of openai/gpt-5-mini.',
      at,
    });
  });
});

describe('keys', () => {
  const withModels = (models: readonly string[], model: string) =>
    decideFor(
      parts,
      makeFacts(model, { principal: { key: 'ci', role: 'inference', tags: {}, noLog: false, models } }),
    );

  it('may use a name that it lists, or what that name stands for', () => {
    expect(withModels(['coding'], 'coding').kind).toBe('route');
    expect(withModels(['openai/*'], 'fast').kind).toBe('route');
    expect(withModels(['anthropic/*'], 'an/claude-opus-5[1m]').kind).toBe('route');
  });

  it('may not use anything else, and an empty list means nothing', () => {
    expect(withModels(['fast'], 'coding')).toMatchObject({ code: 'model_not_allowed' });
    expect(withModels(['openai/*'], 'coding')).toMatchObject({ code: 'model_not_allowed' });
    expect(withModels([], 'fast')).toMatchObject({ code: 'model_not_allowed' });
  });

  it('is not shown names that it may not use', () => {
    expect(withModels(['fast'], 'codin')).toMatchObject({ message: /GET \/v1\/models/ });
    expect(withModels(['fast'], 'fas')).toMatchObject({ message: /Did you mean "fast"/ });
  });
});

describe('connections and endpoints', () => {
  const two: SnapshotParts = {
    providers: [
      makeProvider('openai', {
        endpoints: [
          makeEndpoint({ protocol: 'openai-chat' }),
          makeEndpoint({ protocol: 'openai-responses' }),
        ],
        connections: [
          makeConnection('openai', { id: 'off', enabled: false, at }),
          makeConnection('openai', { id: 'a' }),
          makeConnection('openai', { id: 'b' }),
        ],
      }),
    ],
  };

  it('tries every usable connection and says which are left out, and where', () => {
    const decision = decideFor(two, 'openai/gpt-5', {
      world: createWorld({ hasCredential: (key) => key !== 'openai@a' }),
    });
    expect(listAttempts(decision)).toEqual(['openai/gpt-5@b']);
    expect(decision.reasons).toContainEqual({
      code: 'connection-disabled',
      message: 'openai/gpt-5: openai@off is switched off.',
      connection: 'openai@off',
      about: 'openai/gpt-5',
      at,
    });
    expect(decision.reasons.map(({ code }) => code)).toContain('no-credential');
  });

  it('names the variable when no credential is there', () => {
    const world = createWorld({ hasCredential: () => false });
    expect(decideFor(two, 'openai/gpt-5', { world })).toMatchObject({
      kind: 'refuse',
      code: 'no_credentials',
      message: /\$\{env:OPENAI_API_KEY\}/,
    });
  });

  it('asks no credential of a connection that needs none', () => {
    const local = makeProvider('local', {
      connections: [{ id: 'default', key: 'local@default', provider: 'local', priority: 1, enabled: true }],
    });
    const world = createWorld({ hasCredential: () => false });
    expect(listAttempts(decideFor({ providers: [local] }, 'local/x', { world }))).toEqual(['local/x']);
  });

  it('takes the wire of the client, else translates chat through the first one', () => {
    const wire = (protocol: 'openai-responses' | 'gemini') =>
      decideFor(two, makeFacts('openai/gpt-5', { protocol }));
    expect(expectPlan(wire('openai-responses')).attempts[0]?.endpoint.protocol).toBe('openai-responses');
    expect(wire('openai-responses').reasons.at(-1)).toMatchObject({ code: 'pass-through' });
    expect(expectPlan(wire('gemini')).attempts[0]?.endpoint.protocol).toBe('openai-chat');
    expect(wire('gemini').reasons.at(-1)).toMatchObject({ code: 'translate' });
    const embeddings = (protocol: 'openai-responses' | 'gemini') =>
      decideFor(two, makeFacts('openai/x', { protocol, operation: 'embeddings' }));
    expect(expectPlan(embeddings('gemini')).attempts[0]?.endpoint.protocol).toBe('openai-chat');
    // A wire without embeddings stands aside for one that has them.
    expect(expectPlan(embeddings('openai-responses')).attempts[0]?.endpoint.protocol).toBe('openai-chat');
    const images = makeFacts('openai/x', { protocol: 'gemini', operation: 'images' });
    expect(decideFor(two, images)).toMatchObject({ code: 'unsupported_feature' });
  });
});

describe('accounts that failed', () => {
  const now = Date.UTC(2026, 0, 1);
  const call = { provider: 'openai', connection: 'openai@default', model: 'gpt-5', profile };

  function failing(kind: FailureClass, part: Partial<UpstreamFailure> = {}, times = 1) {
    const world = createWorld();
    for (let time = 0; time < times; time++) {
      world.record({ kind: 'call-began', call, retry: false, retryShare: 1 }, now);
      const failure = { class: kind, message: 'x', ...part };
      world.record({ kind: 'call-ended', call, end: { kind: 'failure', failure, random: 0 } }, now);
    }
    return world;
  }

  it('rest, and the refusal says for how long', () => {
    const world = failing('rate_limit', { status: 429, retryAfter: 20_000 });
    const decision = decideFor(parts, 'openai/gpt-5', { world, now: now + 1_000 });
    expect(decision).toMatchObject({
      code: 'no_target_available',
      retryAfter: 19,
      message: /rests after rate_limit for 19s more/,
    });
    expect(listAttempts(decideFor(parts, 'openai/gpt-5', { world, now: now + 20_001 }))).toEqual([
      'openai/gpt-5',
    ]);
  });

  it('are passed over by a combo', () => {
    const world = failing('upstream', { status: 500 }, 9);
    const combo = { ...parts, combos: [makeCombo('c', 'priority', ['openai/gpt-5', 'anthropic/x'])] };
    const decision = decideFor(combo, 'c', { world, now });
    expect(listAttempts(decision)).toEqual(['anthropic/x']);
    expect(
      decision.reasons
        .map(({ code }) => code)
        .filter((code) => code === 'cooling' || code === 'breaker-open'),
    ).toHaveLength(1);
  });
});
