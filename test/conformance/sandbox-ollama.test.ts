// The simulator's Ollama templates, parsed by the official ollama package over a real socket.
import { Ollama } from 'ollama';
import { expect, test } from 'vitest';
import { bashSchema, gather, personSchema, pixel, useSandbox } from '../support/sandbox.ts';

const sandbox = useSandbox();
const client = () => new Ollama({ host: sandbox.url });
const messages = [{ role: 'user', content: 'Hello, wörld 🌍!' }];
const tools = [
  {
    type: 'function',
    function: {
      name: 'bash',
      description: '',
      parameters: { ...bashSchema, required: [...bashSchema.required] } as never,
    },
  },
];

test('echoes text, unary and streamed', async () => {
  const unary = await client().chat({ model: 'echo', messages, stream: false });
  expect(unary).toMatchObject({
    done: true,
    done_reason: 'stop',
    message: messages[0] && { role: 'assistant', content: messages[0].content },
    prompt_eval_count: 5,
    eval_count: 5,
  });
  const lines = await gather(await client().chat({ model: 'echo', messages, stream: true }));
  expect(lines.map((line) => line.message.content).join('')).toBe('Hello, wörld 🌍!');
  expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'stop', eval_count: 5 });
  expect(lines.slice(0, -1).every((line) => !line.done)).toBe(true);
});

test('thinks, calls twice with whole arguments, and answers FINAL', async () => {
  const unary = await client().chat({ model: 'script/agent', messages, tools, stream: false });
  expect(unary.message.thinking).toContain('pretends');
  expect(unary.message.tool_calls).toHaveLength(2);
  expect(unary.message.tool_calls?.[0]?.function).toMatchObject({
    name: 'bash',
    arguments: { command: 'echo tool-ran-ok', description: 'sandbox' },
  });
  const lines = await gather(await client().chat({ model: 'script/agent', messages, tools, stream: true }));
  expect(lines.flatMap((line) => line.message.tool_calls ?? [])).toHaveLength(2);
  expect(lines.map((line) => line.message.thinking ?? '').join('')).toBe(unary.message.thinking);
  const result = { role: 'tool', tool_name: 'bash', content: 'tool-ran-ok' };
  const final = await client().chat({
    model: 'script/agent',
    messages: [...messages, unary.message, result, result],
    tools,
    stream: false,
  });
  expect(final.message.content).toBe('FINAL after 2 tool results: tool-ran-ok | tool-ran-ok');
});

test('obeys a schema, the think switch, images and limits', async () => {
  const json = await client().chat({ model: 'script/text', messages, format: personSchema, stream: false });
  expect(JSON.parse(json.message.content)).toMatchObject({ name: 'sandbox', age: 18 });
  const quiet = await client().chat({ model: 'script/reasoning', messages, think: false, stream: false });
  expect(quiet.message.thinking).toBeUndefined();
  const seen = await client().chat({
    model: 'script/image',
    messages: [{ role: 'user', content: 'What?', images: [pixel] }],
    stream: false,
  });
  expect(seen.message.content).toBe('Received 1 image: image/png, 68 bytes.');
  const short = await client().chat({ model: 'echo', messages, options: { num_predict: 1 }, stream: false });
  expect(short).toMatchObject({ done_reason: 'length', message: { content: 'Hell' } });
});

test('speaks the older generate path', async () => {
  const unary = await client().generate({ model: 'echo', prompt: 'one two', stream: false });
  expect(unary).toMatchObject({ response: 'one two', done: true });
  const lines = await gather(
    await client().generate({ model: 'script/reasoning', prompt: 'x', stream: true }),
  );
  expect(lines.map((line) => line.response).join('')).toBe('The sandbox answers with this fixed text.');
});

test('lists, shows, embeds and tells its version', async () => {
  expect((await client().list()).models.map((model) => model.name)).toEqual(
    expect.arrayContaining(['echo', 'script/agent']),
  );
  expect(await client().show({ model: 'echo' })).toMatchObject({
    capabilities: expect.arrayContaining(['tools', 'vision']),
  });
  expect(
    (await client().embed({ model: 'echo', input: ['one', 'two'] })).embeddings.map(
      (vector) => vector.length,
    ),
  ).toEqual([256, 256]);
  expect((await client().version()).version).toMatch(/^\d+\.\d+\.\d+$/);
  expect((await client().ps()).models).toEqual([]);
});

test.each([
  ['script/error-400', 400],
  ['script/error-429', 429],
  ['script/error-500', 500],
  ['script/error-503', 503],
  ['no-such-model', 404],
])('%s carries a text, not an object', async (model, status) => {
  await expect(client().chat({ model, messages, stream: false })).rejects.toMatchObject({
    status_code: status,
    error: expect.stringContaining('sandbox'),
  });
});

test('breaks streams where the script says so', async () => {
  const read = async (model: string) => gather(await client().chat({ model, messages, stream: true }));
  await expect(read('script/cut')).rejects.toThrow();
  await expect(read('script/error-frame')).rejects.toThrow('The sandbox is overloaded.');
  await expect(read('script/no-terminator')).rejects.toThrow('Did not receive done');
  expect((await read('script/one-byte-chunks')).at(-1)).toMatchObject({ done: true });
});
