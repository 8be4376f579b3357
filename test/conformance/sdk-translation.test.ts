// The vendors' own SDKs through a whole gateway, each against an upstream of its own wire and of the other one: text, a
// tool loop with two parallel calls, pictures, thinking over two turns, structured output, errors, abort, broken streams.
import Anthropic from '@anthropic-ai/sdk';
import Anthropic0 from 'anthropic-sdk-0';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agent, finalText } from '../support/agent-upstream.ts';
import { startRig } from '../support/gateway.ts';
import type { Rig } from '../support/gateway.ts';
import { createResponsesAgent } from '../support/responses-agent.ts';
import { makeEndpoint, makeProvider } from '../support/routing.ts';
import { fail, startUpstream, stream } from '../support/upstream.ts';
import type { Upstream } from '../support/upstream.ts';
import { findRequestFaults } from '../support/wire-rules.ts';

const kinds = [
  { upstream: 'openai-chat', model: 'chatty/gpt-5.2' },
  { upstream: 'openai-responses', model: 'responsive/gpt-5.2' },
  { upstream: 'anthropic-messages', model: 'claudish/claude-sonnet-4-5' },
] as const;
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const parameters = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } as const;
const schema = {
  type: 'object',
  properties: { a: { type: 'string' } },
  required: ['a'],
  additionalProperties: false,
} as const;

let upstream: Upstream;
let rig: Rig;
let openai: OpenAI;

beforeEach(async () => {
  const responsesAgent = createResponsesAgent({ issuer: 'responsive' });
  upstream = await startUpstream((call) =>
    call.path.endsWith('/responses') ? responsesAgent(call) : agent(call),
  );
  const { baseUrl } = upstream;
  rig = await startRig({
    providers: [
      makeProvider('chatty', { endpoints: [makeEndpoint({ baseUrl })] }),
      makeProvider('responsive', { endpoints: [makeEndpoint({ baseUrl, protocol: 'openai-responses' })] }),
      makeProvider('claudish', {
        endpoints: [
          makeEndpoint({
            baseUrl,
            protocol: 'anthropic-messages',
            auth: 'x-api-key',
            headers: { 'anthropic-version': '2023-06-01' },
          }),
        ],
      }),
    ],
  });
  openai = new OpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
});

afterEach(async () => {
  await rig.close();
  await upstream.close();
});

function bodies(): Record<string, unknown>[] {
  return upstream.calls.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
}

describe.each(kinds)('openai on $upstream', ({ upstream: wire, model }) => {
  const tools = [{ type: 'function' as const, function: { name: 'bash', parameters } }];

  test.each([false, true])('a tool loop with two parallel calls, streamed %s', async (streamed) => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
        ],
      },
    ];
    const body = { model, messages, tools, reasoning_effort: 'low' as const };
    const ask = async () => {
      const request = { ...body, messages };
      if (!streamed) return openai.chat.completions.create(request);
      return openai.chat.completions
        .stream({ ...request, stream_options: { include_usage: true } })
        .finalChatCompletion();
    };
    const first = await ask();
    const { message, finish_reason } = first.choices[0]!;
    expect(finish_reason).toBe('tool_calls');
    expect(message.content).toBe('Looking.');
    expect(message.tool_calls?.map((call) => 'function' in call && call.function.arguments)).toEqual([
      '{"n":1}',
      '{"n":2}',
    ]);
    expect(first.usage).toMatchObject({
      prompt_tokens: 40,
      completion_tokens: 12,
      prompt_tokens_details: { cached_tokens: 30 },
    });
    messages.push(
      message,
      ...message.tool_calls!.map(({ id }) => ({
        role: 'tool' as const,
        tool_call_id: id,
        content: `ok ${id}`,
      })),
    );
    const second = await ask();
    expect(second.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: finalText } });
    const sent = bodies();
    expect(JSON.stringify(sent[0])).toContain(png);
    expect(JSON.stringify(sent[1])).toMatch(/ok (call|toolu)_1.*ok (call|toolu)_2/);
    if (wire === 'anthropic-messages') {
      for (const one of sent) expect(findRequestFaults(wire, one)).toEqual([]);
      // The whole answer keeps reasoning_details; the helper for streams only knows OpenAI's own fields.
      if (!streamed) expect(JSON.stringify(sent[1])).toContain('"signature":"SIGNATURE-OF-ISSUER"');
      expect(upstream.calls[0]!.headers).toMatchObject({
        'x-api-key': 'secret-of-CLAUDISH_API_KEY',
        'anthropic-version': '2023-06-01',
      });
    }
  });

  test('structured output', async () => {
    const response_format = {
      type: 'json_schema' as const,
      json_schema: { name: 'a', strict: true, schema },
    };
    await openai.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'x' }],
      response_format,
    });
    const [sent] = bodies();
    if (wire === 'openai-chat') expect(sent).toMatchObject({ response_format });
    else if (wire === 'openai-responses')
      expect(sent).toMatchObject({
        text: { format: { type: 'json_schema', name: 'a', strict: true, schema } },
      });
    else expect(sent).toMatchObject({ output_config: { format: { type: 'json_schema', schema } } });
  });

  test('errors keep their class and their words', async () => {
    upstream.play(fail(400, 'prompt is too long: 9 > 8'));
    const long = openai.chat.completions.create({ model, messages: [{ role: 'user', content: 'x' }] });
    await expect(long).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      message: expect.stringContaining('prompt is too long: 9 > 8') as unknown,
    });
    upstream.play(fail(529, 'Overloaded'));
    await expect(openai.chat.completions.create({ model, messages: [] })).rejects.toMatchObject({
      status: 503,
    });
  });
});

describe.each([
  { sdk: '1.x', Sdk: Anthropic },
  { sdk: '0.x', Sdk: Anthropic0 as unknown as typeof Anthropic },
])('@anthropic-ai/sdk $sdk', ({ sdk, Sdk }) => {
  let anthropic: Anthropic;
  const tools = [{ name: 'bash', input_schema: { ...parameters, required: ['n'] } }];

  beforeEach(() => {
    anthropic = new Sdk({ apiKey: 'any', baseURL: rig.server.url, maxRetries: 0 });
  });

  describe.each(kinds)('on $upstream', ({ upstream: wire, model }) => {
    test.each([false, true])('a tool loop with two parallel calls, streamed %s', async (streamed) => {
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
          tools,
          thinking: { type: 'enabled' as const, budget_tokens: 2000 },
        };
        return streamed ? anthropic.messages.stream(body).finalMessage() : anthropic.messages.create(body);
      };
      const first = await ask();
      expect(first.stop_reason).toBe('tool_use');
      expect(first.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use']);
      expect(first.usage).toMatchObject({ input_tokens: 10, cache_read_input_tokens: 30, output_tokens: 12 });
      const uses = first.content.filter((block) => block.type === 'tool_use');
      expect(uses.map(({ input }) => input)).toEqual([{ n: 1 }, { n: 2 }]);
      messages.push(
        { role: 'assistant', content: first.content as Anthropic.ContentBlockParam[] },
        {
          role: 'user',
          content: uses.map(({ id }) => ({
            type: 'tool_result' as const,
            tool_use_id: id,
            content: `ok ${id}`,
          })),
        },
      );
      const second = await ask();
      expect(second.stop_reason).toBe('end_turn');
      expect(second.content.at(-1)).toMatchObject({ type: 'text', text: finalText });
      const sent = bodies();
      expect(JSON.stringify(sent[0])).toContain(png);
      expect(JSON.stringify(sent[1])).toMatch(/ok (call|toolu)_1.*ok (call|toolu)_2/);
      for (const one of sent)
        expect(findRequestFaults(wire, one).filter((fault) => !fault.includes('text block'))).toEqual([]);
      if (wire === 'openai-responses')
        expect(sent[1]!['input']).toContainEqual({
          type: 'reasoning',
          summary: [{ type: 'summary_text', text: 'Run it twice.' }],
          encrypted_content: 'PROOF-OF-responsive-1',
        });
      if (wire === 'anthropic-messages') {
        expect(JSON.stringify(sent[1])).toContain('"signature":"SIGNATURE-OF-ISSUER"');
        // Passed through, the body is written for the version that the SDK names.
        expect(upstream.calls[0]!.headers['anthropic-version']).toBe(
          sdk === '1.x' ? '2026-10-21' : '2023-06-01',
        );
      }
    });

    test('structured output', async () => {
      const output_config = { format: { type: 'json_schema' as const, schema } };
      await anthropic.messages.create({
        model,
        max_tokens: 100,
        messages: [{ role: 'user', content: 'x' }],
        output_config,
      });
      const [sent] = bodies();
      if (wire === 'anthropic-messages') expect(sent).toMatchObject({ output_config });
      else if (wire === 'openai-responses')
        expect(sent).toMatchObject({ text: { format: { type: 'json_schema', schema, strict: true } } });
      else
        expect(sent).toMatchObject({
          response_format: { type: 'json_schema', json_schema: { schema, strict: true } },
        });
    });

    test('errors keep their class and their words', async () => {
      const body = { model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'x' }] };
      upstream.play(fail(400, "messages: Unexpected role 'system'."));
      await expect(anthropic.messages.create(body)).rejects.toThrow("messages: Unexpected role 'system'.");
      upstream.play(fail(429, 'Slow down', { 'retry-after': '3' }));
      await expect(anthropic.messages.create(body)).rejects.toMatchObject({ status: 429 });
      upstream.play(fail(503, 'Overloaded'));
      await expect(anthropic.messages.create(body)).rejects.toMatchObject({ status: 529 });
    });

    test('a stream that breaks is an error, never a short answer', async () => {
      upstream.play(async (call) => {
        const whole = await record(wire);
        await stream([whole.slice(0, whole.length / 2)], 'cut')(call);
      });
      const body = { model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'x' }] };
      await expect(anthropic.messages.stream(body).finalMessage()).rejects.toThrow();
    });

    test('an abort of the client reaches the upstream', async () => {
      upstream.play(async (call) => {
        const whole = await record(wire);
        await stream([whole.slice(0, (whole.length * 3) / 4)], 'stall')(call);
      });
      const running = anthropic.messages.stream({
        model,
        max_tokens: 100,
        messages: [{ role: 'user', content: 'x' }],
      });
      await new Promise<void>((resolve) => running.once('text', () => resolve()));
      running.abort();
      await expect(running.finalMessage()).rejects.toThrow();
      await upstream.calls[0]!.gone;
    });
  });
});

/** The bytes of the agent's final stream. */
async function record(wire: (typeof kinds)[number]['upstream']): Promise<string> {
  let text = '';
  const path = wire === 'openai-chat' ? '/v1/chat/completions' : '/v1/messages';
  const response = { writeHead: () => response, end: (body: string) => void (text = body) };
  const play = wire === 'openai-responses' ? createResponsesAgent() : agent;
  await play({ path, body: '{"stream":true,"messages":[],"input":[]}', response } as unknown as Parameters<
    typeof agent
  >[0]);
  return text;
}
