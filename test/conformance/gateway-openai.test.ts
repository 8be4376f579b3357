// The official OpenAI SDK through a whole gateway: what its users see, streamed, unstreamed and when things go wrong.
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { createLookup } from '../../src/routing/snapshot.ts';
import { providerAt, startRig, type Rig } from '../support/gateway.ts';
import { makeCombo } from '../support/routing.ts';
import { answerBody, fail, frames, say, startUpstream, stream, type Upstream } from '../support/upstream.ts';

const key = 'sk-omni-test';

let upstream: Upstream;
let spare: Upstream;
let rig: Rig;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream(say('Hello there'));
  spare = await startUpstream(say('from the spare'));
  const digest = createHash('sha256').update(key).digest('hex');
  rig = await startRig({
    providers: [
      { ...providerAt('one', upstream.baseUrl), models: ['m', 'n'] },
      { ...providerAt('two', spare.baseUrl), models: ['m'] },
    ],
    combos: [makeCombo('pair', 'priority', ['one/m', 'two/m'])],
    access: { requireApiKey: true },
    keys: createLookup([[digest, { id: 'tester', enabled: true, tags: {} }]]),
  });
  client = new OpenAI({ apiKey: key, baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await rig.close();
  await Promise.all([upstream.close(), spare.close()]);
});

const messages = [{ role: 'user' as const, content: 'hi' }];

describe('the openai SDK', () => {
  it('chats', async () => {
    const {
      data,
      response,
      request_id: requestId,
    } = await client.chat.completions.create({ model: 'pair', messages }).withResponse();
    expect(data.choices[0]!.message.content).toBe('Hello there');
    expect(data.usage).toMatchObject({ prompt_tokens: 11 });
    expect(response.headers.get('x-omniroute-provider')).toBe('one');
    expect(requestId).toBe(rig.rows.at(-1)!.requestId);
  });

  it('streams', async () => {
    let text = '';
    for await (const chunk of await client.chat.completions.create({
      model: 'pair',
      messages,
      stream: true,
    })) {
      expect(chunk.usage ?? null).toBeNull();
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('Hello there');
  });

  it('streams with usage when it asks for it', async () => {
    const chunks = await Array.fromAsync(
      await client.chat.completions.create({
        model: 'pair',
        messages,
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
    expect(chunks.at(-1)!.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 2 });
  });

  it('assembles a stream by its own helper', async () => {
    const final = await client.chat.completions.stream({ model: 'pair', messages }).finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Hello there' } });
  });

  it('lists and retrieves models, ids with slashes too', async () => {
    const ids = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
    expect(ids).toEqual(['pair', 'one/m', 'one/n', 'two/m']);
    expect(await client.models.retrieve('one/m')).toMatchObject({
      id: 'one/m',
      object: 'model',
      owned_by: 'one',
    });
    await expect(client.models.retrieve('one/nothing')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it('does not see a fallback', async () => {
    upstream.play(fail(503), say('Hello there'));
    const answer = await client.chat.completions.create({ model: 'pair', messages });
    expect(answer.choices[0]!.message.content).toBe('from the spare');
  });

  it.each([
    [{ model: 'nope' }, OpenAI.NotFoundError, 'model_not_found', 'model'],
    [{ model: '' }, OpenAI.BadRequestError, 'invalid_body', 'model'],
    [{ messages: 'hi' }, OpenAI.BadRequestError, 'invalid_body', 'messages'],
  ])('raises its own class for %j', async (change, kind, code, param) => {
    const body = { model: 'pair', messages, ...change } as OpenAI.ChatCompletionCreateParamsNonStreaming;
    const error = await client.chat.completions.create(body).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ code, param });
  });

  it('knows a bad key', async () => {
    const stranger = new OpenAI({ apiKey: 'sk-wrong', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it('retries what the upstream asked to repeat, by itself', async () => {
    const patient = client.withOptions({ maxRetries: 2 });
    spare.play(fail(500));
    upstream.play(fail(429, 'slow', { 'retry-after-ms': '10' }), say('after a while'));
    const fresh = await startRig({
      providers: [
        providerAt('one', upstream.baseUrl, { cooldown: { transient: 1, rateLimit: 1, maxLevel: 1 } }),
      ],
    });
    try {
      const own = patient.withOptions({ baseURL: `${fresh.server.url}/v1` });
      const answer = await own.chat.completions.create({ model: 'one/m', messages });
      expect(answer.choices[0]!.message.content).toBe('after a while');
    } finally {
      await fresh.close();
    }
  });

  it('raises an error in the middle of a stream, never a short success', async () => {
    spare.play(stream([frames.role, frames.hello], 'cut'));
    const seen: string[] = [];
    const read = async () => {
      const answer = await client.chat.completions.create({ model: 'two/m', messages, stream: true });
      for await (const chunk of answer) seen.push(chunk.choices[0]?.delta.content ?? '');
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(seen.join('')).toBe('Hello');
  });

  it('aborts, and the upstream notices', async () => {
    const fresh = await startUpstream(stream([frames.role, frames.hello], 'stall'));
    const own = await startRig({ providers: [providerAt('one', fresh.baseUrl)] });
    try {
      const direct = client.withOptions({ baseURL: `${own.server.url}/v1` });
      const answer = await direct.chat.completions.create({ model: 'one/m', messages, stream: true });
      for await (const chunk of answer) if (chunk.choices[0]?.delta.content) break;
      await fresh.calls[0]!.gone;
    } finally {
      await own.close();
      await fresh.close();
    }
  });

  it('sends its bytes unchanged but for model and usage', async () => {
    upstream.play(
      ({ response }) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end(answerBody()),
    );
    const tools = [
      { type: 'function' as const, function: { name: 'f', parameters: { type: 'object', properties: {} } } },
    ];
    await client.chat.completions.create({ model: 'one/n', messages, tools, temperature: 0.5, user: 'Zoë' });
    expect(JSON.parse(upstream.calls.at(-1)!.body)).toEqual({
      model: 'n',
      messages,
      tools,
      temperature: 0.5,
      user: 'Zoë',
    });
    const { headers } = upstream.calls.at(-1)!;
    expect(headers.authorization).toBe('Bearer secret-of-ONE_API_KEY');
    expect(Object.keys(headers).filter((name) => name.startsWith('x-stainless'))).toEqual([]);
  });
});
