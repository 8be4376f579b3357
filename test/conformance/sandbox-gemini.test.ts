// The simulator's Gemini templates, parsed by the official @google/genai over a real socket.
import { ApiError, GoogleGenAI } from '@google/genai';
import { expect, test } from 'vitest';
import { bashSchema, gather, personSchema, pixel, useSandbox } from '../support/sandbox.ts';

const sandbox = useSandbox();
const client = () => new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: sandbox.url } });
const contents = 'Hello, wörld 🌍!';
const tools = [{ functionDeclarations: [{ name: 'run_shell_command', parametersJsonSchema: bashSchema }] }];

test('echoes text, unary and streamed, with usage in every chunk', async () => {
  const unary = await client().models.generateContent({ model: 'echo', contents });
  expect(unary.text).toBe(contents);
  expect(unary.candidates?.[0]?.finishReason).toBe('STOP');
  expect(unary.usageMetadata).toMatchObject({
    promptTokenCount: 5,
    candidatesTokenCount: 5,
    totalTokenCount: 10,
  });
  const chunks = await gather(await client().models.generateContentStream({ model: 'echo', contents }));
  expect(chunks.map((chunk) => chunk.text ?? '').join('')).toBe(contents);
  expect(chunks.every((chunk) => chunk.usageMetadata?.promptTokenCount === 5)).toBe(true);
  expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe('STOP');
  expect(chunks.at(-1)?.usageMetadata?.candidatesTokenCount).toBe(5);
});

test('thinks, calls twice with one signature, and answers FINAL; STOP all the way', async () => {
  const config = { tools, thinkingConfig: { includeThoughts: true } };
  const unary = await client().models.generateContent({ model: 'script/agent', contents, config });
  const parts = unary.candidates?.[0]?.content?.parts ?? [];
  expect(parts[0]).toMatchObject({ thought: true });
  const calls = parts.filter((part) => part.functionCall);
  expect(calls).toHaveLength(2);
  expect(calls[0]).toMatchObject({
    functionCall: {
      name: 'run_shell_command',
      args: { command: 'echo tool-ran-ok', description: 'sandbox' },
    },
    thoughtSignature: expect.stringContaining('SANDBOX/FAKE'),
  });
  expect(calls[1]).not.toHaveProperty('thoughtSignature');
  expect(unary.usageMetadata).toMatchObject({ thoughtsTokenCount: 12 });
  const chunks = await gather(
    await client().models.generateContentStream({ model: 'script/agent', contents, config }),
  );
  expect(chunks.flatMap((chunk) => chunk.functionCalls ?? [])).toHaveLength(2);
  expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe('STOP');
  const final = await client().models.generateContent({
    model: 'script/agent',
    config,
    contents: [
      { role: 'user', parts: [{ text: contents }] },
      { role: 'model', parts },
      {
        role: 'user',
        parts: calls.map((part) => ({
          functionResponse: {
            id: part.functionCall?.id ?? '',
            name: 'run_shell_command',
            response: { output: 'tool-ran-ok' },
          },
        })),
      },
    ],
  });
  expect(final.text).toBe('FINAL after 2 tool results: tool-ran-ok | tool-ran-ok');
});

test('hides thoughts that nobody asked for, and proves a plain answer on its last part', async () => {
  const hidden = await client().models.generateContent({ model: 'script/reasoning', contents });
  const parts = hidden.candidates?.[0]?.content?.parts ?? [];
  expect(parts).toEqual([
    { text: 'The sandbox answers with this fixed text.', thoughtSignature: expect.any(String) },
  ]);
  // The real SDK types the signature as base64: it must decode.
  expect(Buffer.from(parts[0]?.thoughtSignature ?? '', 'base64').toString('base64')).toBe(
    parts[0]?.thoughtSignature,
  );
});

test('obeys schemas in both spellings, sees images, honours limits', async () => {
  for (const schema of [
    { responseJsonSchema: personSchema },
    {
      responseSchema: {
        type: 'OBJECT',
        properties: { name: { type: 'STRING' } },
        required: ['name'],
      } as never,
    },
  ]) {
    const json = await client().models.generateContent({
      model: 'script/text',
      contents,
      config: { responseMimeType: 'application/json', ...schema },
    });
    expect(JSON.parse(json.text ?? '')).toMatchObject({ name: 'sandbox' });
  }
  const seen = await client().models.generateContent({
    model: 'script/image',
    contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: pixel } }] }],
  });
  expect(seen.text).toBe('Received 1 image: image/png, 68 bytes.');
  const short = await client().models.generateContent({
    model: 'echo',
    contents,
    config: { maxOutputTokens: 1 },
  });
  expect(short.candidates?.[0]).toMatchObject({ finishReason: 'MAX_TOKENS' });
  expect(short.text).toBe('Hell');
});

test('counts, embeds and lists', async () => {
  expect(await client().models.countTokens({ model: 'echo', contents })).toMatchObject({ totalTokens: 5 });
  const embedded = await client().models.embedContent({ model: 'echo', contents: ['one', 'two'] });
  expect(embedded.embeddings?.map((each) => each.values?.length)).toEqual([256, 256]);
  const pager = await client().models.list();
  expect((await gather(pager)).map((model) => model.name)).toEqual(
    expect.arrayContaining(['models/echo', 'models/script/agent']),
  );
});

test.each([
  ['script/error-400', 400, 'INVALID_ARGUMENT'],
  ['script/error-context', 400, 'exceeds the maximum number of tokens'],
  ['script/error-401', 401, 'UNAUTHENTICATED'],
  ['script/error-403', 403, 'PERMISSION_DENIED'],
  ['script/error-404', 404, 'NOT_FOUND'],
  ['script/error-429', 429, '2.000000000s'],
  ['script/error-quota', 429, 'PerDay'],
  ['script/error-500', 500, 'INTERNAL'],
  ['script/error-503', 503, 'UNAVAILABLE'],
  ['no-such-model', 404, 'NOT_FOUND'],
])('%s is an ApiError', async (model, status, words) => {
  const error = await client()
    .models.generateContent({ model, contents })
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof ApiError)) throw error;
  expect(error.status).toBe(status);
  expect(error.message).toContain(words);
});

test('breaks streams where the script says so', async () => {
  const read = async (model: string) => {
    let text = '';
    try {
      for await (const chunk of await client().models.generateContentStream({ model, contents }))
        text += chunk.text ?? '';
      return { text, error: undefined };
    } catch (error) {
      return { text, error };
    }
  };
  expect(await read('script/cut')).toMatchObject({ text: 'The sandbox', error: expect.any(Error) });
  expect(await read('script/error-frame')).toMatchObject({ text: 'The sandbox', error: expect.any(Error) });
  expect(await read('script/truncated')).toEqual({ text: 'The sandbox', error: undefined });
  expect(await read('script/one-byte-chunks')).toEqual({
    text: 'The sandbox answers with this fixed text.',
    error: undefined,
  });
});

test('without alt=sse a stream is one JSON array', async () => {
  const post = (model: string) =>
    fetch(`${sandbox.url}/v1beta/models/${model}:streamGenerateContent`, {
      method: 'POST',
      body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'one two' }] }] }),
    });
  const chunks = (await (await post('echo')).json()) as {
    candidates: { content: { parts: { text: string }[] } }[];
  }[];
  expect(chunks.map((chunk) => chunk.candidates[0]?.content.parts[0]?.text).join('')).toBe('one two');
  expect(await (await post('script/error-frame-open')).json()).toMatchObject([
    { error: { code: 529, status: 'UNAVAILABLE' } },
  ]);
});
