// Lists of models: one list in four shapes, read by the vendors' own SDKs; what a key may not use is not in it.
import { hash } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLookup, type ClientKey, type Provider } from '../../src/routing/snapshot.ts';
import { createWorld } from '../../src/routing/world/memory.ts';
import { lanes, startRig, type Call, type Rig } from '../support/gateway.ts';
import { makeCombo, makeConnection, makeProvider, makeTarget } from '../support/routing.ts';

const keys = createLookup<ClientKey>([
  makeKey('all', {}),
  makeKey('narrow', { models: ['best', 'claude/*'] }),
  makeKey('accounts', { connections: ['claude@team'] }),
  makeKey('nothing', { models: ['no-such-*'] }),
]);

function makeKey(id: string, part: Partial<ClientKey>): readonly [string, ClientKey] {
  return [hash('sha256', `sk-${id}`, 'hex'), { id, enabled: true, tags: {}, ...part }];
}

const providers: readonly Provider[] = [
  makeProvider('claude', {
    prefixes: ['cc'],
    models: ['claude-opus-5-5', 'claude-haiku-4-5', 'secret', 'gone'],
    connections: [
      makeConnection('claude', { id: 'team' }),
      makeConnection('claude', { id: 'own', models: ['*haiku*'] }),
    ],
  }),
  makeProvider('openai', {
    models: ['text-embedding-3-small', 'gpt-6', 'gpt-image-2', 'whisper-1', 'org/odd:free'],
  }),
  makeProvider('off', { models: ['m'], connections: [makeConnection('off', { enabled: false })] }),
  makeProvider('poor', { models: ['m'] }),
  makeProvider('open', {}),
];

const models = [
  {
    id: 'claude/claude-opus-5-5',
    context: 1_000_000,
    maxOutput: 128_000,
    features: ['tools', 'images', 'reasoning'] as const,
  },
  {
    id: 'claude/claude-haiku-4-5',
    context: 200_000,
    maxOutput: 64_000,
    features: ['tools', 'images'] as const,
    deprecated: true,
  },
  { id: 'claude/secret', hidden: true },
  { id: 'claude/gone', retires: Date.parse('2025-01-01') },
  {
    id: 'openai/gpt-6',
    context: 400_000,
    features: ['tools', 'audio'] as const,
    retires: Date.parse('2099-01-01'),
  },
  {
    id: 'openai/text-embedding-3-small',
    context: 8191,
    operations: ['embeddings'] as const,
    dimensions: 1536,
  },
  { id: 'openai/gpt-image-2', operations: ['images'] as const },
  { id: 'openai/whisper-1', operations: ['transcriptions'] as const },
];

const everything = [
  'best',
  'outer',
  'vectors',
  'fast',
  'claude/claude-opus-5-5',
  'claude/claude-haiku-4-5',
  'openai/gpt-6',
  'openai/org/odd:free',
  'openai/text-embedding-3-small',
  'openai/gpt-image-2',
  'openai/whisper-1',
];

let rig: Rig;

beforeAll(async () => {
  const world = createWorld();
  rig = await startRig(
    {
      providers,
      models,
      keys,
      access: { requireApiKey: true },
      combos: [
        makeCombo('best', 'priority', [
          makeTarget('claude/claude-opus-5-5'),
          makeTarget('claude/claude-haiku-4-5'),
        ]),
        makeCombo('outer', 'priority', [makeTarget('best'), makeTarget('openai/gpt-6')]),
        makeCombo('vectors', 'priority', [makeTarget('openai/text-embedding-3-small')]),
        makeCombo('empty', 'priority', [makeTarget('off/m')]),
      ],
      aliases: [
        { name: 'fast', target: makeTarget('claude/claude-haiku-4-5') },
        { name: 'dead', target: makeTarget('poor/m') },
      ],
    },
    { world: { ...world, hasCredential: (key) => !key.startsWith('poor@') } },
  );
});
afterAll(() => rig.close());

const as = (key: string, more: Readonly<Record<string, string>> = {}) => ({
  authorization: `Bearer sk-${key}`,
  ...more,
});
const anthropic = { 'anthropic-version': '2023-06-01' };

async function get(lane: (typeof lanes)[number], path: string, headers: Call['headers'] = as('all')) {
  const { status, text } = await rig.ask(lane, { method: 'GET', path, headers });
  return {
    status,
    body: JSON.parse(text) as Record<string, never> & { data: { id: string }[]; models: { name: string }[] },
  };
}

describe.each(lanes)('%s lane', (lane) => {
  it.each(['/v1/models', '/v1', '/models', '/v1/v1/models', '/v1/models?'])(
    'GET %s: combos, aliases, models by what they are for; each once, in the order of the file',
    async (path) => {
      const { status, body } = await get(lane, path);
      expect(status).toBe(200);
      expect(body.data.map(({ id }) => id)).toEqual(everything);
      expect(body).not.toHaveProperty('models');
    },
  );

  it('says the same every time', async () => {
    expect(await get(lane, '/v1/models')).toEqual(await get(lane, '/v1/models'));
  });

  it('describes in the words of OpenAI, with limits and capabilities', async () => {
    const { body } = await get(lane, '/v1/models');
    const find = (id: string) => body.data.find((entry) => entry.id === id);
    expect(find('claude/claude-opus-5-5')).toEqual({
      id: 'claude/claude-opus-5-5',
      object: 'model',
      created: 0,
      owned_by: 'claude',
      permission: [],
      root: 'claude-opus-5-5',
      parent: null,
      type: 'model',
      display_name: 'claude/claude-opus-5-5',
      created_at: '1970-01-01T00:00:00Z',
      operations: ['chat'],
      context_length: 1_000_000,
      max_output_tokens: 128_000,
      capabilities: ['tools', 'images', 'reasoning'],
    });
    expect(find('best')).toMatchObject({
      owned_by: 'combo',
      root: 'best',
      context_length: 200_000,
      max_output_tokens: 64_000,
      capabilities: ['tools', 'images'],
    });
    expect(find('outer')).toMatchObject({ context_length: 200_000, capabilities: ['tools'] });
    expect(find('fast')).toMatchObject({ owned_by: 'alias', context_length: 200_000 });
    expect(find('vectors')).toMatchObject({ type: 'embedding', operations: ['embeddings'] });
    expect(find('openai/gpt-image-2')).toMatchObject({ type: 'image' });
    expect(find('openai/whisper-1')).toMatchObject({ type: 'audio' });
    expect(find('openai/org/odd:free')).not.toHaveProperty('context_length');
  });

  it('lists short prefixes only when asked', async () => {
    const { body } = await get(lane, '/v1/models?duplicates=true');
    expect(body.data.filter(({ id }) => id.startsWith('cc/'))).toMatchObject([
      { id: 'cc/claude-opus-5-5', owned_by: 'claude', parent: 'claude/claude-opus-5-5' },
      { id: 'cc/claude-haiku-4-5' },
    ]);
    expect(body.data).toHaveLength(everything.length + 2);
  });

  it.each([
    ['narrow', ['best', 'fast', 'claude/claude-opus-5-5', 'claude/claude-haiku-4-5']],
    ['accounts', ['best', 'outer', 'fast', 'claude/claude-opus-5-5', 'claude/claude-haiku-4-5']],
    ['nothing', []],
  ])('shows the key "%s" what it may use, in every shape', async (key, ids) => {
    expect((await get(lane, '/v1/models', as(key))).body.data.map(({ id }) => id)).toEqual(ids);
    const claude = await get(lane, '/v1/models', as(key, anthropic));
    expect(claude.body.data.map(({ id }) => id)).toEqual(ids);
    const google = await get(lane, '/v1beta/models', as(key));
    expect(google.body.models.map(({ name }) => name)).toEqual(ids.map((id) => `models/${id}`));
    const one = await get(lane, '/v1/models/openai%2Fgpt-6', as(key));
    expect(one.status).toBe(404);
  });

  it.each([
    ['/v1/models/claude/claude-opus-5-5', 'claude/claude-opus-5-5'],
    ['/v1/models/claude%2Fclaude-opus-5-5', 'claude/claude-opus-5-5'],
    ['/v1/models/cc/claude-opus-5-5', 'cc/claude-opus-5-5'],
    ['/v1/models/openai%2Forg%2Fodd%3Afree', 'openai/org/odd:free'],
    ['/v1/models/gpt-6', 'gpt-6'],
    ['/v1/models/open/whatever', 'open/whatever'],
    ['/v1/v1/models/fast', 'fast'],
    ['/models/best', 'best'],
  ])('GET %s finds %s', async (path, id) => {
    expect(await get(lane, path)).toMatchObject({ status: 200, body: { id, object: 'model' } });
  });

  it.each([
    'nope',
    'openai/nope',
    'off/m',
    'poor/m',
    'dead',
    'empty',
    'claude/secret',
    'claude/gone',
    '__proto__',
    'a%2F..%2Fx',
    '%00',
  ])('knows no %s, and says so as the asking client expects it', async (id) => {
    expect(await get(lane, `/v1/models/${id}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found', param: 'model' } },
    });
    expect(await get(lane, `/v1/models/${id}`, as('all', anthropic))).toMatchObject({
      status: 404,
      body: { type: 'error', error: { type: 'not_found_error' } },
    });
  });

  it('pages as Anthropic does, forwards and backwards', async () => {
    const ask = async (query: string) => (await get(lane, `/v1/models?${query}`, as('all', anthropic))).body;
    expect(await ask('limit=2')).toMatchObject({
      data: [{ id: 'best' }, { id: 'outer' }],
      has_more: true,
      first_id: 'best',
      last_id: 'outer',
    });
    expect(await ask('limit=2&after_id=claude/claude-haiku-4-5')).toMatchObject({
      data: [{ id: 'openai/gpt-6' }, { id: 'openai/org/odd:free' }],
      has_more: false,
    });
    expect(await ask('limit=1&before_id=fast')).toMatchObject({ data: [{ id: 'outer' }], has_more: true });
    expect(await ask('limit=5&before_id=fast')).toMatchObject({
      data: [{ id: 'best' }, { id: 'outer' }],
      has_more: false,
    });
    expect(await ask('after_id=openai/org/odd:free')).toMatchObject({
      data: [],
      has_more: false,
      first_id: null,
    });
    const wrong = await get(lane, '/v1/models?after_id=nope', as('all', anthropic));
    expect(wrong).toMatchObject({ status: 400, body: { error: { type: 'invalid_request_error' } } });
    expect((await get(lane, '/v1/models?limit=x', as('all', anthropic))).status).toBe(400);
  });

  it('answers Codex in a shape that it can read', async () => {
    expect((await get(lane, '/v1/models?client_version=0.169.0')).body).toMatchObject({
      object: 'list',
      models: [],
    });
  });

  it('lists what embeds', async () => {
    expect((await get(lane, '/v1/embeddings')).body.data).toMatchObject([
      { id: 'vectors', type: 'embedding', owned_by: 'combo', dimensions: 1536 },
      { id: 'openai/text-embedding-3-small', type: 'embedding', context_length: 8191, dimensions: 1536 },
    ]);
  });

  it('wants a key', async () => {
    expect((await get(lane, '/v1/models', {})).status).toBe(401);
    expect((await get(lane, '/v1/embeddings', {})).status).toBe(401);
    expect((await get(lane, '/v1beta/models/x', {})).status).toBe(401);
  });
});

describe('the SDKs', () => {
  it('openai lists and retrieves, also an id with slash and colon', async () => {
    const client = new OpenAI({ apiKey: 'sk-all', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
    const ids = [];
    for await (const { id, object } of client.models.list()) ids.push([id, object]);
    expect(ids).toEqual(everything.map((id) => [id, 'model']));
    expect(await client.models.retrieve('openai/org/odd:free')).toMatchObject({ owned_by: 'openai' });
    await expect(client.models.retrieve('nope')).rejects.toThrow(OpenAI.NotFoundError);
  });

  it('@anthropic-ai/sdk lists page by page and retrieves', async () => {
    const client = new Anthropic({ apiKey: 'sk-all', baseURL: rig.server.url, maxRetries: 0 });
    const found = [];
    for await (const model of client.models.list({ limit: 2 })) found.push(model);
    expect(found.map(({ id }) => id)).toEqual(
      everything.filter((id) => !/vectors|embedding|image|whisper/.test(id)),
    );
    expect(await client.models.retrieve('claude/claude-haiku-4-5')).toMatchObject({
      type: 'model',
      max_input_tokens: 200_000,
      max_tokens: 64_000,
      lifecycle: 'deprecated',
      line: 'haiku',
      capabilities: { image_input: { supported: true }, thinking: { supported: false } },
    });
    await expect(client.models.retrieve('nope')).rejects.toThrow(Anthropic.NotFoundError);
  });

  it.each(['v1', 'v1beta'])('@google/genai lists page by page and gets over %s', async (apiVersion) => {
    const client = new GoogleGenAI({
      apiKey: 'sk-all',
      apiVersion,
      httpOptions: { baseUrl: rig.server.url },
    });
    const names = [];
    for await (const { name } of await client.models.list({ config: { pageSize: 3 } })) names.push(name);
    expect(names).toEqual(everything.filter((id) => !/image|whisper/.test(id)).map((id) => `models/${id}`));
    expect(await client.models.get({ model: 'claude/claude-opus-5-5' })).toMatchObject({
      inputTokenLimit: 1_000_000,
      outputTokenLimit: 128_000,
      supportedActions: ['generateContent', 'streamGenerateContent', 'countTokens'],
    });
    expect(await client.models.get({ model: 'models/vectors' })).toMatchObject({
      supportedActions: ['embedContent', 'batchEmbedContents'],
    });
    await expect(client.models.get({ model: 'nope' })).rejects.toMatchObject({ status: 404 });
  });
});
