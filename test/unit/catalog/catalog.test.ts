import { describe, expect, it } from 'vitest';
import { catalog } from '../../../src/catalog/catalog.ts';
import { protocolNames } from '../../../src/protocols/capabilities.ts';

describe('the catalog', () => {
  it.each([
    ['deepseek', ['ds'], 'DEEPSEEK_API_KEY'],
    ['perplexity', ['pplx'], 'PERPLEXITY_API_KEY'],
    ['hyperbolic', ['hyp'], 'HYPERBOLIC_API_KEY'],
    ['openai', [], 'OPENAI_API_KEY'],
    ['ollama', [], undefined],
  ])('has %s with its prefix and variable', (id, prefixes, key) => {
    const provider = catalog.provider(id);
    expect(provider?.prefixes).toEqual(prefixes);
    expect(provider?.key).toBe(key);
  });

  it('has a simulator for every wire, and hosts for every wire', () => {
    expect(
      catalog
        .provider('sandbox')
        ?.endpoints.map(({ protocol }) => protocol)
        .toSorted(),
    ).toEqual([...protocolNames].toSorted());
    for (const { endpoints } of catalog.providers()) {
      for (const { protocol, baseUrl } of endpoints) {
        expect(protocolNames).toContain(protocol);
        if (baseUrl !== undefined) expect(new URL(baseUrl).href.replace(/\/$/, '')).toBe(baseUrl);
      }
    }
  });

  it('sends a key only over https or to this machine', () => {
    for (const { id, sandbox, endpoints } of catalog.providers()) {
      for (const { auth, baseUrl } of endpoints) {
        if (auth === 'none' || sandbox || baseUrl === undefined) continue;
        expect(baseUrl, id).toMatch(/^https:/);
      }
    }
  });

  it('knows models by their dated and undated names', () => {
    const dated = catalog.model('anthropic', 'claude-opus-4-5-20251101');
    expect(dated?.prices).toMatchObject({ input: 5_000_000, output: 25_000_000, cacheRead: 500_000 });
    expect(dated?.features).toContain('images');
    expect(catalog.model('openai', 'gpt-5.4-20260305')).toEqual(
      catalog.model('openai', 'gpt-5.4-2026-03-05'),
    );
  });

  it('knows nothing about strangers', () => {
    expect(catalog.model('openai', 'no-such-model')).toBeUndefined();
    expect(catalog.model('nobody', 'gpt-5')).toBeUndefined();
    expect(catalog.model('openai', '__proto__')).toBeUndefined();
    expect(catalog.provider('__proto__')).toBeUndefined();
  });

  it('gives no cost for answers that mix in images, whose tokens no wire tells apart', () => {
    expect(catalog.model('gemini', 'gemini-2.5-flash-image')?.prices?.output).toBeUndefined();
  });

  it('stays bounded when clients ask for ever new names', () => {
    for (let index = 0; index < 5_000; index++) expect(catalog.model('ollama', `x-${index}`)).toBeUndefined();
    expect(catalog.model('openai', 'gpt-5')).toBeDefined();
  });
});

describe('what a model serves', () => {
  it.each([
    ['openai', 'gpt-5.1-codex', { protocol: 'openai-responses' }],
    ['openai', 'gpt-5-pro-2025-10-06', { protocol: 'openai-responses' }],
    ['openai', 'text-embedding-3-small', { operations: ['embeddings'] }],
    ['groq', 'whisper-large-v3', { operations: ['transcriptions'] }],
  ])('%s/%s', (provider, model, facts) => {
    expect(catalog.model(provider, model)).toMatchObject(facts);
  });

  it('is chat on any wire where nothing else is known', () => {
    expect(catalog.model('openai', 'gpt-5')).not.toHaveProperty('protocol');
    expect(catalog.model('openai', 'gpt-5')).not.toHaveProperty('operations');
  });
});

it('knows when models end: the earliest day of all patterns holds, and what has ended is not listed', () => {
  expect(catalog.model('openai', 'gpt-4o-2024-11-20')?.retires).toBe('2027-01-14');
  expect(catalog.model('openai', 'gpt-4o-2024-05-13')?.retires).toBe('2026-10-23');
  expect(catalog.model('anthropic', 'claude-sonnet-4-20250514')?.retires).toBe('2026-06-15');
  expect(catalog.model('anthropic', 'claude-sonnet-4-5')).not.toHaveProperty('retires');
  expect(catalog.provider('openai')?.models).not.toContain('o1');
});
