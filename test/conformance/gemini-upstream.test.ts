// Clients of the other wires on an upstream that only speaks Google's: a tool loop with two parallel calls that come without
// ids and are refused without their signature, a picture, a schema, thinking, errors, a stream that breaks; streamed and
// whole.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { finalText } from '../support/agent-upstream.ts';
import { startRig, type Rig } from '../support/gateway.ts';
import { geminiAgent, geminiSignature } from '../support/gemini-agent.ts';
import { makeConnection, makeEndpoint, makeProvider } from '../support/routing.ts';
import { startUpstream, stream, type Upstream } from '../support/upstream.ts';
import { findRequestFaults } from '../support/wire-rules.ts';

const model = 'google/gemini-3-pro';
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const uri = `data:image/png;base64,${png}`;
const parameters = { type: 'object' as const, properties: { n: { type: 'integer' } }, required: ['n'] };
const schema = {
  type: 'object',
  properties: { a: { type: 'string' } },
  required: ['a'],
  additionalProperties: false,
};

let upstream: Upstream;
let rig: Rig;
let openai: OpenAI;
let anthropic: Anthropic;

beforeEach(async () => {
  upstream = await startUpstream(geminiAgent);
  const { baseUrl } = upstream;
  const endpoints = [makeEndpoint({ protocol: 'gemini', baseUrl, auth: 'x-goog-api-key' })];
  const connections = [makeConnection('google', { credential: { source: 'env', name: 'KEY' } })];
  rig = await startRig({ providers: [makeProvider('google', { endpoints, connections })] });
  openai = new OpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'any', baseURL: rig.server.url, maxRetries: 0 });
});

afterEach(async () => {
  await rig.close();
  await upstream.close();
});

interface Sent {
  readonly contents: readonly { readonly role: string; readonly parts: readonly Part[] }[];
  readonly [field: string]: unknown;
}

type Part = Readonly<Record<string, unknown>>;

function sent(): Sent[] {
  return upstream.calls.map(({ body }) => JSON.parse(body) as Sent);
}

/** Two sound requests; the second brings the calls back under the ids that the client saw, signed as they came, and both
 *  results by name. */
function expectLoop(ids: readonly string[]): void {
  const bodies = sent();
  expect(bodies).toHaveLength(2);
  for (const body of bodies) expect(findRequestFaults('gemini', body)).toEqual([]);
  const [first, second] = bodies as [Sent, Sent];
  expect(first).toMatchObject({ generationConfig: { thinkingConfig: { includeThoughts: true } } });
  expect(JSON.stringify(first.contents[0])).toContain(png);
  expect(new Set(ids).size).toBe(2);
  const [, turn, answered] = second.contents;
  const calls = turn!.parts.filter(({ functionCall }) => functionCall !== undefined);
  expect(calls).toEqual(
    ids.map((id, i) => ({
      functionCall: { id, name: 'bash', args: { n: i + 1 } },
      ...(i === 0 && { thoughtSignature: geminiSignature }),
    })),
  );
  expect(turn!.parts).toContainEqual({ text: 'Looking.' });
  expect(answered!.parts).toEqual(
    ids.map((id, i) => ({ functionResponse: { id, name: 'bash', response: { output: `ok ${i + 1}` } } })),
  );
}

describe('openai, Chat', () => {
  test.each([false, true])('a tool loop, streamed %s', async (streamed) => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: uri } },
        ],
      },
    ];
    const tools = [{ type: 'function' as const, function: { name: 'bash', parameters } }];
    const ask = async () => {
      const body = { model, messages, tools, reasoning_effort: 'high' as const };
      return streamed
        ? openai.chat.completions
            .stream({ ...body, stream_options: { include_usage: true } })
            .finalChatCompletion()
        : openai.chat.completions.create(body);
    };
    const first = await ask();
    const [choice] = first.choices;
    expect(choice!.finish_reason).toBe('tool_calls');
    expect(first.usage).toMatchObject({
      prompt_tokens: 40,
      completion_tokens: 12,
      prompt_tokens_details: { cached_tokens: 30 },
      completion_tokens_details: { reasoning_tokens: 5 },
    });
    if (!streamed) expect(choice!.message).toMatchObject({ reasoning_content: 'Run it twice.' });
    const ids = choice!.message.tool_calls!.map(({ id }) => id);
    messages.push(
      choice!.message,
      ...ids.map((id, i) => ({ role: 'tool' as const, tool_call_id: id, content: `ok ${i + 1}` })),
    );
    const second = await ask();
    expect(second.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: finalText } });
    expectLoop(ids);
  });

  test('a schema', async () => {
    const response_format = {
      type: 'json_schema' as const,
      json_schema: { name: 'a', strict: true, schema },
    };
    const messages = [{ role: 'user' as const, content: 'x' }];
    await openai.chat.completions.create({ model, messages, response_format });
    expect(sent()[0]).toMatchObject({
      generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema },
    });
  });

  test('errors keep the words of the server', async () => {
    upstream.play(({ response }) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      const error = {
        code: 400,
        message: 'Thinking level MINIMAL is not supported.',
        status: 'INVALID_ARGUMENT',
      };
      response.end(JSON.stringify({ error }));
    });
    const failed = openai.chat.completions.create({ model, messages: [{ role: 'user', content: 'x' }] });
    await expect(failed).rejects.toThrow('MINIMAL is not supported');
    await expect(failed).rejects.toMatchObject({ status: 400 });
  });

  test('a stream without its finish is an error, never a short answer', async () => {
    const half = { candidates: [{ content: { role: 'model', parts: [{ text: 'Hal' }] }, index: 0 }] };
    upstream.play(stream([`data: ${JSON.stringify(half)}\n\n`]));
    const running = openai.chat.completions.stream({ model, messages: [{ role: 'user', content: 'x' }] });
    await expect(running.finalChatCompletion()).rejects.toThrow();
  });
});

describe('openai, Responses', () => {
  test.each([false, true])('a tool loop, streamed %s', async (streamed) => {
    const input: OpenAI.Responses.ResponseInputItem[] = [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          { type: 'input_image', image_url: uri, detail: 'auto' },
        ],
      },
    ];
    const tools = [{ type: 'function' as const, name: 'bash', parameters, strict: false }];
    const ask = async () => {
      const body = { model, tools, input, store: false, reasoning: { effort: 'high' as const } };
      return streamed
        ? openai.responses.stream({ ...body, stream: true }).finalResponse()
        : openai.responses.create(body);
    };
    const first = await ask();
    // The proof stands where Google put it: behind the words, in front of the calls.
    expect(first.output.map(({ type }) => type)).toEqual([
      'reasoning',
      'message',
      'reasoning',
      'function_call',
      'function_call',
    ]);
    const ids = first.output.flatMap((item) => (item.type === 'function_call' ? [item.call_id] : []));
    input.push(
      ...(first.output as OpenAI.Responses.ResponseInputItem[]),
      ...ids.map((call_id, i) => ({
        type: 'function_call_output' as const,
        call_id,
        output: `ok ${i + 1}`,
      })),
    );
    const second = await ask();
    expect(second.output_text).toBe(finalText);
    expectLoop(ids);
  });
});

describe('@anthropic-ai/sdk', () => {
  test.each([false, true])('a tool loop, streamed %s', async (streamed) => {
    const messages: Anthropic.MessageParam[] = [
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
          { type: 'text', text: 'Look' },
        ],
      },
    ];
    const ask = async () => {
      const body = {
        model,
        max_tokens: 5000,
        messages,
        tools: [{ name: 'bash', input_schema: parameters }],
        thinking: { type: 'enabled' as const, budget_tokens: 2000 },
      };
      return streamed ? anthropic.messages.stream(body).finalMessage() : anthropic.messages.create(body);
    };
    const first = await ask();
    expect(first.stop_reason).toBe('tool_use');
    expect(first.content.map(({ type }) => type)).toEqual([
      'thinking',
      'text',
      'thinking',
      'tool_use',
      'tool_use',
    ]);
    expect(first.usage).toMatchObject({ input_tokens: 10, cache_read_input_tokens: 30, output_tokens: 12 });
    const ids = first.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
    messages.push(
      { role: 'assistant', content: first.content as Anthropic.ContentBlockParam[] },
      {
        role: 'user',
        content: ids.map((id, i) => ({
          type: 'tool_result' as const,
          tool_use_id: id,
          content: `ok ${i + 1}`,
        })),
      },
    );
    const second = await ask();
    expect(second.content.at(-1)).toMatchObject({ type: 'text', text: finalText });
    expectLoop(ids);
  });

  test('a schema', async () => {
    await anthropic.messages.create({
      model,
      max_tokens: 100,
      messages: [{ role: 'user', content: 'x' }],
      output_config: { format: { type: 'json_schema', schema } },
    });
    expect(sent()[0]).toMatchObject({
      generationConfig: { responseJsonSchema: schema, maxOutputTokens: 100 },
    });
  });
});
