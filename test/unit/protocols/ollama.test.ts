// What only Ollama's wire has: generate beside chat, durations, results without ids, `think` per model, held-back calls.
import { describe, expect, test } from 'vitest';
import { isGatewayError } from '../../../src/errors.ts';
import type { RequestChanges } from '../../../src/ir/changes.ts';
import type { AnswerEvent } from '../../../src/ir/events.ts';
import { createLossReport } from '../../../src/ir/loss.ts';
import type { Reasoning } from '../../../src/ir/options.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { findRules } from '../../../src/protocols/model-rules.ts';
import { ollama } from '../../../src/protocols/ollama/index.ts';
import type { ClientPlan, EncodeContext, Protocol } from '../../../src/protocols/protocol.ts';

const generate: Protocol = ollama.dialect({ path: '/v1/api/generate', query: '' });
const chat: Protocol = ollama.dialect({ path: '/api/chat', query: '' });
const target = { model: 'm', rules: findRules('llama3.2') };

function failureOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    return { code: error.code, param: error.details.param };
  }
}

describe("an operator's rules on generate", () => {
  const house: RequestChanges = { systemPrompts: [{ text: 'House.', position: 'prepend' }] };

  test.each([
    [{ prompt: 'x' }, 'House.'],
    [{ prompt: 'x', system: 'Mine.' }, 'House.\n\nMine.'],
  ])('stand in the system text of %j', (body, system) => {
    expect(generate.changeBody(body, house, target)).toEqual({ ...body, system });
  });

  test('replace what the client says, and every earlier rule', () => {
    const systemPrompts = [
      { text: 'One.', position: 'append' },
      { text: 'Two.', position: 'replace' },
    ] as const;
    expect(generate.changeBody({ system: 'Mine.' }, { systemPrompts }, target)).toEqual({ system: 'Two.' });
  });

  test.each(['raw', 'template'])('cannot be slipped by %s', (name) => {
    const body = { prompt: '[INST] x [/INST]', [name]: name === 'raw' ? true : '{{ .Prompt }}' };
    const refused = { code: 'unsupported_feature', param: name };
    expect(failureOf(() => generate.changeBody(body, house, target))).toEqual(refused);
    expect(generate.changeBody(body, { systemPrompts: [], maxOutputTokens: 9 }, target)).toEqual({
      ...body,
      options: { num_predict: 9 },
    });
  });
});

test('a rule on a request that only loads a model does not make it talk', () => {
  const systemPrompts = [{ text: 'House.', position: 'prepend' }] as const;
  expect(chat.changeBody({ model: 'm', messages: [] }, { systemPrompts }, target)).toEqual({
    model: 'm',
    messages: [],
  });
  expect(chat.changeBody({ model: 'm' }, { systemPrompts }, target)).toEqual({ model: 'm' });
});

describe('a cap of the answer', () => {
  test.each([
    [{}, 50],
    [{ num_predict: -1 }, 50],
    [{ num_predict: 0 }, 50],
    [{ num_predict: 20 }, 20],
    [{ num_predict: 90 }, 50],
  ])('turns %j into %i', (options, expected) => {
    const changed = chat.changeBody({ options }, { systemPrompts: [], maxOutputTokens: 50 }, target);
    expect(changed['options']).toMatchObject({ num_predict: expected });
  });
});

describe('thinking', () => {
  const think = (model: string, reasoning: Reasoning) => {
    const loss = createLossReport();
    const request = { model, stream: false, messages: [], tools: [], sampling: {}, output: {}, reasoning };
    const { body } = chat.codec!.encodeRequest(
      { ...request, cache: { automatic: true } },
      { model, issuer: 'x', rules: findRules(model) },
      loss,
    );
    return [body['think'], loss.entries.map(({ path }) => path)];
  };

  test.each<[string, Reasoning, unknown, string[]]>([
    ['gpt-oss:20b', { effort: 'medium' }, 'medium', []],
    ['gpt-oss:20b', { effort: 'minimal' }, 'low', ['reasoning.effort']],
    ['gpt-oss:20b', { mode: 'enabled', budget: 20_000 }, 'high', []],
    ['gpt-oss:20b', { mode: 'enabled' }, true, []],
    ['qwen3:8b', { mode: 'enabled' }, true, []],
    ['qwen3:8b', { effort: 'high' }, true, ['reasoning.effort']],
    ['qwen3:8b', { effort: 'none' }, false, []],
    ['deepseek-r1:70b', { mode: 'adaptive', effort: 'low' }, true, ['reasoning.effort']],
    // A model that cannot think refuses the switch; one that can thinks unasked.
    ['llama3.2', { mode: 'enabled' }, undefined, ['reasoning']],
    ['llama3.2', { mode: 'disabled' }, false, []],
    ['qwen3-coder:30b', { effort: 'low' }, undefined, ['reasoning']],
  ])('%s with %j', (model, reasoning, expected, losses) => {
    expect(think(model, reasoning)).toEqual([expected, losses]);
  });
});

describe('an answer', () => {
  const encode = (
    protocol: Protocol,
    events: readonly AnswerEvent[],
    times: readonly number[],
    client: ClientPlan = { model: 'any', stream: true, includeUsage: true, legacyFunctions: false },
  ) => {
    let tick = 0;
    const context: EncodeContext = {
      client,
      model: 'm',
      issuer: 'x',
      created: 1,
      began: 1000,
      now: () => times[Math.min(tick++, times.length - 1)]!,
      inputTokens: 5,
      newId: (prefix) => `${prefix}1`,
      loss: createLossReport(),
    };
    const encoder = protocol.codec!.createAnswerEncoder(context);
    for (const event of events) encoder.write(event);
    const lines = encoder.take().trim().split('\n');
    return { lines: lines.map((line) => JSON.parse(line) as JsonObject), loss: context.loss.entries };
  };
  const start: AnswerEvent = { type: 'answer-start', id: 'i', model: 'm-1' };
  const text: readonly AnswerEvent[] = [
    { type: 'text-start', id: 0 },
    { type: 'text-delta', id: 0, text: 'Hi' },
    { type: 'text-end', id: 0 },
  ];
  const end: AnswerEvent = { type: 'answer-end', finish: { reason: 'stop' } };

  test('says how long it took, in nanoseconds', () => {
    const { lines } = encode(chat, [start, ...text, end], [1250, 1900]);
    expect(lines.at(-1)).toMatchObject({
      done: true,
      total_duration: 900e6,
      prompt_eval_duration: 250e6,
      eval_duration: 650e6,
    });
  });

  test('of generate has no message', () => {
    const thought: readonly AnswerEvent[] = [
      { type: 'reasoning-start', id: 1 },
      { type: 'reasoning-delta', id: 1, text: 'Hm' },
      { type: 'reasoning-end', id: 1 },
    ];
    const { lines } = encode(generate, [start, ...thought, ...text, end], [1000]);
    const common = { model: 'm-1', created_at: '1970-01-01T00:00:01.000Z' };
    expect(lines).toEqual([
      { ...common, response: '', thinking: 'Hm', done: false },
      { ...common, response: 'Hi', done: false },
      { ...common, response: '', done: true, done_reason: 'stop' },
    ]);
  });

  test('shows no thinking to a client that switched it off', () => {
    const read = (think: boolean) =>
      chat.codec!.decodeRequest({ model: 'm', messages: [], think }, createLossReport()).client;
    expect(read(true).hidesReasoning).toBeUndefined();
    const thought: readonly AnswerEvent[] = [
      { type: 'reasoning-start', id: 1 },
      { type: 'reasoning-delta', id: 1, text: 'Hm' },
      { type: 'reasoning-end', id: 1 },
    ];
    const { lines } = encode(chat, [start, ...thought, ...text, end], [1000], read(false));
    expect(lines.map(({ message }) => message)).toEqual([
      { role: 'assistant', content: 'Hi' },
      { role: 'assistant', content: '' },
    ]);
  });

  test('holds a call until it is whole, and leaves out one that the limit cut off', () => {
    const call = (id: number, pieces: readonly string[]): AnswerEvent[] => [
      { type: 'tool-call-start', id, callId: `c${id}`, name: 'f' },
      ...pieces.map((piece) => ({ type: 'tool-call-delta', id, text: piece }) as const),
      { type: 'tool-call-end', id },
    ];
    const cut: AnswerEvent = { type: 'answer-end', finish: { reason: 'length' } };
    const { lines, loss } = encode(
      chat,
      [start, ...call(0, ['{"a"', ':1}']), ...call(1, ['{"a":"un']), cut],
      [1000],
    );
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      message: { tool_calls: [{ id: 'c0', function: { index: 0, name: 'f', arguments: { a: 1 } } }] },
    });
    expect(lines[1]).toMatchObject({ done: true, done_reason: 'length' });
    expect(loss.map(({ path }) => path)).toEqual(['answer.tool-call']);
  });
});

test('fractions where the server wants whole numbers are cut', () => {
  const options = { num_predict: 20.7, top_k: 4.2, seed: 1.9, temperature: 0.5 };
  const { request } = chat.codec!.decodeRequest({ model: 'm', messages: [], options }, createLossReport());
  expect(request).toMatchObject({
    output: { maxTokens: 20 },
    sampling: { topK: 4, seed: 1, temperature: 0.5 },
  });
  const seen = (limit: number) =>
    chat.peek.request(Buffer.from(JSON.stringify({ model: 'm', options: { num_predict: limit } })), {
      maxDepth: 9,
    }).maxOutputTokens;
  expect([seen(20.7), seen(0.7), seen(-1)]).toEqual([20, undefined, undefined]);
});

test.each([
  [{ messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] }, 'messages[0].content'],
  [{ messages: [{ role: 'user', content: 'x', images: [7] }] }, 'messages[0].images[0]'],
  [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
  [
    { messages: [{ role: 'assistant', tool_calls: [{ function: {} }] }] },
    'messages[0].tool_calls[0].function.name',
  ],
  [{ messages: [], format: 'yaml' }, 'format'],
  [{ messages: [], think: 'hard' }, 'think'],
  [{ messages: [], options: { stop: [1] } }, 'options.stop[0]'],
  [{ messages: [], options: { temperature: 'hot' } }, 'options.temperature'],
])('%j is refused by name', (body, param) => {
  const read = () => chat.codec!.decodeRequest({ model: 'm', ...body }, createLossReport());
  expect(failureOf(read)).toEqual({ code: 'invalid_body', param });
});
