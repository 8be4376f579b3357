// Token counters: the provider's own where it has one, the tokenizer where it has none, in the asker's wire; no row, no
// charge, and nothing that an account would be rested for.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { ProtocolName } from '../../src/protocols/capabilities.ts';
import type { TokenCounter } from '../../src/gateway/tokens/counter.ts';
import { createWorld } from '../../src/routing/world/memory.ts';
import { lanes, startRig, type Call, type Rig } from '../support/gateway.ts';
import { makeCombo, makeEndpoint, makeProvider, makeTarget } from '../support/routing.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const text = readFileSync(join(import.meta.dirname, '../../LICENSE'), 'utf8');
/** What o200k makes of it, by OpenAI's own tool. */
const textTokens = 223;

/** How each client asks; `image` adds a picture, `tool` a tool. */
const clients: Readonly<Record<string, (model: string, more?: object) => Call>> = {
  'anthropic-messages': (model, more) => ({
    path: '/v1/messages/count_tokens',
    headers: { 'anthropic-version': '2023-06-01' },
    body: { model, messages: [{ role: 'user', content: text }], ...more },
  }),
  gemini: (model, more) => ({
    path: `/v1beta/models/${model}:countTokens`,
    body: { contents: [{ role: 'user', parts: [{ text }] }], ...more },
  }),
  'gemini as a whole': (model, more) => ({
    path: `/v1/models/${model}:countTokens`,
    body: {
      generateContentRequest: { model: 'models/x', contents: [{ role: 'user', parts: [{ text }] }], ...more },
    },
  }),
  'openai-responses': (model, more) => ({
    path: '/v1/responses/input_tokens',
    body: { model, input: text, ...more },
  }),
};

const read = (answer: string): unknown => {
  const { input_tokens, totalTokens } = JSON.parse(answer) as { input_tokens?: number; totalTokens?: number };
  return input_tokens ?? totalTokens;
};

/** Vendors with a counter: where it is and how it answers. */
const vendors: Readonly<Record<string, { readonly path: string; readonly answer: object }>> = {
  'anthropic-messages': { path: '/v1/messages/count_tokens', answer: { input_tokens: 4711 } },
  gemini: { path: '/v1/models/m:countTokens', answer: { totalTokens: 4711 } },
  'openai-responses': {
    path: '/v1/responses/input_tokens',
    answer: { object: 'response.input_tokens', input_tokens: 4711 },
  },
};

let rig: Rig;
let upstream: Upstream;
const world = createWorld();

const at = (id: string, protocol: ProtocolName) =>
  makeProvider(id, { endpoints: [makeEndpoint({ protocol, baseUrl: upstream.baseUrl, auth: 'x-api-key' })] });

beforeAll(async () => {
  upstream = await startUpstream();
  const wires = ['openai-chat', 'ollama', ...Object.keys(vendors)] as ProtocolName[];
  rig = await startRig(
    {
      providers: [
        ...wires.map((wire) => at(`at-${wire}`, wire)),
        ...lanes.map((lane) => at(`without-${lane}`, 'anthropic-messages')),
        makeProvider('poor', { endpoints: [makeEndpoint({ protocol: 'anthropic-messages' })] }),
      ],
      models: [{ id: 'at-openai-chat/vectors', operations: ['embeddings'] }],
      combos: [makeCombo('c', 'priority', [makeTarget('at-openai-chat/m'), makeTarget('at-gemini/m')])],
    },
    { world: { ...world, hasCredential: (key) => !key.startsWith('poor@') } },
  );
});
afterAll(async () => {
  await rig.close();
  await upstream.close();
});

const play = (status: number, body: object): void =>
  upstream.play(({ response }) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });

beforeEach(() => {
  upstream.calls.length = 0;
  rig.rows.length = 0;
  play(500, { error: { message: 'nobody plays' } });
});

describe.each(lanes)('%s lane', (lane) => {
  describe.each(Object.keys(clients))('a client of %s', (client) => {
    const ask = clients[client]!;

    it.each(Object.keys(vendors))('gets the own count of %s', async (vendor) => {
      const { path, answer } = vendors[vendor]!;
      play(200, answer);
      const told = await rig.ask(lane, ask(`at-${vendor}/m`));
      expect([told.status, read(told.text)]).toEqual([200, 4711]);
      expect(told.headers['x-omniroute-counter']).toBe('provider');
      const [call] = upstream.calls;
      expect(call).toMatchObject({ path });
      expect(call!.headers['x-api-key']).toMatch(/^secret-of-/);
      expect(call!.body).toContain(JSON.stringify(text).slice(1, -1));
      expect(call!.body).not.toContain('models/x');
      // Anthropic and OpenAI refuse what only a chat has.
      const sent = JSON.parse(call!.body) as object;
      for (const member of ['max_tokens', 'stream', 'store', 'include'])
        expect(sent).not.toHaveProperty(member);
      expect(rig.rows).toEqual([]);
    });

    it.each(['openai-chat', 'ollama'])('gets an estimate where %s has no counter', async (vendor) => {
      const told = await rig.ask(lane, ask(`at-${vendor}/m`));
      expect([told.status, read(told.text)]).toEqual([200, textTokens + 7]);
      expect(told.headers['x-omniroute-counter']).toBe('tokenizer');
      expect(upstream.calls).toEqual([]);
      expect(rig.rows).toEqual([]);
    });

    it('gets an estimate when the counter fails, and no account rests for it', async () => {
      play(529, { type: 'error', error: { type: 'overloaded_error', message: 'no' } });
      for (let time = 0; time < 7; time++) {
        const told = await rig.ask(lane, ask('at-anthropic-messages/m'));
        expect(read(told.text)).toBe(textTokens + 7);
      }
      expect(upstream.calls).toHaveLength(7);
    });

    it('counts for the model that would answer a combo', async () => {
      expect(read((await rig.ask(lane, ask('c'))).text)).toBe(textTokens + 7);
    });

    it('counts although no account has a credential', async () => {
      expect(read((await rig.ask(lane, ask('poor/m'))).text)).toBe(textTokens + 7);
    });

    it('refuses a name that nobody has, in its own envelope', async () => {
      const told = await rig.ask(lane, ask('nope'));
      expect(told.status).toBe(404);
      expect(told.text).toMatch(/not_found_error|NOT_FOUND|model_not_found/);
    });
  });

  it('asks a provider that has no counter for a model once', async () => {
    play(404, { type: 'error', error: { type: 'not_found_error', message: 'no such path' } });
    const ask = clients['anthropic-messages']!;
    for (let time = 0; time < 3; time++)
      expect((await rig.ask(lane, ask(`without-${lane}/m`))).status).toBe(200);
    expect(upstream.calls).toHaveLength(1);
    // Perhaps it was the model that was not found.
    await rig.ask(lane, ask(`without-${lane}/other`));
    expect(upstream.calls).toHaveLength(2);
  });

  it.each([
    ['/v1/messages/count_tokens', { model: 'at-openai-chat/m' }, /messages/],
    ['/v1/messages/count_tokens', { messages: [] }, /model/],
    ['/v1/messages/count_tokens', '{', /JSON/],
    ['/v1beta/models/at-openai-chat/m:countTokens', {}, /contents/],
    ['/v1beta/models/at-openai-chat/m:countTokens', { contents: [], generateContentRequest: {} }, /exclude/],
    ['/v1/responses/input_tokens', { model: 'at-openai-chat/m' }, /input/],
  ])('refuses %s with %j', async (path, body, message) => {
    const told = await rig.ask(lane, { path, body });
    expect(told.status).toBe(400);
    expect(told.text).toMatch(message);
  });
});

describe('the estimate', () => {
  const count = async (more: object): Promise<number> => {
    const told = await rig.ask('node', clients['anthropic-messages']!('at-openai-chat/m', more));
    expect(told.status).toBe(200);
    return Number(read(told.text)) - textTokens - 7;
  };
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };

  it('has figures for what is no text', async () => {
    expect(await count({ system: 'one two three' })).toBe(3 + 4);
    const messages = [{ role: 'user', content: [image, { type: 'text', text }] }];
    expect(await count({ messages })).toBe(1500);
    const tool = { name: 'look', description: 'Looks', input_schema: { type: 'object', properties: {} } };
    expect(await count({ tools: [tool] })).toBeGreaterThan(8 + 5);
    const pdf = Buffer.alloc(60_000).toString('base64');
    const document = {
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: pdf },
    };
    expect(await count({ messages: [{ role: 'user', content: [document, { type: 'text', text }] }] })).toBe(
      3000,
    );
  });

  it('does not hang on a run without end', async () => {
    expect(await count({ system: 'a'.repeat(400_000) })).toBeGreaterThan(40_000);
  });
});

it("passes Anthropic's own words on to its own client", async () => {
  play(400, { type: 'error', error: { type: 'invalid_request_error', message: 'messages: at least one' } });
  const told = await rig.ask('node', clients['anthropic-messages']!('at-anthropic-messages/m'));
  expect(told.status).toBe(400);
  expect(told.text).toContain('messages: at least one');
  // A client of another wire has not written what is wrong there.
  expect((await rig.ask('node', clients['openai-responses']!('at-anthropic-messages/m'))).status).toBe(200);
});

it('asks for the tokens of a model that only embeds, as Google does', async () => {
  const told = await rig.ask('node', clients['anthropic-messages']!('at-openai-chat/vectors'));
  expect(read(told.text)).toBe(textTokens + 7);
});

describe('a tokenizer that is broken', () => {
  const broken = (tokens: TokenCounter): Promise<Rig> =>
    startRig({ providers: [at('one', 'openai-chat')], timing: { drainTimeout: 20 } }, { tokens });

  it.each(Object.keys(clients))('is a clear error for a client of %s', async (client) => {
    const error = new GatewayError('tokenizer_unavailable', 'The thread ended.', { retryAfter: 1 });
    const own = await broken({ count: () => Promise.reject(error), close: async () => {} });
    const told = await own.ask('node', clients[client]!('one/m'));
    // Anthropic's clients know 529 for it.
    const status = client === 'anthropic-messages' ? 529 : 503;
    expect(told).toMatchObject({ status, headers: { 'retry-after': '1' } });
    expect(told.text).toContain('The thread ended.');
    await own.close();
  });

  it('does not keep the gateway from closing', async () => {
    const { promise, reject } = Promise.withResolvers<number>();
    const own = await broken({
      count: () => promise,
      close: async () => reject(new GatewayError('tokenizer_unavailable', 'The gateway is closing.')),
    });
    const asked = own.ask('node', clients['openai-responses']!('one/m'));
    await expect.poll(() => own.server.gateway.lifecycle.running).toBe(1);
    await own.close();
    expect((await asked).status).toBe(503);
  });
});

describe('the SDKs', () => {
  it('@anthropic-ai/sdk', async () => {
    const client = new Anthropic({ apiKey: 'x', baseURL: rig.server.url, maxRetries: 0 });
    const told = await client.messages.countTokens({
      model: 'at-openai-chat/m',
      messages: [{ role: 'user', content: text }],
    });
    expect(told.input_tokens).toBe(textTokens + 7);
  });

  it('@google/genai', async () => {
    const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: rig.server.url } });
    const told = await client.models.countTokens({ model: 'at-openai-chat/m', contents: text });
    expect(told.totalTokens).toBe(textTokens + 7);
  });

  it('openai', async () => {
    const client = new OpenAI({ apiKey: 'x', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
    const told = await client.responses.inputTokens.count({ model: 'at-openai-chat/m', input: text });
    expect(told).toMatchObject({ object: 'response.input_tokens', input_tokens: textTokens + 7 });
  });
});
