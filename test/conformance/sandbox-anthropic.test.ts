// The simulator's Messages templates, parsed by the official @anthropic-ai/sdk over a real socket.
import Anthropic from '@anthropic-ai/sdk';
import type { Tool } from '@anthropic-ai/sdk/resources/messages';
import { expect, test } from 'vitest';
import { bashSchema, gather, personSchema, pixel, useSandbox } from '../support/sandbox.ts';

const sandbox = useSandbox();
const client = () => new Anthropic({ baseURL: sandbox.url, apiKey: 'any', maxRetries: 0 });
const hello = { max_tokens: 1024, messages: [{ role: 'user' as const, content: 'Hello, wörld 🌍!' }] };
const bash: Tool = { name: 'Bash', input_schema: { ...bashSchema, required: [...bashSchema.required] } };

test('echoes text: unary, iterator and helper agree', async () => {
  const unary = await client().messages.create({ ...hello, model: 'echo' });
  expect(unary).toMatchObject({
    type: 'message',
    stop_reason: 'end_turn',
    content: [{ type: 'text', text: 'Hello, wörld 🌍!' }],
    usage: { input_tokens: 5, output_tokens: 5, cache_read_input_tokens: 0 },
  });
  const events = await gather(await client().messages.create({ ...hello, model: 'echo', stream: true }));
  expect(events.map((event) => event.type)).toEqual([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_delta',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
  const final = await client()
    .messages.stream({ ...hello, model: 'echo' })
    .finalMessage();
  expect(final.content).toEqual(unary.content);
  expect(final.usage).toMatchObject({ input_tokens: 5, output_tokens: 5 });
});

test('thinks with a fake signature, speaks, calls twice in parallel and answers FINAL', async () => {
  const request = { ...hello, model: 'script/agent', tools: [bash], thinking: { type: 'adaptive' as const } };
  const unary = await client().messages.create(request);
  const helper = await client().messages.stream(request).finalMessage();
  for (const message of [unary, helper]) {
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use']);
    expect(message.content[0]).toMatchObject({
      thinking: expect.stringContaining('pretends'),
      signature: expect.stringContaining('SANDBOX/FAKE'),
    });
    expect(message.content[2]).toMatchObject({
      name: 'Bash',
      input: { command: 'echo tool-ran-ok', description: 'sandbox' },
    });
  }
  const calls = unary.content.filter((block) => block.type === 'tool_use');
  expect(calls.every((call) => /^[a-zA-Z0-9_-]+$/.test(call.id))).toBe(true);
  const final = await client().messages.create({
    ...request,
    messages: [
      ...hello.messages,
      { role: 'assistant', content: unary.content },
      {
        role: 'user',
        content: [
          ...calls.map((call) => ({
            type: 'tool_result' as const,
            tool_use_id: call.id,
            content: 'tool-ran-ok',
          })),
          { type: 'text' as const, text: 'a reminder of the client' },
        ],
      },
    ],
  });
  expect(final.content).toContainEqual({
    type: 'text',
    text: 'FINAL after 2 tool results: tool-ran-ok | tool-ran-ok',
  });
});

test('keeps the proof and drops the text when thinking is not displayed', async () => {
  const request = { ...hello, model: 'script/reasoning' };
  const omitted = await client().messages.create({
    ...request,
    thinking: { type: 'adaptive', display: 'omitted' },
  });
  expect(omitted.content[0]).toMatchObject({
    type: 'thinking',
    thinking: '',
    signature: expect.stringContaining('FAKE'),
  });
  const off = await client().messages.create({ ...request, thinking: { type: 'disabled' } });
  expect(off.content.map((block) => block.type)).toEqual(['text']);
});

test('obeys a schema, a forced tool, images, limits and stop sequences', async () => {
  const json = await client().messages.create({
    ...hello,
    model: 'script/text',
    output_config: { format: { type: 'json_schema', schema: { ...personSchema } } },
  });
  const [block] = json.content;
  expect(block?.type === 'text' && JSON.parse(block.text)).toMatchObject({
    name: 'sandbox',
    age: 18,
    role: 'admin',
  });
  const person = { name: 'person', input_schema: { ...personSchema, required: [...personSchema.required] } };
  const forced = await client().messages.create({
    ...hello,
    model: 'echo',
    tools: [bash, person],
    tool_choice: { type: 'tool', name: 'person' },
  });
  expect(forced).toMatchObject({
    stop_reason: 'tool_use',
    content: [{ name: 'person', input: { name: 'sandbox', age: 18 } }],
  });
  const seen = await client().messages.create({
    max_tokens: 100,
    model: 'script/image',
    messages: [
      {
        role: 'user',
        content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } }],
      },
    ],
  });
  expect(seen.content).toEqual([{ type: 'text', text: 'Received 1 image: image/png, 68 bytes.' }]);
  const short = await client().messages.create({ ...hello, max_tokens: 1, model: 'echo' });
  expect(short).toMatchObject({ stop_reason: 'max_tokens', content: [{ text: 'Hell' }] });
  const stopped = await client().messages.create({ ...hello, model: 'echo', stop_sequences: ['wör'] });
  expect(stopped).toMatchObject({
    stop_reason: 'stop_sequence',
    stop_sequence: 'wör',
    content: [{ text: 'Hello, ' }],
  });
  const refused = await client()
    .messages.stream({ ...hello, model: 'script/filter' })
    .finalMessage();
  expect(refused).toMatchObject({ stop_reason: 'refusal' });
});

test('leaves cached tokens out of input_tokens', async () => {
  const { usage } = await client().messages.create({ ...hello, model: 'script/cached' });
  expect(usage).toMatchObject({
    input_tokens: 300,
    cache_read_input_tokens: 600,
    cache_creation_input_tokens: 100,
    output_tokens: 50,
  });
});

test('counts tokens and lists models', async () => {
  const { messages } = hello;
  expect(await client().messages.countTokens({ model: 'echo', messages })).toMatchObject({ input_tokens: 5 });
  const models = await gather(client().models.list());
  expect(models.map((model) => model.id)).toEqual(expect.arrayContaining(['echo', 'script/agent']));
  expect(await client().models.retrieve('script/agent')).toMatchObject({ type: 'model', id: 'script/agent' });
});

test.each([
  ['script/error-400', Anthropic.BadRequestError, 400, 'invalid_request_error'],
  ['script/error-context', Anthropic.BadRequestError, 400, 'invalid_request_error'],
  ['script/error-401', Anthropic.AuthenticationError, 401, 'authentication_error'],
  ['script/error-402', Anthropic.APIError, 402, 'billing_error'],
  ['script/error-403', Anthropic.PermissionDeniedError, 403, 'permission_error'],
  ['script/error-404', Anthropic.NotFoundError, 404, 'not_found_error'],
  ['script/error-429', Anthropic.RateLimitError, 429, 'rate_limit_error'],
  ['script/error-500', Anthropic.InternalServerError, 500, 'api_error'],
  ['script/error-529', Anthropic.InternalServerError, 529, 'overloaded_error'],
  ['no-such-model', Anthropic.NotFoundError, 404, 'not_found_error'],
])('%s is the typed error of the SDK', async (model, type, status, name) => {
  const error = await client()
    .messages.create({ ...hello, model })
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof Anthropic.APIError)) throw error;
  expect(error).toBeInstanceOf(type);
  expect(error).toMatchObject({ status, type: name });
  expect(error.requestID).toMatch(/^req_/);
  if (model === 'script/error-context') expect(error.message).toContain('prompt is too long');
  if (model !== 'script/error-429') return;
  expect(error.headers?.get('retry-after')).toBe('2');
  const reset = Date.parse(error.headers?.get('anthropic-ratelimit-requests-reset') ?? '');
  expect(reset - Date.now()).toBeGreaterThan(0);
});

test('breaks streams where the script says so', async () => {
  const read = async (model: string) => {
    let text = '';
    try {
      for await (const event of await client().messages.create({ ...hello, model, stream: true })) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
          text += event.delta.text;
      }
      return { text, error: undefined };
    } catch (error) {
      return { text, error };
    }
  };
  expect(await read('script/cut-head')).toMatchObject({
    text: '',
    error: expect.any(Anthropic.APIConnectionError),
  });
  expect(await read('script/cut-open')).toMatchObject({ text: '', error: expect.any(Error) });
  expect(await read('script/cut')).toMatchObject({ text: 'The sandbox', error: expect.any(Error) });
  expect(await read('script/error-frame')).toMatchObject({
    text: 'The sandbox',
    error: { type: 'overloaded_error' },
  });
  expect(await read('script/malformed')).toMatchObject({ error: expect.any(Error) });
  expect(await read('script/truncated')).toEqual({ text: 'The sandbox', error: undefined });
  expect(await read('script/one-byte-chunks')).toEqual({
    text: 'The sandbox answers with this fixed text.',
    error: undefined,
  });
});

test('refuses what the vendor would refuse', async () => {
  const post = (body: object) =>
    fetch(`${sandbox.url}/v1/messages`, { method: 'POST', body: JSON.stringify(body) });
  const answer = await post({ model: 'echo', messages: hello.messages });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    type: 'error',
    error: { message: 'max_tokens: Field required' },
  });
});
