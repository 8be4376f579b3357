// The clients of Ollama's wire through a whole gateway, on an upstream of every wire that this build speaks: text, a tool
// loop with two parallel calls, a picture, a schema, thinking; streamed and whole. CONFORMANCE_TABLE=1 prints what ran.
import { HumanMessage, ToolMessage, type BaseMessage } from '@langchain/core/messages';
import { ChatOllama } from '@langchain/ollama';
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool, type ModelMessage } from 'ai';
import { Ollama, type ChatRequest, type ChatResponse, type Message } from 'ollama';
import { createOllama } from 'ollama-ai-provider-v2';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agent, finalText } from '../support/agent-upstream.ts';
import { geminiAgent } from '../support/gemini-agent.ts';
import { startRig, type Rig } from '../support/gateway.ts';
import { ollamaAgent } from '../support/ollama-agent.ts';
import { createResponsesAgent } from '../support/responses-agent.ts';
import { makeConnection, makeEndpoint, makeProvider } from '../support/routing.ts';
import { startUpstream, type Script, type Upstream } from '../support/upstream.ts';
import { findRequestFaults } from '../support/wire-rules.ts';

const kinds = [
  { wire: 'openai-chat', model: 'gpt-5.2' },
  { wire: 'openai-responses', model: 'gpt-5.2' },
  { wire: 'anthropic-messages', model: 'claude-sonnet-4-5' },
  { wire: 'gemini', model: 'gemini-3-pro' },
  { wire: 'ollama', model: 'qwen3:8b' },
] as const;

type Wire = (typeof kinds)[number]['wire'];

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const parameters = {
  type: 'object' as const,
  properties: { n: { type: 'integer' as const } },
  required: ['n'],
};
const schema = {
  type: 'object' as const,
  properties: { a: { type: 'string' as const } },
  required: ['a'],
  additionalProperties: false,
};

let upstream: Upstream;
let rig: Rig;
const table = new Map<string, Map<string, string[]>>();

beforeEach(async () => {
  const responsesAgent = createResponsesAgent();
  const agents: Script = (call) => {
    if (call.path.includes('/api/')) return ollamaAgent(call);
    if (call.path.includes(':')) return geminiAgent(call);
    return call.path.endsWith('/responses') ? responsesAgent(call) : agent(call);
  };
  upstream = await startUpstream(agents);
  const { baseUrl } = upstream;
  rig = await startRig({
    providers: kinds.map(({ wire }) =>
      makeProvider(wire, {
        endpoints: [
          makeEndpoint({
            baseUrl: wire === 'ollama' ? new URL(baseUrl).origin : baseUrl,
            protocol: wire,
            ...(wire === 'gemini' && { auth: 'x-goog-api-key' as const }),
            ...(wire === 'anthropic-messages' && {
              auth: 'x-api-key' as const,
              headers: { 'anthropic-version': '2023-06-01' },
            }),
          }),
        ],
        connections: [makeConnection(wire, { credential: { source: 'env', name: 'KEY' } })],
      }),
    ),
  });
});

afterEach(async () => {
  await rig.close();
  await upstream.close();
});

afterAll(() => {
  if (!process.env['CONFORMANCE_TABLE']) return;
  console.table(
    Object.fromEntries(
      [...table].map(([client, row]) => [
        client,
        Object.fromEntries([...row].map(([wire, ran]) => [wire, ran.join(' ')])),
      ]),
    ),
  );
});

/** Notes for the table what has run to its end. */
function ran(client: string, wire: Wire, what: string): void {
  const row = table.get(client) ?? new Map<string, string[]>();
  table.set(client, row);
  row.set(wire, [...(row.get(wire) ?? []), what]);
}

function sent(): Record<string, unknown>[] {
  return upstream.calls.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
}

/** What the upstream was asked is a request of its wire; with `results` the second call brings both, in order. */
function expectAsked(wire: Wire, calls: number): void {
  const bodies = sent();
  expect(bodies).toHaveLength(calls);
  // On its own wire the bytes are the client's.
  if (wire !== 'ollama') for (const body of bodies) expect(findRequestFaults(wire, body)).toEqual([]);
  if (calls === 2) expect(upstream.calls[1]!.body).toMatch(/ok 1.*ok 2/);
}

/** The schema in the words of each wire. */
function schemaOf(wire: Wire, body: Record<string, unknown>): unknown {
  const at = {
    'openai-chat': ['response_format', 'json_schema', 'schema'],
    'openai-responses': ['text', 'format', 'schema'],
    'anthropic-messages': ['output_config', 'format', 'schema'],
    gemini: ['generationConfig', 'responseJsonSchema'],
    ollama: ['format'],
  }[wire];
  return at.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], body);
}

/** Responses shows reasoning only as summaries, which the agent writes as well. */
const thoughts = /Run it twice\.|All there\./;

describe.each(kinds)('on $wire', ({ wire, model: id }) => {
  const model = `${wire}/${id}`;

  describe('ollama', () => {
    const tools = [{ type: 'function', function: { name: 'bash', description: 'Runs', parameters } }];
    const client = (): Ollama => new Ollama({ host: rig.server.url });

    /** The answer put together, with the last line's counts. */
    async function ask(
      request: ChatRequest,
      streamed: boolean,
    ): Promise<ChatResponse & { message: Message }> {
      if (!streamed) return client().chat({ ...request, stream: false });
      const lines: ChatResponse[] = [];
      for await (const line of await client().chat({ ...request, stream: true })) lines.push(line);
      const calls = lines.flatMap(({ message }) => message.tool_calls ?? []);
      const join = (name: 'content' | 'thinking') => lines.map(({ message }) => message[name] ?? '').join('');
      return {
        ...lines.at(-1)!,
        message: {
          role: 'assistant',
          content: join('content'),
          thinking: join('thinking'),
          ...(calls.length > 0 && { tool_calls: calls }),
        },
      };
    }

    test.each([true, false])('text with counts and durations, streamed %s', async (streamed) => {
      const answer = await ask({ model, messages: [{ role: 'user', content: 'Hi' }] }, streamed);
      expect(answer).toMatchObject({
        done: true,
        done_reason: 'stop',
        prompt_eval_count: 40,
        eval_count: 12,
        total_duration: expect.any(Number) as unknown,
      });
      expect(answer.message.content).toBe(finalText);
      expectAsked(wire, 1);
      ran('ollama', wire, streamed ? 'text(s)' : 'text');
    });

    test.each([true, false])('a tool loop without ids, with thinking, streamed %s', async (streamed) => {
      const messages: Message[] = [{ role: 'user', content: 'Look', images: [png] }];
      const request = { model, messages, tools, think: true };
      const first = await ask(request, streamed);
      expect(first.message.content).toBe('Looking.');
      expect(first.message.thinking).toBe('Run it twice.');
      const calls = first.message.tool_calls!;
      expect(calls.map((call) => call.function.arguments)).toEqual([{ n: 1 }, { n: 2 }]);
      // As the documentation of the client does it: the message back, results by name, nothing of ids.
      const bare = calls.map(({ function: { name, arguments: args } }) => ({
        function: { name, arguments: args },
      }));
      messages.push({ ...first.message, tool_calls: bare });
      for (const n of [1, 2]) messages.push({ role: 'tool', tool_name: 'bash', content: `ok ${n}` });
      const second = await ask(request, streamed);
      expect(second.message).toMatchObject({ content: finalText, thinking: 'All there.' });
      expectAsked(wire, 2);
      expect(upstream.calls[0]!.body).toContain(png);
      ran('ollama', wire, streamed ? 'tools+image+thinking(s)' : 'tools+image+thinking');
    });

    test('a schema, and plain JSON', async () => {
      const messages = [{ role: 'user', content: 'x' }];
      await ask({ model, messages, format: schema }, false);
      await ask({ model, messages, format: 'json' }, false);
      expect(schemaOf(wire, sent()[0]!)).toEqual(schema);
      for (const body of sent()) expect(findRequestFaults(wire, body)).toEqual([]);
      ran('ollama', wire, 'schema');
    });

    test.each([true, false])('generate, streamed %s', async (streamed) => {
      const request = { model, prompt: 'Why?', system: 'Be terse.', think: true, images: [png] };
      let text = '';
      let thinking = '';
      if (streamed) {
        for await (const line of await client().generate({ ...request, stream: true })) {
          text += line.response;
          thinking += line.thinking ?? '';
        }
      } else {
        const answer = await client().generate({ ...request, stream: false });
        text = answer.response ?? '';
        thinking = answer.thinking ?? '';
      }
      expect([text, thinking]).toEqual([finalText, 'All there.']);
      expect(upstream.calls[0]!.body).toContain(png);
      expect(upstream.calls[0]!.body).toContain('Be terse.');
      if (wire !== 'ollama') expectAsked(wire, 1);
      ran('ollama', wire, streamed ? 'generate(s)' : 'generate');
    });

    test('errors are words, with the status of the upstream', async () => {
      upstream.play(({ response }) => {
        response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '3' });
        response.end('{"error":{"message":"Slow down"}}');
      });
      const failed = client().chat({ model, messages: [{ role: 'user', content: 'x' }] });
      await expect(failed).rejects.toMatchObject({ status_code: 429, error: 'Slow down' });
      ran('ollama', wire, 'errors');
    });
  });

  describe('LangChain', () => {
    const chat = (more: object = {}): ChatOllama =>
      new ChatOllama({ baseUrl: rig.server.url, model, maxRetries: 0, ...more });
    const tools = [{ name: 'bash', description: 'Runs', schema: parameters }];

    test.each([true, false])('a tool loop with a picture, streamed %s', async (streamed) => {
      const bound = chat().bindTools(tools);
      const ask = async (messages: BaseMessage[]) => {
        if (!streamed) return bound.invoke(messages);
        const chunks = await Array.fromAsync(await bound.stream(messages));
        return chunks.reduce((whole, chunk) => whole.concat(chunk));
      };
      const messages: BaseMessage[] = [
        new HumanMessage({
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image_url', image_url: `data:image/png;base64,${png}` },
          ],
        }),
      ];
      const first = await ask(messages);
      expect(first.text).toBe('Looking.');
      expect(first.tool_calls?.map(({ name, args }) => [name, args])).toEqual([
        ['bash', { n: 1 }],
        ['bash', { n: 2 }],
      ]);
      expect(first.usage_metadata).toMatchObject({ input_tokens: 40, output_tokens: 12 });
      messages.push(
        first,
        ...first.tool_calls!.map(
          ({ id }, i) => new ToolMessage({ content: `ok ${i + 1}`, tool_call_id: id! }),
        ),
      );
      const second = await ask(messages);
      expect(second.text).toBe(finalText);
      expectAsked(wire, 2);
      expect(upstream.calls[0]!.body).toContain(png);
      ran('LangChain', wire, streamed ? 'text+tools+image(s)' : 'text+tools+image');
    });

    test('a schema', async () => {
      const structured = chat().withStructuredOutput(schema, { method: 'jsonSchema', includeRaw: true });
      await structured.invoke('x');
      expect(schemaOf(wire, sent()[0]!)).toEqual(schema);
      ran('LangChain', wire, 'schema');
    });

    test('thinking', async () => {
      const answer = await chat({ think: true }).invoke('Why?');
      expect(answer.additional_kwargs['reasoning_content']).toMatch(thoughts);
      ran('LangChain', wire, 'thinking');
    });
  });

  describe('AI SDK', () => {
    const chosen = () => createOllama({ baseURL: `${rig.server.url}/api` })(model);
    const tools = {
      bash: tool({
        description: 'Runs it',
        inputSchema: jsonSchema<{ n: number }>(parameters),
        execute: ({ n }) => Promise.resolve(`ok ${n}`),
      }),
    };
    const messages: ModelMessage[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'file', mediaType: 'image/png', data: png },
        ],
      },
    ];
    const common = {
      messages,
      tools,
      maxRetries: 0,
      stopWhen: stepCountIs(3),
      providerOptions: { ollama: { think: true } },
    };

    test.each([true, false])('a tool loop with a picture and thinking, streamed %s', async (streamed) => {
      const result = streamed
        ? streamText({ ...common, model: chosen() })
        : await generateText({ ...common, model: chosen() });
      const steps = await result.steps;
      expect(steps).toHaveLength(2);
      expect(steps[0]!.toolCalls.map(({ input }) => input)).toEqual([{ n: 1 }, { n: 2 }]);
      expect(steps.map(({ text }) => text)).toEqual(['Looking.', finalText]);
      expect(steps.map(({ reasoningText }) => reasoningText)).toEqual(['Run it twice.', 'All there.']);
      expect(steps[0]!.usage).toMatchObject({ inputTokens: 40, outputTokens: 12 });
      expectAsked(wire, 2);
      expect(upstream.calls[0]!.body).toContain(png);
      ran('AI SDK', wire, streamed ? 'text+tools+image+thinking(s)' : 'text+tools+image+thinking');
    });

    test('a schema', async () => {
      const output = Output.object({ schema: jsonSchema<{ a: string }>(schema) });
      // The agent answers in prose: what counts here is how it was asked.
      await generateText({ model: chosen(), prompt: 'x', output, maxRetries: 0 }).catch(() => undefined);
      expect(schemaOf(wire, sent()[0]!)).toMatchObject(schema);
      ran('AI SDK', wire, 'schema');
    });
  });
});
