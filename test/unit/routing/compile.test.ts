import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../../src/diagnostics.ts';
import { compileRules } from '../../../src/routing/compile/rules.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { compileConfig, makeSnapshot } from '../../support/config.ts';
import { decideFor, expectPlan, listAttempts, makeFacts } from '../../support/routing.ts';

/** Positions that name the pointer instead of a line. */
const locate = (pointer: string) => ({ file: pointer, line: 1, column: 1, endLine: 1, endColumn: 2 });

const faults = (config: Parameters<typeof compileConfig>[0]) =>
  compileConfig(config).diagnostics.map(({ code, pointer }: Diagnostic) => `${code} ${pointer}`);

describe('providers', () => {
  it('come from the catalog with nothing more than their id', () => {
    const { providers, prefixes } = makeSnapshot({ providers: { deepseek: {}, anthropic: {}, sandbox: {} } });
    expect(providers.get('deepseek')).toMatchObject({
      prefixes: ['ds'],
      connections: [{ key: 'deepseek@default', credential: { source: 'env', name: 'DEEPSEEK_API_KEY' } }],
      profile: { name: 'apikey', retries: 1, connectTimeout: 5_000 },
    });
    expect(prefixes.get('ds')?.id).toBe('deepseek');
    expect(providers.get('anthropic')?.endpoints[0]).toMatchObject({
      auth: 'x-api-key',
      headers: { 'anthropic-version': '2023-06-01' },
    });
    const sandbox = providers.get('sandbox')!;
    expect(sandbox.sandbox).toMatchObject({ faults: false });
    expect(sandbox.connections[0]).not.toHaveProperty('credential');
    expect(sandbox.profile.name).toBe('local');
  });

  it('are replaced key by key in the file', () => {
    const { providers } = makeSnapshot({
      providers: {
        openai: {
          headers: { 'X-Team': 'a' },
          quirks: ['max-tokens'],
          protocols: [
            { name: 'openai-chat', baseUrl: 'https://eu.api.openai.com/v1/', headers: { 'x-team': 'b' } },
          ],
          connections: [
            { id: 'b', apiKey: '${env:B}', priority: 2 },
            { id: 'a', apiKey: '${file:/run/a}' },
          ],
        },
      },
    });
    expect(providers.get('openai')).toMatchObject({
      endpoints: [
        {
          protocol: 'openai-chat',
          baseUrl: 'https://eu.api.openai.com/v1',
          auth: 'bearer',
          headers: { 'x-team': 'b' },
          quirks: ['max-tokens'],
        },
      ],
      connections: [
        { id: 'a', credential: { source: 'file', name: '/run/a' } },
        { id: 'b', credential: { source: 'env', name: 'B' } },
      ],
    });
  });

  it('may be made up: another id for a catalog entry, a server of one’s own, a simulator', () => {
    const snapshot = makeSnapshot({
      providers: {
        work: { catalog: 'openai', connections: [{ id: 'x', apiKey: '${env:WORK}' }] },
        local: {
          protocols: [{ name: 'openai-chat', baseUrl: 'http://127.0.0.1:8000/v1' }],
          auth: 'none',
          models: ['llama-4'],
        },
        fake: { sandbox: {} },
      },
    });
    expect(snapshot.providers.get('work')?.endpoints[0]?.baseUrl).toBe('https://api.openai.com/v1');
    expect(snapshot.providers.get('local')?.connections).toMatchObject([{ id: 'default', enabled: true }]);
    expect(snapshot.providers.get('fake')?.endpoints).toHaveLength(5);
    expect(listAttempts(decideFor(snapshot, 'llama-4'))).toEqual(['local/llama-4']);
    expect(decideFor(snapshot, 'local/other')).toMatchObject({
      code: 'model_not_found',
      message: /does not serve "other"/,
    });
    expect(listAttempts(decideFor(snapshot, 'work/anything-new'))).toEqual(['work/anything-new@x']);
  });

  it('own the bare names of their families', () => {
    const snapshot = makeSnapshot({
      providers: {
        openai: {},
        anthropic: {},
        work: { catalog: 'anthropic', connections: [{ id: 'x', apiKey: '${env:W}' }] },
      },
    });
    expect(listAttempts(decideFor(snapshot, 'gpt-99-preview'))).toEqual(['openai/gpt-99-preview']);
    const world = createWorld({ hasCredential: (key) => key.startsWith('work') });
    expect(listAttempts(decideFor(snapshot, 'claude-opus-4-5-20251101', { world }))).toEqual([
      'work/claude-opus-4-5-20251101@x',
    ]);
    expect(decideFor(snapshot, 'claude-opus-4-5-20251101')).toMatchObject({ code: 'ambiguous_model' });
  });

  it('report what cannot be compiled, all at once', () => {
    expect(
      faults({
        providers: {
          a: { catalog: 'opnai' },
          b: {},
          c: { catalog: 'openai-compatible', connections: [{ id: 'x' }] },
          d: { catalog: 'openai', profile: 'nope', prefixes: ['a'] },
        },
      }),
    ).toEqual([
      'compile/prefix-taken /providers/d/prefixes/0',
      'compile/unknown-catalog /providers/a/catalog',
      'compile/no-address /providers/a',
      'compile/no-address /providers/b',
      'compile/no-address /providers/c',
      'compile/no-credential /providers/c/connections/0',
      'compile/unknown-profile /providers/d/profile',
    ]);
  });
});

describe('models', () => {
  it('are the catalog’s facts, corrected by the file', () => {
    const { modelFacts } = makeSnapshot({
      providers: { openai: {} },
      models: {
        'openai/gpt-5': { context: 1000, price: { input: 0.0375 } },
        'openai/mine': { upstreamId: 'gpt-5-mini', hidden: true },
      },
    });
    expect(modelFacts('openai', 'gpt-5')).toMatchObject({
      context: 1000,
      maxOutput: 128000,
      prices: { input: 37_500 },
    });
    expect(modelFacts('openai', 'gpt-5')?.prices).not.toHaveProperty('output');
    expect(modelFacts('openai', 'mine')).toMatchObject({
      upstreamId: 'gpt-5-mini',
      hidden: true,
      prices: { input: 250_000 },
    });
    expect(modelFacts('openai', 'gpt-4o')?.context).toBe(128_000);
    expect(modelFacts('openai', 'nobody-knows')).toBeUndefined();
    expect(modelFacts('__proto__', 'x')).toBeUndefined();
  });

  it('may have another id upstream, and one wire only', () => {
    const snapshot = makeSnapshot({
      providers: { openai: {} },
      models: {
        'openai/mine': { upstreamId: 'gpt-5-mini', protocol: 'openai-responses' },
        'openai/embed': { operations: ['embeddings'] },
      },
    });
    const [attempt] = expectPlan(decideFor(snapshot, 'openai/mine')).attempts;
    expect(attempt).toMatchObject({
      target: 'openai/mine',
      model: 'gpt-5-mini',
      endpoint: { protocol: 'openai-responses' },
    });
    expect(decideFor(snapshot, 'openai/embed')).toMatchObject({ code: 'unsupported_feature' });
    expect(decideFor(snapshot, makeFacts('openai/embed', { operation: 'embeddings' })).kind).toBe('route');
  });
});

describe('names', () => {
  const providers = { openai: {}, anthropic: {} };

  it('follow chains of aliases to combos and models, and keep suffixes', () => {
    const snapshot = makeSnapshot({
      providers,
      aliases: {
        a: 'b',
        b: 'c',
        c: 'anthropic/claude-sonnet-5[1m]',
        team: 'coding',
        'claude-*': 'anthropic/claude-*',
        'cheap-?': 'a',
      },
      combos: { coding: { targets: ['a', { model: 'openai/gpt-5', weight: 3 }] } },
    });
    expect(expectPlan(decideFor(snapshot, 'a')).attempts[0]).toMatchObject({
      model: 'claude-sonnet-5',
      suffixes: ['1m'],
    });
    expect(listAttempts(decideFor(snapshot, 'team'))).toEqual(['anthropic/claude-sonnet-5', 'openai/gpt-5']);
    expect(listAttempts(decideFor(snapshot, 'cheap-1'))).toEqual(['anthropic/claude-sonnet-5']);
    expect(listAttempts(decideFor(snapshot, 'claude-x'))).toEqual(['anthropic/claude-x']);
  });

  it('carry their places', () => {
    const snapshot = makeSnapshot(
      { providers, aliases: { fast: 'openai/gpt-5' }, combos: { c: { targets: ['openai/gpt-5'] } } },
      { locate },
    );
    expect(decideFor(snapshot, 'fast').reasons[0]?.at?.file).toBe('/aliases/fast');
    expect(expectPlan(decideFor(snapshot, 'c')).attempts[0]?.at?.file).toBe('/combos/c/targets/0/model');
  });

  it('report circles, depth and strangers', () => {
    expect(
      faults({
        providers,
        aliases: { x: 'y', y: 'x', z: 'nowhere', 'g-*': 'nowhere/g-*', twice: 'openai/a', self: 'self' },
        combos: {
          twice: { targets: ['openai/gpt-5'] },
          one: { targets: ['two'] },
          two: { targets: ['one'] },
          d1: { targets: ['d2'] },
          d2: { targets: ['d3'] },
          d3: { targets: ['d4'] },
          d4: { targets: ['openai/gpt-5'] },
          bad: { targets: ['opnai/gpt-5'], strategy: 'context-relay' },
        },
      }).toSorted(),
    ).toEqual([
      'compile/cycle /aliases/self',
      'compile/cycle /aliases/x',
      'compile/cycle /aliases/y',
      'compile/cycle /combos/one',
      'compile/glob-target /aliases/g-*',
      'compile/name-taken /aliases/twice',
      'compile/too-deep /combos/d1',
      'compile/unknown-name /aliases/z',
      'compile/unknown-name /combos/bad/targets/0',
      'compile/unknown-strategy /combos/bad/strategy',
    ]);
    const { diagnostics } = compileConfig({ providers, combos: { bad: { targets: ['opnai/gpt-5'] } } });
    expect(diagnostics[0]?.suggestion).toBe('did you mean "openai/gpt-5"?');
  });

  it('treat an empty or disabled combo as absent', () => {
    const config = {
      providers,
      combos: { e: { targets: [] }, d: { enabled: false, targets: ['openai/gpt-5'] } },
    };
    expect(decideFor(makeSnapshot(config), 'e')).toMatchObject({ code: 'model_not_found' });
    expect(decideFor(makeSnapshot(config), 'd')).toMatchObject({ code: 'model_not_found' });
  });

  it('work with every name that JavaScript knows as something else', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    const entries = (value: unknown) =>
      JSON.parse(`{${names.map((name) => `"${name}":${JSON.stringify(value)}`).join()}}`);
    const custom = { protocols: [{ name: 'openai-chat', baseUrl: 'http://127.0.0.1:1' }], auth: 'none' };
    const snapshot = makeSnapshot({
      providers: entries(custom),
      aliases: JSON.parse('{"alias":"__proto__/constructor"}'),
      combos: entries({ targets: ['constructor/__proto__', 'alias'] }),
    });
    for (const name of names) {
      expect(listAttempts(decideFor(snapshot, name))).toEqual([
        'constructor/__proto__',
        '__proto__/constructor',
      ]);
      expect(snapshot.providers.get(name)?.id).toBe(name);
    }
  });

  it('make conditions and schedules of targets part of the decision', () => {
    const snapshot = makeSnapshot({
      providers,
      combos: {
        c: {
          targets: [
            { model: 'anthropic/claude-opus-5', when: 'request.inputTokens > 1000' },
            { model: 'openai/gpt-5', schedule: '08:00-09:00 UTC' },
            'openai/gpt-5-mini',
          ],
        },
      },
    });
    expect(snapshot.demands.has('inputTokens')).toBe(true);
    const small = decideFor(snapshot, makeFacts('c', { inputTokens: 10 }), { now: Date.UTC(2026, 0, 1, 12) });
    expect(listAttempts(small)).toEqual(['openai/gpt-5-mini']);
    expect(small.reasons.map(({ code }) => code)).toEqual(expect.arrayContaining(['condition', 'schedule']));
    const large = decideFor(snapshot, makeFacts('c', { inputTokens: 5000 }), {
      now: Date.UTC(2026, 0, 1, 8, 30),
    });
    expect(listAttempts(large)).toHaveLength(3);
  });

  it('limit a target to the connections that it lists', () => {
    const connections = ['a', 'b', 'c'].map((id) => ({ id, apiKey: '${env:K}' }));
    const snapshot = makeSnapshot({
      providers: { openai: { connections } },
      combos: { c: { targets: [{ model: 'openai/gpt-5', connections: ['b'] }] } },
    });
    expect(listAttempts(decideFor(snapshot, 'c'))).toEqual(['openai/gpt-5@b']);
  });
});

describe('revision', () => {
  const config = {
    providers: { openai: {}, anthropic: {} },
    aliases: { a: 'openai/x', b: 'openai/y' },
    server: { maxDepth: 64 },
  };
  const { revision } = makeSnapshot(config);

  it('is twelve hex digits that do not depend on the order of keys, spelled-out defaults or the spread over files', () => {
    expect(revision).toMatch(/^[0-9a-f]{12}$/);
    expect(
      makeSnapshot({
        aliases: { b: 'openai/y', a: 'openai/x' },
        providers: { anthropic: {}, openai: {} },
        server: { maxDepth: 64 },
      }).revision,
    ).toBe(revision);
    expect(makeSnapshot({ ...config, auth: { requireApiKey: false } }).revision).toBe(revision);
    expect(makeSnapshot({ ...config, include: ['x/*.yaml'] }).revision).toBe(revision);
  });

  it('changes with every change of meaning', () => {
    expect(makeSnapshot({ ...config, auth: { requireApiKey: true } }).revision).not.toBe(revision);
    expect(makeSnapshot({ ...config, aliases: { a: 'openai/x', b: 'openai/z' } }).revision).not.toBe(
      revision,
    );
    const other = (name: string) =>
      makeSnapshot({ providers: { openai: { connections: [{ id: 'd', apiKey: `\${env:${name}}` }] } } })
        .revision;
    expect(other('A')).not.toBe(other('B'));
    const tied = (...patterns: readonly string[]) =>
      makeSnapshot({
        ...config,
        aliases: Object.fromEntries(patterns.map((pattern) => [pattern, 'openai/x'])),
      }).revision;
    expect(tied('a*b', 'a*c')).not.toBe(tied('a*c', 'a*b'));
    expect(tied('a*b', 'aa*c')).toBe(tied('aa*c', 'a*b'));
  });
});

describe('the snapshot', () => {
  it('cannot be changed by any path', () => {
    const snapshot = makeSnapshot({
      providers: {
        openai: {},
        local: { protocols: [{ name: 'ollama', baseUrl: 'http://127.0.0.1:1' }], auth: 'none' },
      },
      models: { 'openai/gpt-5': { context: 10 } },
      aliases: { a: 'openai/gpt-5', 'b*': 'openai/*' },
      combos: { c: { strategy: 'weighted', targets: [{ model: 'a', when: 'request.hasTools' }] } },
      keys: [{ id: 'k', digest: `sha256:${'0'.repeat(64)}`, models: ['c'], tags: { team: 'x' } }],
    });
    let visited = 0;
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      visited++;
      expect(value instanceof Map || value instanceof Set || value instanceof Date, path).toBe(false);
      expect(Object.isFrozen(value), path).toBe(true);
      for (const [key, member] of Object.entries(value)) {
        expect(Reflect.set(value, key, 'changed'), `${path}.${key}`).toBe(false);
        expect(Reflect.deleteProperty(value, key), `${path}.${key}`).toBe(false);
        visit(member, `${path}.${key}`);
        const lookup = value as {
          readonly names?: () => readonly string[];
          readonly get?: (name: string) => unknown;
        };
        if (typeof member === 'function' && member.length === 0)
          visit((member as () => unknown)(), `${path}.${key}()`);
        if (key === 'get' && lookup.names)
          for (const name of lookup.names()) visit(lookup.get?.(name), `${path}.get(${name})`);
      }
      expect(Reflect.set(value, 'added', 1), path).toBe(false);
    };
    visit(snapshot, 'snapshot');
    visit(snapshot.modelFacts('openai', 'gpt-5'), 'modelFacts');
    visit(snapshot.modelFacts('openai', 'gpt-5-mini'), 'modelFacts');
    visit(snapshot.globs.find('bx')?.entry, 'globs.find');
    expect(visited).toBeGreaterThan(100);
  });

  it('is the same for the same configuration: decisions of two compilations agree', () => {
    const names = ['fast', 'coding', 'gpt-5', 'claude-x', 'nothing'];
    const config = {
      providers: { openai: {}, anthropic: {} },
      aliases: { fast: 'openai/gpt-5-mini', 'claude-*': 'anthropic/claude-*' },
      combos: { coding: { strategy: 'weighted', targets: ['fast', { model: 'claude-5', weight: 4 }] } },
    };
    const [first, second] = [makeSnapshot(config), makeSnapshot(config)];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.double({ min: 0, max: 0.999, noNaN: true }), (name, draw) => {
        expect(decideFor(first, name, { random: () => draw })).toEqual(
          decideFor(second, name, { random: () => draw }),
        );
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 300) },
    );
  });
});

it('documents every fault that it can report', () => {
  for (const rule of Object.values(compileRules)) {
    expect(rule.meaning.length).toBeGreaterThan(20);
    expect(rule.action.length).toBeGreaterThan(10);
  }
});

it.each([
  ['keys', { id: 'k', digest: `sha256:${'a'.repeat(64)}`, schedule: '25:00-26:00 UTC' }, '/keys/0/schedule'],
  ['policies', { id: 'p', schedule: '22:00-06:00 Europe/Berln', noLog: true }, '/policies/0/schedule'],
  ['policies', { id: 'p', when: 'request.nothing', deny: 'no' }, '/policies/0/when'],
])('an entry of %s that cannot be read is told, and nothing is compiled', (section, entry, pointer) => {
  const { snapshot, diagnostics } = compileConfig({ providers: { sandbox: {} }, [section]: [entry] });
  expect(snapshot).toBeUndefined();
  expect(diagnostics).toMatchObject([{ severity: 'error', pointer }]);
});
