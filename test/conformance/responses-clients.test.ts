// Clients of the Responses wire through a whole gateway, on upstreams that speak it themselves, Chat and Messages: a tool
// loop with two parallel calls, in every way in which they carry the conversation on, with as many calls upstream as the
// client made, and with proofs of reasoning that return to their issuer and to nobody else.
import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage, ToolMessage, type AIMessage, type BaseMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agent } from '../support/agent-upstream.ts';
import { startRig, type Rig } from '../support/gateway.ts';
import { createResponsesAgent, finalText } from '../support/responses-agent.ts';
import { makeConnection, makeEndpoint, makeProvider } from '../support/routing.ts';
import { fail, startUpstream, type Script, type Upstream } from '../support/upstream.ts';
import { findRequestFaults } from '../support/wire-rules.ts';

// Clients decide by the name what a model can do: these look like models that reason.
const kinds = [
  { wire: 'openai-responses', model: 'gpt-5-native' },
  { wire: 'openai-chat', model: 'gpt-5-on-chat' },
  { wire: 'anthropic-messages', model: 'gpt-5-on-messages' },
] as const;

type Wire = (typeof kinds)[number]['wire'];

const parameters = {
  type: 'object' as const,
  properties: { n: { type: 'integer' as const } },
  required: ['n'],
  additionalProperties: false,
};

let play: Script;
let upstream: Upstream;
let rig: Rig;

beforeEach(async () => {
  const responsesAgent = createResponsesAgent();
  play = (call) => {
    // No counter of its own, so that the gateway counts.
    if (call.path.endsWith('_tokens')) return fail(404)(call);
    return call.path.includes('/responses') ? responsesAgent(call) : agent(call);
  };
  upstream = await startUpstream(play);
  const { baseUrl } = upstream;
  const aliases = kinds.map(({ wire, model }) => ({
    name: model,
    target: { kind: 'model' as const, provider: wire, model: upstreamModel(wire), weight: 1 },
  }));
  rig = await startRig({
    aliases,
    providers: kinds.map(({ wire }) =>
      makeProvider(wire, {
        endpoints: [
          makeEndpoint({
            baseUrl,
            protocol: wire,
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

function upstreamModel(wire: Wire): string {
  return wire === 'anthropic-messages' ? 'claude-sonnet-4-5' : 'gpt-5.2';
}

function sent(): Record<string, unknown>[] {
  return upstream.calls.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
}

/** Two calls upstream, the second with both results; proofs only where they come from; nothing of ours anywhere. */
function expectLoop(wire: Wire, proofs: boolean): void {
  const bodies = sent();
  expect(bodies).toHaveLength(2);
  const [first, second] = upstream.calls.map(({ body }) => body) as [string, string];
  expect(second).toMatch(/ok (call|toolu)_1.*ok (call|toolu)_2/);
  for (const text of [first, second]) {
    expect(text).not.toContain('b21uaXJvdXRlLXNlYWw6');
    if (wire !== 'openai-responses') expect(text).not.toContain('item_reference');
  }
  if (wire === 'anthropic-messages') {
    for (const body of bodies) expect(findRequestFaults(wire, body)).toEqual([]);
    if (proofs) expect(second).toContain('"signature":"SIGNATURE-OF-ISSUER"');
  } else expect(second).not.toContain('SIGNATURE-OF-ISSUER');
  if (wire !== 'openai-responses') expect(second).not.toContain('PROOF-OF');
  else if (proofs) expect(second).toContain('"PROOF-OF-openai-1"');
}

describe.each(kinds)('on $wire', ({ wire, model }) => {
  describe('openai', () => {
    const tools = [{ type: 'function' as const, name: 'bash', parameters, strict: true }];
    const include = ['reasoning.encrypted_content' as const];
    let openai: OpenAI;

    beforeEach(() => {
      openai = new OpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
    });

    async function ask(body: OpenAI.Responses.ResponseCreateParamsNonStreaming, streamed: boolean) {
      return streamed
        ? openai.responses.stream({ ...body, stream: true }).finalResponse()
        : openai.responses.create(body);
    }

    function resultsOf(response: OpenAI.Responses.Response): OpenAI.Responses.ResponseInputItem[] {
      const calls = response.output.filter((item) => item.type === 'function_call');
      expect(calls.map((call) => [call.name, call.arguments])).toEqual([
        ['bash', '{"n":1}'],
        ['bash', '{"n":2}'],
      ]);
      return calls.map(({ call_id }) => ({
        type: 'function_call_output',
        call_id,
        output: `ok ${call_id}`,
      }));
    }

    test.each([false, true])('the whole conversation each time, streamed %s', async (streamed) => {
      const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'Look' }];
      const body = { model, tools, include, store: false, reasoning: { effort: 'low' as const } };
      const first = await ask({ ...body, input }, streamed);
      expect(first.status).toBe('completed');
      expect(first.output.map(({ type }) => type)).toEqual([
        'reasoning',
        'message',
        'function_call',
        'function_call',
      ]);
      expect(first.output_text).toBe('Looking.');
      expect(first.usage).toMatchObject({
        input_tokens: 40,
        output_tokens: 12,
        total_tokens: 52,
        input_tokens_details: { cached_tokens: 30 },
      });
      input.push(...(first.output as OpenAI.Responses.ResponseInputItem[]), ...resultsOf(first));
      const second = await ask({ ...body, input }, streamed);
      expect(second.output_text).toBe(finalText);
      expectLoop(wire, true);
      expect([first, second]).toMatchObject([{ store: false }, { store: false }]);
      expect(rig.server.gateway.responses.count).toBe(0);
    });

    test('a failing upstream is not asked once more for each repeat of the client', async () => {
      upstream.play(fail(500));
      const stubborn = new OpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1`, maxRetries: 1 });
      await expect(stubborn.responses.create({ model, input: 'Look' })).rejects.toMatchObject({
        status: 503,
      });
      expect(rig.rows.map(({ status }) => status)).toEqual([500, 503]);
      expect(upstream.calls).toHaveLength(1);
    });

    test('a stream that breaks is an error, and is neither kept nor asked for again', async () => {
      const whole = await openai.responses.create({ model, input: 'Look', store: false });
      expect(whole.status).toBe('completed');
      upstream.play(async (call) => {
        const { response } = call;
        const write = response.end.bind(response);
        // Half of what the agent says, then a cut.
        response.end = ((text: string) => {
          response.write(text.slice(0, text.length / 2), () => call.socket.destroy());
          return response;
        }) as typeof write;
        await play(call);
      });
      const stubborn = new OpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1`, maxRetries: 2 });
      await expect(stubborn.responses.stream({ model, input: 'Look' }).finalResponse()).rejects.toThrow();
      expect(upstream.calls).toHaveLength(2);
      expect(rig.server.gateway.responses.count).toBe(0);
    });

    test.each([false, true])('previous_response_id, streamed %s', async (streamed) => {
      const body = { model, tools, reasoning: { effort: 'low' as const } };
      const first = await ask({ ...body, input: 'Look' }, streamed);
      const results = resultsOf(first);
      const second = await ask({ ...body, previous_response_id: first.id, input: results }, streamed);
      expect(second.output_text).toBe(finalText);
      expect([first, second]).toMatchObject([
        { store: true, previous_response_id: null },
        { store: true, previous_response_id: first.id },
      ]);
      // The upstream that keeps its answers needs no more than the id.
      expectLoop(wire, wire !== 'openai-responses');
      const kept = await openai.responses.retrieve(second.id);
      expect(kept).toMatchObject({ id: second.id, previous_response_id: first.id });
      expect(kept.output.map(({ id }) => id)).toEqual(second.output.map(({ id }) => id));
      expect(kept.output_text).toBe(finalText);
      const items = [];
      for await (const item of openai.responses.inputItems.list(second.id, { order: 'asc', limit: 3 })) {
        items.push(item.type);
      }
      expect(items).toEqual([
        'message',
        'reasoning',
        'message',
        'function_call',
        'function_call',
        'function_call_output',
        'function_call_output',
      ]);
      await expect(openai.responses.cancel(second.id)).rejects.toMatchObject({ status: 400 });
      await openai.responses.delete(first.id);
      await expect(openai.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
    });
  });

  describe('AI SDK', () => {
    const tools = {
      bash: tool({
        description: 'Runs it',
        inputSchema: jsonSchema<{ n: number }>(parameters),
        execute: (_input, { toolCallId }) => Promise.resolve(`ok ${toolCallId}`),
      }),
    };

    function makeSettings(store: boolean) {
      const openai = createOpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1` });
      const options = {
        store,
        reasoningEffort: 'low',
        ...(!store && { include: ['reasoning.encrypted_content' as const] }),
      };
      return {
        model: openai.responses(model),
        prompt: 'Look',
        tools,
        stopWhen: stepCountIs(5),
        maxRetries: 0,
        providerOptions: { openai: options },
      };
    }

    describe.each([false, true])('store %s', (store) => {
      test('generateText', async () => {
        const { text, steps } = await generateText(makeSettings(store));
        expect(text).toBe(finalText);
        expect(steps[0]!.toolCalls.map(({ input }) => input)).toEqual([{ n: 1 }, { n: 2 }]);
        expectLoop(wire, !store || wire !== 'openai-responses');
      });

      test('streamText', async () => {
        const failures: unknown[] = [];
        const run = streamText({ ...makeSettings(store), onError: ({ error }) => void failures.push(error) });
        const parts: string[] = [];
        for await (const part of run.fullStream) parts.push(part.type);
        expect(failures).toEqual([]);
        expect(await run.text).toBe(finalText);
        expect(parts.filter((type) => type === 'tool-call')).toHaveLength(2);
        expect(parts).toContain('reasoning-delta');
        expectLoop(wire, !store || wire !== 'openai-responses');
      });
    });
  });

  describe('LangChain', () => {
    function makeModel(store: boolean) {
      const chat = new ChatOpenAI({
        model,
        apiKey: 'any',
        useResponsesApi: true,
        maxRetries: 0,
        configuration: { baseURL: `${rig.server.url}/v1` },
        reasoning: { effort: 'low' },
        ...(!store && { zdrEnabled: true }),
      });
      return chat.bindTools([
        { type: 'function', function: { name: 'bash', description: 'Runs it', parameters } },
      ]);
    }

    function answer({ tool_calls: calls = [] }: AIMessage): ToolMessage[] {
      expect(calls.map(({ name, args }) => [name, args])).toEqual([
        ['bash', { n: 1 }],
        ['bash', { n: 2 }],
      ]);
      return calls.map(({ id }) => new ToolMessage({ tool_call_id: id!, content: `ok ${id}` }));
    }

    describe.each([false, true])('store %s', (store) => {
      test('invoke', async () => {
        const chat = makeModel(store);
        const messages: BaseMessage[] = [new HumanMessage('Look')];
        const first = await chat.invoke(messages);
        messages.push(first, ...answer(first));
        const second = await chat.invoke(messages);
        expect(second.text).toBe(finalText);
        expect(first.usage_metadata).toMatchObject({ input_tokens: 40, output_tokens: 12 });
        expectLoop(wire, !store);
      });

      test('stream', async () => {
        const chat = makeModel(store);
        const messages: BaseMessage[] = [new HumanMessage('Look')];
        const first = await collect(chat, messages);
        messages.push(first, ...answer(first));
        const second = await collect(chat, messages);
        expect(second.text).toBe(finalText);
        expectLoop(wire, !store);
      });
    });

    async function collect(chat: ReturnType<typeof makeModel>, messages: BaseMessage[]) {
      let whole;
      for await (const chunk of await chat.stream(messages)) whole = whole ? whole.concat(chunk) : chunk;
      return whole!;
    }
  });
});

test('what previous_response_id stands for is counted, too', async () => {
  const openai = new OpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
  const [, { model }] = kinds;
  const { id } = await openai.responses.create({ model, input: 'Look' });
  const short = await openai.responses.inputTokens.count({ model, input: 'And?' });
  const long = await openai.responses.inputTokens.count({ model, input: 'And?', previous_response_id: id });
  expect(long.input_tokens).toBeGreaterThan(short.input_tokens + 10);
});
