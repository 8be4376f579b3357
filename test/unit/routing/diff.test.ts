import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffSnapshots, isEmptyDiff } from '../../../src/routing/diff.ts';
import { renderChanges } from '../../../src/routing/render-diff.ts';
import { makeSnapshot } from '../../support/config.ts';

type Config = Parameters<typeof makeSnapshot>[0];

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const base = {
  providers: { openai: {}, anthropic: {} },
  aliases: { fast: 'openai/gpt-5-mini', smart: 'coding', 'claude-*': 'anthropic/claude-*' },
  combos: { coding: { targets: ['anthropic/claude-opus-5', 'fast'] } },
  keys: [
    { id: 'ci', digest: digest('1'), models: ['fast', 'openai/*'] },
    { id: 'team', digest: digest('2') },
  ],
};
const diff = (before: Config, after: Config) => diffSnapshots(makeSnapshot(before), makeSnapshot(after));

describe('names', () => {
  it('change with what they lead to, through aliases and combos, and say for whom', () => {
    const changes = diff(base, { ...base, aliases: { ...base.aliases, fast: 'openai/gpt-5' } });
    expect(changes.names).toEqual([
      {
        name: 'coding',
        kind: 'changed',
        before: 'priority(anthropic/claude-opus-5, openai/gpt-5-mini)',
        after: 'priority(anthropic/claude-opus-5, openai/gpt-5)',
        who: { keys: ['team'], anonymous: true },
        at: undefined,
      },
      {
        name: 'fast',
        kind: 'changed',
        before: 'openai/gpt-5-mini',
        after: 'openai/gpt-5',
        who: 'everybody',
        at: undefined,
      },
      expect.objectContaining({ name: 'smart', kind: 'changed' }),
    ]);
    expect(changes.keys).toEqual([]);
  });

  it('that a new provider lists become ambiguous', () => {
    const { names, providers } = diff(base, {
      ...base,
      providers: {
        ...base.providers,
        work: { catalog: 'openai', connections: [{ id: 'w', apiKey: '${env:W}' }] },
      },
    });
    expect(names.find(({ name }) => name === 'gpt-5')).toMatchObject({
      before: 'openai/gpt-5',
      after: 'one of openai/gpt-5, work/gpt-5',
    });
    expect(providers).toMatchObject([{ id: 'work', kind: 'added' }]);
  });

  it('are shadowed by a combo of the same name', () => {
    const { names } = diff(base, {
      ...base,
      combos: {
        ...base.combos,
        'gpt-5': { strategy: 'weighted', targets: ['openai/gpt-5', { model: 'fast', weight: 2 }] },
      },
    });
    expect(names).toMatchObject([
      {
        name: 'gpt-5',
        kind: 'changed',
        after: 'weighted(openai/gpt-5 [weight 1], openai/gpt-5-mini [weight 2])',
      },
    ]);
  });

  it('of patterns are told apart from plain ones', () => {
    const { names, patterns } = diff(base, {
      ...base,
      aliases: { ...base.aliases, 'claude-*': 'openai/x-*' },
    });
    expect(patterns).toMatchObject([
      { name: 'claude-*', kind: 'changed', before: 'anthropic/claude-*', after: 'openai/x-*' },
    ]);
    expect(names.every(({ name }) => name.startsWith('claude-'))).toBe(true);
  });
});

describe('keys', () => {
  const withKeys = (keys: readonly object[]) => ({ ...base, keys });

  it('gain and lose names with their lists', () => {
    const { keys } = diff(
      base,
      withKeys([{ id: 'ci', digest: digest('1'), models: ['coding', 'openai/*'] }, base.keys[1]!]),
    );
    expect(keys).toMatchObject([
      { id: 'ci', kind: 'changed', fields: ['models'], gains: ['coding', 'smart'], loses: [] },
    ]);
  });

  it('lose a name whose target they may not use any more', () => {
    const { keys } = diff(base, {
      ...base,
      aliases: { ...base.aliases, 'new-fast': 'openai/gpt-5', fast: 'anthropic/claude-opus-5' },
      keys: [{ ...base.keys[0]!, models: ['openai/*'] }],
    });
    expect(keys).toMatchObject([
      { id: 'ci', gains: ['new-fast'], loses: ['fast'] },
      { id: 'team', kind: 'removed', gains: [] },
    ]);
    expect(keys[1]?.loses).toContain('coding');
  });

  it('are switched off, rotated and added', () => {
    const { keys } = diff(
      base,
      withKeys([
        { ...base.keys[0]!, enabled: false },
        { id: 'team', digest: digest('3') },
        { id: 'x', digest: digest('4'), models: [] },
      ]),
    );
    expect(keys).toMatchObject([
      { id: 'ci', fields: ['enabled'], gains: [] },
      { id: 'team', fields: ['digest'], gains: [], loses: [] },
      { id: 'x', kind: 'added', gains: [] },
    ]);
    expect(keys[0]?.loses).toContain('fast');
  });
});

it('policies are added, changed, moved and removed', () => {
  const withPolicies = (...policies: readonly object[]) => ({ ...base, policies });
  const [a, b, c] = ['a', 'b', 'c'].map((id) => ({ id, match: { models: [id] }, deny: 'no' }));
  const { policies } = diff(
    withPolicies(a!, b!, c!),
    withPolicies(c!, { ...b!, deny: 'never' }, { ...c!, id: 'd' }),
  );
  expect(policies.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
    'a removed',
    'c moved',
    'b changed',
    'd added',
  ]);
  expect(isEmptyDiff(diff(withPolicies(a!), withPolicies({ ...a!, description: 'why' })))).toBe(true);
});

describe('providers, settings and state', () => {
  it('say what is different, and what becomes of what was counted', () => {
    const account = (id: string, name: string) => ({ id, apiKey: `\${env:${name}}` });
    const before = {
      providers: { openai: { connections: [account('a', 'A'), account('b', 'B')] } },
      combos: { r: { strategy: 'round-robin', targets: ['openai/x'] } },
    };
    const after = {
      providers: { openai: { connections: [account('a', 'OTHER'), account('c', 'C')], profile: 'local' } },
      combos: { r: { strategy: 'priority', targets: ['openai/x'] } },
      server: { maxBodySize: '1MiB' },
      auth: { requireApiKey: true },
    };
    const changes = diff(before, after);
    expect(changes.providers).toMatchObject([
      {
        id: 'openai',
        fields: ['profile'],
        connections: [
          { key: 'openai@a', kind: 'changed', fields: ['credential'] },
          { key: 'openai@b', kind: 'removed' },
          { key: 'openai@c', kind: 'added' },
        ],
      },
    ]);
    expect(changes.settings.map(({ setting }) => setting).toSorted()).toEqual([
      'access.requireApiKey',
      'limits.maxBodySize',
    ]);
    expect(changes.state.map(({ id, fate }) => `${id} ${fate}`)).toEqual([
      'openai@a reset',
      'openai@b dropped',
      'openai@c fresh',
      'r dropped',
    ]);
    expect(renderChanges(changes)).toContain('~ limits.maxBodySize: 33554432 → 1048576');
  });
});

it('is empty exactly when the meaning is the same', () => {
  const same = diff(base, {
    ...base,
    aliases: Object.fromEntries(Object.entries(base.aliases).toReversed()),
  });
  expect(isEmptyDiff(same)).toBe(true);
  expect(renderChanges(same)).toMatch(/no change of meaning$/);
});

it('read backwards, additions are removals', () => {
  const names = ['a', 'b', 'c', 'd'];
  const targets = fc.constantFrom('openai/x', 'openai/y', 'anthropic/z');
  const config = fc
    .dictionary(fc.constantFrom(...names), targets)
    .map((aliases): Config => ({ providers: base.providers, aliases: { ...aliases } }));
  const turned = { added: 'removed', removed: 'added', changed: 'changed' } as const;
  fc.assert(
    fc.property(config, config, (one, other) => {
      const [there, back] = [diff(one, other).names, diff(other, one).names];
      expect(back.map(({ name, kind }) => ({ name, kind }))).toEqual(
        there.map(({ name, kind }) => ({ name, kind: turned[kind] })),
      );
    }),
    { numRuns: Math.min(50, Number(process.env.FC_RUNS ?? 50)) },
  );
});
