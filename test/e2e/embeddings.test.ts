// Embeddings over the wires that have them: every client at every upstream through both lanes, rows and prices as for a
// chat, fallback, and what cannot be said elsewhere.
import { GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeVector } from '../../src/ir/embeddings.ts';
import type { ProtocolName } from '../../src/protocols/capabilities.ts';
import { embed } from '../../src/upstream/sandbox/lists.ts';
import { lanes, startRig, type Call, type Rig } from '../support/gateway.ts';
import { makeCombo, makeEndpoint, makeProvider, makeTarget, profile } from '../support/routing.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const sandbox = { faults: false, seed: 1, behaviours: {} };
const wires = ['openai-chat', 'gemini', 'ollama'] as const satisfies readonly ProtocolName[];

function simulated(id: string, protocol: ProtocolName) {
  const endpoint = makeEndpoint({ protocol, auth: 'none', baseUrl: 'http://sandbox.invalid/v1' });
  const connection = { id: 'default', key: `${id}@default`, provider: id, priority: 1, enabled: true };
  return makeProvider(id, { endpoints: [endpoint], connections: [connection], sandbox });
}

/** Failures of one case must not rest the account in the next. */
const forgiving = {
  ...profile,
  cooldown: { ...profile.cooldown, transient: 0 },
  breaker: { failures: 1000, reset: 1 },
};

/** How each client asks for the vectors of `texts`, and how it reads the answer. */
const clients: Readonly<
  Record<string, { ask(model: string, texts: readonly string[]): Call; read(answer: never): unknown }>
> = {
  'openai-chat': {
    ask: (model, input) => ({ path: '/v1/embeddings', body: { model, input } }),
    read: ({ data }: { data: { embedding: unknown }[] }) => data.map(({ embedding }) => embedding),
  },
  'openai-chat base64': {
    ask: (model, input) => ({
      path: '/v1/v1/embeddings',
      body: { model, input, encoding_format: 'base64' },
    }),
    read: ({ data }: { data: { embedding: unknown }[] }) =>
      data.map(({ embedding }) =>
        typeof embedding === 'string' ? decodeVector(embedding)?.map(round) : embedding,
      ),
  },
  gemini: {
    ask: (model, texts) => ({
      path: `/v1beta/models/${model}:batchEmbedContents`,
      body: {
        requests: texts.map((text) => ({ model: 'models/other', content: { parts: [{ text }] } })),
      },
    }),
    read: ({ embeddings }: { embeddings: { values: unknown }[] }) => embeddings.map(({ values }) => values),
  },
  ollama: {
    ask: (model, input) => ({ path: '/api/embed', body: { model, input } }),
    read: ({ embeddings }: { embeddings: unknown }) => embeddings,
  },
};

function round(value: number): number {
  return Number(value.toFixed(6));
}

describe('embeddings', () => {
  let rig: Rig;
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await startUpstream();
    const endpoint = makeEndpoint({ baseUrl: upstream.baseUrl });
    rig = await startRig({
      providers: [
        ...wires.map((wire) => simulated(`at-${wire}`, wire)),
        makeProvider('broken', { endpoints: [endpoint], profile: forgiving }),
        makeProvider('tired', { endpoints: [endpoint] }),
        makeProvider('gemini-broken', {
          endpoints: [makeEndpoint({ protocol: 'gemini', baseUrl: upstream.baseUrl })],
        }),
        makeProvider('messages', { endpoints: [makeEndpoint({ protocol: 'anthropic-messages' })] }),
      ],
      combos: [
        makeCombo('tired', 'priority', [makeTarget('tired/e'), makeTarget('at-ollama/echo')]),
        makeCombo('second', 'priority', [makeTarget('broken/e'), makeTarget('at-gemini/echo')]),
        makeCombo('tokens', 'priority', [makeTarget('at-ollama/echo'), makeTarget('at-openai-chat/echo')]),
      ],
      models: [
        {
          id: 'at-openai-chat/echo',
          upstreamId: 'echo-large',
          operations: ['embeddings'],
          prices: { input: 20_000_000 },
        },
      ],
    });
  });

  const play = (status: number, body: string): void =>
    upstream.play(({ response }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body);
    });

  afterAll(async () => {
    await rig.close();
    await upstream.close();
  });

  const texts = ['the quick brown fox', 'zwölf Boxkämpfer 🥊'];

  describe.each(lanes)('%s lane', (lane) => {
    describe.each(Object.keys(clients))('a client of %s', (client) => {
      it.each(wires)('gets the vectors of %s', async (wire) => {
        const { ask, read } = clients[client]!;
        const answer = await rig.ask(lane, ask(`at-${wire}/echo`, texts));
        expect(answer).toMatchObject({ status: 200, broken: false });
        expect(read(JSON.parse(answer.text) as never)).toEqual(texts.map((text) => embed(text)));
        expect(answer.headers['x-omniroute-provider']).toBe(`at-${wire}`);
        expect(answer.headers['x-omniroute-loss']).toBeUndefined();
        expect(rig.rows.at(-1)).toMatchObject({
          operation: 'embeddings',
          status: 200,
          provider: `at-${wire}`,
          tokens: { output: 0 },
          stream: false,
        });
      });
    });

    it('answers one text by embedContent and by the older path of Ollama', async () => {
      const one = await rig.ask(lane, {
        path: '/v1/models/at-ollama/echo:embedContent',
        body: { content: { parts: [{ text: 'a b' }] }, outputDimensionality: 8, taskType: 'RETRIEVAL_QUERY' },
      });
      expect(JSON.parse(one.text)).toEqual({ embedding: { values: embed('a b', 8) } });
      expect(one.headers['x-omniroute-loss']).toBe('inputs[0].task');
      const old = await rig.ask(lane, {
        path: '/api/embeddings',
        body: { model: 'at-gemini/echo', prompt: 'a b', keep_alive: '5m' },
      });
      expect(JSON.parse(old.text)).toEqual({ embedding: embed('a b') });
      expect(old.headers['x-omniroute-loss']).toBe('keep_alive');
    });

    it.each([
      ['no model', '/v1/embeddings', { input: 'a' }, /"model" is missing/],
      ['no input', '/v1/embeddings', { model: 'm' }, /"input" must be/],
      ['an empty list', '/v1/embeddings', { model: 'm', input: [] }, /"input" is empty/],
      ['an object', '/v1/embeddings', { model: 'm', input: {} }, /"input" must be/],
      ['a model twice', '/v1/embeddings', '{"model":"a","model":"b","input":"x"}', /twice/],
      ['no requests', '/v1beta/models/m:batchEmbedContents', { content: {} }, /"requests" is missing/],
      ['no content', '/v1beta/models/m:embedContent', {}, /"content" is missing/],
      ['a prompt for a list', '/api/embeddings', { model: 'm', prompt: ['a'] }, /"prompt" must be a text/],
      ['a mixed list', '/v1/embeddings', { model: 'at-ollama/echo', input: ['a', {}] }, /input\[1\]/],
      [
        'Google parts without text',
        '/v1beta/models/at-ollama/echo:embedContent',
        { content: { parts: [{ inlineData: {} }] } },
        /parts\[0\]/,
      ],
      ['tokens for Ollama', '/v1/embeddings', { model: 'at-ollama/echo', input: [1, 2] }, /tokens/],
      [
        'a wire without',
        '/v1/embeddings',
        { model: 'messages/m', input: 'a' },
        /no wire of messages has embeddings/,
      ],
      [
        'to chat with a model that embeds',
        '/v1/chat/completions',
        { model: 'at-openai-chat/echo', messages: [] },
        /the model is for embeddings, not for chat/,
      ],
    ])('refuses %s', async (_name, path, body, message) => {
      const answer = await rig.ask(lane, { path, body });
      expect(answer.status).toBe(400);
      expect(answer.text.replaceAll('\\"', '"')).toMatch(message);
    });

    it('asks the next target when one fails, also when only it can take tokens', async () => {
      play(503, '{"error":{"message":"down"}}');
      const { ask, read } = clients['openai-chat']!;
      const answer = await rig.ask(lane, ask('second', texts));
      expect(read(JSON.parse(answer.text) as never)).toEqual(texts.map((text) => embed(text)));
      expect(answer.headers['x-omniroute-attempts']).toBe('2');
      const tokens = await rig.ask(lane, {
        path: '/v1/embeddings',
        body: { model: 'tokens', input: [[1, 2]] },
      });
      expect(tokens).toMatchObject({ status: 200 });
      expect(tokens.headers['x-omniroute-provider']).toBe('at-openai-chat');
    });
  });

  it('rests an account as a chat does, and goes straight to the next', async () => {
    play(429, '{"error":{"message":"slow down"}}');
    const ask = (): ReturnType<Rig['ask']> => rig.ask('node', clients['openai-chat']!.ask('tired', ['a']));
    expect((await ask()).headers['x-omniroute-attempts']).toBe('2');
    const again = await ask();
    expect([again.status, again.headers['x-omniroute-attempts']]).toEqual([200, '1']);
    expect(rig.rows.at(-1)).toMatchObject({ provider: 'at-ollama' });
  });

  it('parses nothing of what passes through, and everything else once', async () => {
    const parse = vi.spyOn(JSON, 'parse');
    const count = async (call: Call): Promise<number> => {
      parse.mockClear();
      expect((await rig.ask('node', call)).status).toBe(200);
      return parse.mock.calls.length;
    };
    play(200, '{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":9}}');
    expect(await count(clients['openai-chat']!.ask('broken/e', ['a']))).toBe(0);
    expect(rig.rows.at(-1)).toMatchObject({ tokens: { input: 9 }, estimated: false });
    // The request and the answer.
    expect(await count(clients['ollama']!.ask('broken/e', ['a']))).toBe(2);
    parse.mockRestore();
  });

  it('writes usage and price, and the model that the upstream knows', async () => {
    const answer = await rig.ask('node', clients['openai-chat']!.ask('at-openai-chat/echo', ['a b c']));
    const { usage, model } = JSON.parse(answer.text) as { usage: { prompt_tokens: number }; model: string };
    expect(model).toBe('echo-large');
    expect(rig.rows.at(-1)).toMatchObject({
      model: 'echo-large',
      estimated: false,
      tokens: { input: usage.prompt_tokens, output: 0 },
      cost: usage.prompt_tokens * 20_000,
    });
  });

  it('reads the usage at the end of an answer that is too large to be held, and passes it byte by byte', async () => {
    const vector = Array.from({ length: 150_000 }, (_, index) => index / 1e6);
    const body = JSON.stringify({ data: [{ index: 0, embedding: vector }], usage: { prompt_tokens: 4242 } });
    expect(body.length).toBeGreaterThan(1024 * 1024);
    play(200, body);
    const answer = await rig.ask('node', clients['openai-chat']!.ask('broken/e', ['a']));
    expect(answer.text === body).toBe(true);
    expect(rig.rows.at(-1)).toMatchObject({ estimated: false, tokens: { input: 4242 } });
  });

  it.each([
    ['e?key=x#y%2F', '/v1/models/e%3Fkey%3Dx%23y%252F:embedContent'],
    ['a/b:free', '/v1/models/a/b:free:embedContent'],
  ])('lets the name %s be nothing but a name in our own URL', async (name, path) => {
    play(200, '{"embedding":{"values":[1]}}');
    const id = encodeURIComponent(`gemini-broken/${name}`);
    const body = { content: { parts: [{ text: 'a' }] } };
    const answer = await rig.ask('node', { path: `/v1beta/models/${id}:embedContent`, body });
    expect(answer.status).toBe(200);
    expect(upstream.calls.at(-1)!.path).toBe(path);
  });

  it('writes our model over the one inside a Google body, wherever it stands', async () => {
    play(200, '{"embeddings":[{"values":[1]},{"values":[2]}]}');
    const answer = await rig.ask('node', {
      path: '/v1beta/models/gemini-broken/e:batchEmbedContents',
      body: '{"requests":[ {"model":"models/x","content":{"parts":[{"text":"],{\\"model\\":1"}]}} , {"content":{"parts":[{"text":"b"}]},"model":"y"}]}',
    });
    expect(answer.status).toBe(200);
    expect(upstream.calls.at(-1)!).toMatchObject({ path: '/v1/models/e:batchEmbedContents' });
    expect(JSON.parse(upstream.calls.at(-1)!.body)).toEqual({
      requests: [
        { model: 'models/e', content: { parts: [{ text: '],{"model":1' }] } },
        { content: { parts: [{ text: 'b' }] }, model: 'models/e' },
      ],
    });
  });

  it.each([
    ['too few', '{"data":[{"index":0,"embedding":[1]}]}'],
    ['no numbers', '{"data":[{"embedding":["a"]},{"embedding":[1]}]}'],
    ['nothing', '{}'],
    ['broken JSON', '{"data":['],
    ['an error', '{"error":{"message":"no"}}'],
  ])('takes an upstream with %s for a failed one', async (_name, body) => {
    play(200, body);
    const answer = await rig.ask('node', clients['gemini']!.ask('broken/e', texts));
    expect(answer.status).toBe(502);
  });

  it('puts vectors in the order of their index, from base64 too', async () => {
    const second = Buffer.from(Float32Array.from([2]).buffer).toString('base64');
    play(
      200,
      JSON.stringify({
        data: [
          { index: 1, embedding: second },
          { index: 0, embedding: [1] },
        ],
      }),
    );
    const answer = await rig.ask('node', clients['ollama']!.ask('broken/e', texts));
    expect(JSON.parse(answer.text)).toMatchObject({ embeddings: [[1], [2]] });
  });

  describe.each(wires)('the SDKs at %s', (wire) => {
    const model = `at-${wire}/echo`;
    const vectors = texts.map((text) => embed(text));
    const near = (found: readonly (readonly number[])[]): void =>
      expect(found.map((vector) => vector.map(round))).toEqual(vectors);

    it('openai, which asks for base64 by itself', async () => {
      const client = new OpenAI({ apiKey: 'x', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
      const { data, usage } = await client.embeddings.create({ model, input: [...texts] });
      near(data.map(({ embedding }) => embedding));
      // Google and the simulator's Ollama say as much as they know.
      expect(usage.prompt_tokens).toBeGreaterThanOrEqual(0);
      const [short] = (await client.embeddings.create({ model, input: texts[0]!, dimensions: 8 })).data;
      expect(short!.embedding).toHaveLength(8);
    });

    it('@google/genai', async () => {
      const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: rig.server.url } });
      const config = { outputDimensionality: 256 };
      const { embeddings = [] } = await client.models.embedContent({ model, contents: [...texts], config });
      near(embeddings.map(({ values = [] }) => values));
    });

    it('ollama, the new call and the old', async () => {
      const client = new Ollama({ host: rig.server.url });
      near((await client.embed({ model, input: [...texts] })).embeddings);
      near([(await client.embeddings({ model, prompt: texts[0]! })).embedding, vectors[1]!]);
      await expect(client.embed({ model: 'nope', input: 'a' })).rejects.toThrow('nope');
    });
  });
});
