// The simulator's Chat and Responses templates, parsed by the official openai SDK over a real socket.
import OpenAI from 'openai';
import type { ChatCompletionTool } from 'openai/resources/chat/completions';
import type { ResponseInputItem } from 'openai/resources/responses/responses';
import { describe, expect, test } from 'vitest';
import { bashSchema, gather, personSchema, pixel, useSandbox } from '../support/sandbox.ts';

const sandbox = useSandbox();
const client = () => new OpenAI({ baseURL: `${sandbox.url}/v1`, apiKey: 'any', maxRetries: 0 });
const hello = [{ role: 'user', content: 'Hello, wörld 🌍!' }] as const;
const bash: ChatCompletionTool = {
  type: 'function',
  function: { name: 'Bash', description: 'Runs a command', parameters: bashSchema },
};

describe('chat', () => {
  test('echoes text, unary', async () => {
    const { data, response } = await client()
      .chat.completions.create({ model: 'echo', messages: [...hello] })
      .withResponse();
    expect(data.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { role: 'assistant', content: hello[0].content },
    });
    // 19 bytes of text are 5 tokens, in and out.
    expect(data.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 });
    expect(response.headers.get('x-omniroute-sandbox')).toBe('true');
  });

  test('streams the same answer, through the iterator and the helper', async () => {
    const request = { model: 'echo', messages: [...hello], stream_options: { include_usage: true } };
    const chunks = await gather(await client().chat.completions.create({ ...request, stream: true }));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(hello[0].content);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 5 } });
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    const completion = await client()
      .chat.completions.stream({ ...request, stream: true })
      .finalChatCompletion();
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: hello[0].content },
    });
  });

  test('withholds the usage chunk from those who did not ask', async () => {
    const chunks = await gather(
      await client().chat.completions.create({ model: 'echo', messages: [...hello], stream: true }),
    );
    expect(chunks.every((chunk) => chunk.choices.length === 1 && chunk.usage === undefined)).toBe(true);
  });

  test('calls two tools in parallel and answers FINAL after their results, unary and streamed', async () => {
    const request = { model: 'script/agent', messages: [...hello], tools: [bash] };
    const unary = await client().chat.completions.create(request);
    const helper = await client()
      .chat.completions.stream({ ...request, stream: true })
      .finalChatCompletion();
    for (const completion of [unary, helper]) {
      const [choice] = completion.choices;
      expect(choice?.finish_reason).toBe('tool_calls');
      const calls = choice?.message.tool_calls ?? [];
      expect(calls).toHaveLength(2);
      expect(new Set(calls.map((call) => call.id)).size).toBe(2);
      for (const call of calls) {
        if (call.type !== 'function') throw new Error('expected a function call');
        expect(call.function.name).toBe('Bash');
        expect(JSON.parse(call.function.arguments)).toEqual({
          command: 'echo tool-ran-ok',
          description: 'sandbox',
        });
      }
    }
    const message = unary.choices[0]?.message;
    if (!message) throw new Error('no message');
    const final = await client().chat.completions.create({
      ...request,
      messages: [
        ...hello,
        message,
        ...(message.tool_calls ?? []).map((call) => ({
          role: 'tool' as const,
          tool_call_id: call.id,
          content: 'tool-ran-ok',
        })),
      ],
    });
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'FINAL after 2 tool results: tool-ran-ok | tool-ran-ok' },
    });
  });

  test('reasons in reasoning_content and counts it', async () => {
    const request = { model: 'script/reasoning', messages: [...hello] };
    const unary = await client().chat.completions.create(request);
    expect(unary.choices[0]?.message).toHaveProperty(
      'reasoning_content',
      'The sandbox pretends to think before it answers.',
    );
    expect(unary.usage?.completion_tokens_details?.reasoning_tokens).toBe(12);
    const chunks = await gather(await client().chat.completions.create({ ...request, stream: true }));
    const reasoning = chunks.map((chunk) => {
      const delta: object | undefined = chunk.choices[0]?.delta;
      return delta && 'reasoning_content' in delta ? delta.reasoning_content : '';
    });
    expect(reasoning.join('')).toBe('The sandbox pretends to think before it answers.');
  });

  test('obeys a JSON schema, sees images, honours limits, stops and n', async () => {
    const json = await client().chat.completions.create({
      model: 'script/text',
      messages: [...hello],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'person', strict: true, schema: personSchema },
      },
    });
    expect(JSON.parse(json.choices[0]?.message.content ?? '')).toEqual({
      name: 'sandbox',
      age: 18,
      role: 'admin',
      tags: ['sandbox'],
    });
    const seen = await client().chat.completions.create({
      model: 'script/image',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What?' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } },
          ],
        },
      ],
    });
    expect(seen.choices[0]?.message.content).toBe('Received 1 image: image/png, 68 bytes.');
    const short = await client().chat.completions.create({
      model: 'echo',
      messages: [...hello],
      max_completion_tokens: 2,
    });
    expect(short.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'Hello, w' } });
    const stopped = await client().chat.completions.create({
      model: 'echo',
      messages: [...hello],
      stop: ', ',
      n: 2,
    });
    expect(stopped.choices.map((choice) => choice.message.content)).toEqual(['Hello', 'Hello']);
  });

  test.each([
    ['script/error-400', OpenAI.BadRequestError, 400, null],
    ['script/error-context', OpenAI.BadRequestError, 400, 'context_length_exceeded'],
    ['script/error-401', OpenAI.AuthenticationError, 401, 'invalid_api_key'],
    ['script/error-402', OpenAI.APIError, 402, 'insufficient_quota'],
    ['script/error-403', OpenAI.PermissionDeniedError, 403, null],
    ['script/error-404', OpenAI.NotFoundError, 404, 'model_not_found'],
    ['script/error-429', OpenAI.RateLimitError, 429, 'rate_limit_exceeded'],
    ['script/error-quota', OpenAI.RateLimitError, 429, 'insufficient_quota'],
    ['script/error-500', OpenAI.InternalServerError, 500, null],
    ['script/error-503', OpenAI.InternalServerError, 503, 'server_is_overloaded'],
    ['script/error-529', OpenAI.InternalServerError, 529, 'server_is_overloaded'],
    ['no-such-model', OpenAI.NotFoundError, 404, 'model_not_found'],
  ])('%s is the typed error of the SDK', async (model, type, status, code) => {
    const error = await client()
      .chat.completions.create({ model, messages: [...hello] })
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof OpenAI.APIError)) throw error;
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ status, code });
    expect(error.requestID).toMatch(/^req_/);
    expect(error.headers?.get('retry-after') ?? null).toBe(model === 'script/error-429' ? '2' : null);
  });

  test('breaks streams where the script says so', async () => {
    const read = async (model: string) => {
      let text = '';
      try {
        const stream = await client().chat.completions.create({ model, messages: [...hello], stream: true });
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
        return { text, error: undefined };
      } catch (error) {
        return { text, error };
      }
    };
    expect(await read('script/cut-head')).toMatchObject({
      text: '',
      error: expect.any(OpenAI.APIConnectionError),
    });
    expect(await read('script/cut-open')).toMatchObject({ text: '', error: expect.any(Error) });
    expect(await read('script/cut')).toMatchObject({ text: 'The sandbox', error: expect.any(Error) });
    expect(await read('script/cut-mid-event')).toMatchObject({
      text: 'The sandbox',
      error: expect.any(Error),
    });
    expect(await read('script/error-frame')).toMatchObject({
      text: 'The sandbox',
      error: expect.any(OpenAI.APIError),
    });
    expect(await read('script/error-frame-open')).toMatchObject({
      text: '',
      error: expect.any(OpenAI.APIError),
    });
    expect(await read('script/malformed')).toMatchObject({ error: expect.any(SyntaxError) });
    expect(await read('script/truncated')).toEqual({ text: 'The sandbox', error: undefined });
    for (const model of ['script/no-terminator', 'script/two-terminators', 'script/one-byte-chunks']) {
      expect(await read(model)).toEqual({
        text: 'The sandbox answers with this fixed text.',
        error: undefined,
      });
    }
  });
});

describe('responses', () => {
  const bashFlat = {
    type: 'function',
    name: 'exec_command',
    strict: false,
    parameters: { type: 'object', properties: { cmd: { type: 'string' } }, required: ['cmd'] },
  } as const;

  test('echoes text, unary and streamed', async () => {
    const request = { model: 'echo', input: 'Hello' };
    const unary = await client().responses.create(request);
    expect(unary).toMatchObject({
      status: 'completed',
      output_text: 'Hello',
      usage: { input_tokens: 2, output_tokens: 2, total_tokens: 4 },
    });
    const events = await gather(await client().responses.create({ ...request, stream: true }));
    expect(events.map((event) => event.type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    const final = await client().responses.stream(request).finalResponse();
    expect(final.output_text).toBe('Hello');
  });

  test('reasons with an encrypted fake, speaks, calls twice and answers FINAL', async () => {
    const request = { model: 'script/agent', input: 'Run it', tools: [bashFlat], store: false };
    const unary = await client().responses.create(request);
    const final = await client().responses.stream(request).finalResponse();
    for (const response of [unary, final]) {
      expect(response.output.map((item) => item.type)).toEqual([
        'reasoning',
        'message',
        'function_call',
        'function_call',
      ]);
      expect(response.output[0]).toMatchObject({
        encrypted_content: expect.stringContaining('SANDBOX/FAKE'),
      });
      expect(response.output[1]).toMatchObject({ phase: 'commentary' });
      expect(response.output[2]).toMatchObject({
        name: 'exec_command',
        arguments: '{"cmd":"echo tool-ran-ok"}',
      });
    }
    const calls = unary.output.filter((item) => item.type === 'function_call');
    const answer = await client().responses.create({
      ...request,
      input: [
        { role: 'user', content: 'Run it' },
        ...(unary.output as ResponseInputItem[]),
        ...calls.map((call) => ({
          type: 'function_call_output' as const,
          call_id: call.call_id,
          output: 'tool-ran-ok',
        })),
      ],
    });
    expect(answer.output_text).toBe('FINAL after 2 tool results: tool-ran-ok | tool-ran-ok');
  });

  test('answers custom tools and tools inside a namespace in their own item types', async () => {
    const custom = await client().responses.create({
      model: 'script/tool',
      input: 'Run it',
      tools: [{ type: 'custom', name: 'exec', description: 'JavaScript' }],
    });
    expect(custom.output[0]).toMatchObject({
      type: 'custom_tool_call',
      name: 'exec',
      input: expect.stringContaining('tools.exec_command'),
    });
    const streamed = await client()
      .responses.stream({
        model: 'script/tool',
        input: 'Run it',
        tools: [{ type: 'custom', name: 'exec', description: '' }],
      })
      .finalResponse();
    expect(streamed.output).toEqual(
      custom.output.map((item) => ({ ...item, id: expect.any(String), call_id: expect.any(String) })),
    );
    const grouped = await client().responses.create({
      model: 'script/tool',
      input: [
        {
          type: 'additional_tools',
          role: 'developer',
          tools: [{ type: 'namespace', name: 'functions', description: '', tools: [bashFlat] }],
        },
        { role: 'user', content: 'Run it' },
      ],
    });
    expect(grouped.output[0]).toMatchObject({
      type: 'function_call',
      name: 'exec_command',
      namespace: 'functions',
    });
  });

  test('obeys a schema, reports length, counts tokens, refuses state and unknown models', async () => {
    const json = await client().responses.create({
      model: 'script/text',
      input: 'x',
      text: { format: { type: 'json_schema', name: 'person', schema: personSchema, strict: true } },
    });
    expect(JSON.parse(json.output_text)).toMatchObject({ name: 'sandbox', age: 18 });
    const short = await client().responses.create({
      model: 'echo',
      input: 'Hello, world',
      max_output_tokens: 1,
    });
    expect(short).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output_text: 'Hell',
    });
    const ended = await gather(
      await client().responses.create({ model: 'script/filter', input: 'x', stream: true }),
    );
    expect(ended.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { incomplete_details: { reason: 'content_filter' } },
    });
    expect(
      await client().responses.inputTokens.count({ model: 'echo', input: 'Hello, world' }),
    ).toMatchObject({ input_tokens: 3 });
    await expect(
      client().responses.create({ model: 'echo', input: 'x', previous_response_id: 'resp_1' }),
    ).rejects.toThrow(OpenAI.BadRequestError);
    await expect(client().responses.create({ model: 'nope', input: 'x' })).rejects.toThrow(
      OpenAI.NotFoundError,
    );
    const stream = await client().responses.create({ model: 'script/error-frame', input: 'x', stream: true });
    await expect(gather(stream)).rejects.toThrow('The sandbox is overloaded.');
  });
});

test('lists models and embeds text', async () => {
  const models = await gather(client().models.list());
  expect(models.map((model) => model.id)).toEqual(
    expect.arrayContaining(['echo', 'script/agent', 'script/cut']),
  );
  expect(await client().models.retrieve('script/agent')).toMatchObject({
    id: 'script/agent',
    object: 'model',
  });
  const embed = async (input: string) =>
    (await client().embeddings.create({ model: 'echo', input })).data[0]?.embedding ?? [];
  const [cat, again, near, far] = await Promise.all(
    ['a black cat', 'a black cat', 'a white cat', 'tax law'].map(embed),
  );
  const cosine = (a: number[] = [], b: number[] = []) =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
  expect(cat).toHaveLength(256);
  expect(cat).toEqual(again);
  expect(cosine(cat, near)).toBeGreaterThan(cosine(cat, far));
});
