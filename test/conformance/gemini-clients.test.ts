// The clients of Google's wire through a whole gateway, on an upstream of every wire that this build speaks: text, a tool
// loop with two parallel calls, a picture, a schema, thinking, errors; streamed and whole. CONFORMANCE_TABLE=1 prints
// what ran.
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { GoogleGenAI, type Content, type GenerateContentResponse, type Part } from '@google/genai';
import { HumanMessage, ToolMessage, type BaseMessage } from '@langchain/core/messages';
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool, type ModelMessage } from 'ai';
import { GoogleGenAI as GoogleGenAI1 } from 'google-genai-1';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { finalText } from '../support/agent-upstream.ts';
import { kinds, schemaOf, startEveryWire, type EveryWire, type Wire } from '../support/every-wire.ts';
import { findRequestFaults } from '../support/wire-rules.ts';

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

let every: EveryWire;
const table = new Map<string, Map<string, string[]>>();

beforeEach(async () => {
  every = await startEveryWire();
});
afterEach(() => every.close());
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

/** What the upstream was asked is a request of its wire; the second call brings both results, in order. */
function expectAsked(wire: Wire, calls: number): void {
  const bodies = every.upstream.calls.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  expect(bodies).toHaveLength(calls);
  // On its own wire the bytes are the client's.
  if (wire !== 'gemini') for (const body of bodies) expect(findRequestFaults(wire, body)).toEqual([]);
  if (calls === 2) expect(every.upstream.calls[1]!.body).toMatch(/ok 1.*ok 2/);
}

const generations = [
  {
    name: '@google/genai 3',
    create: (url: string) => new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: url } }),
  },
  {
    name: '@google/genai 1',
    // The two generations have one shape as far as these tests go.
    create: (url: string) =>
      new GoogleGenAI1({ apiKey: 'x', httpOptions: { baseUrl: url } }) as object as GoogleGenAI,
  },
];

describe.each(kinds)('on $wire', ({ wire, model: id }) => {
  const model = `${wire}/${id}`;

  describe.each(generations)('$name', ({ name, create }) => {
    const config = {
      tools: [
        { functionDeclarations: [{ name: 'bash', description: 'Runs', parametersJsonSchema: parameters }] },
      ],
      thinkingConfig: { includeThoughts: true },
    };

    async function ask(
      contents: Content[],
      streamed: boolean,
      more: object = config,
    ): Promise<{ readonly parts: Part[]; readonly last: GenerateContentResponse }> {
      const { models } = create(every.rig.server.url);
      const request = { model, contents, config: more };
      const chunks = streamed
        ? await Array.fromAsync(await models.generateContentStream(request))
        : [await models.generateContent(request)];
      return {
        parts: chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []),
        last: chunks.at(-1)!,
      };
    }

    const textOf = (parts: readonly Part[], thought: boolean): string =>
      parts
        .filter((part) => (part.thought === true) === thought)
        .map(({ text }) => text ?? '')
        .join('');

    test.each([true, false])('text with counts, streamed %s', async (streamed) => {
      const { parts, last } = await ask([{ role: 'user', parts: [{ text: 'Hi' }] }], streamed, {});
      expect(textOf(parts, false)).toBe(finalText);
      expect(last.candidates?.[0]?.finishReason).toBe('STOP');
      const usage = last.usageMetadata!;
      expect(usage.promptTokenCount).toBe(40);
      expect((usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0)).toBe(12);
      expectAsked(wire, 1);
      ran(name, wire, streamed ? 'text(s)' : 'text');
    });

    test.each([true, false])('a tool loop with thinking and a picture, streamed %s', async (streamed) => {
      const asked: Content = {
        role: 'user',
        parts: [{ text: 'Look' }, { inlineData: { mimeType: 'image/png', data: png } }],
      };
      const first = await ask([asked], streamed);
      expect(textOf(first.parts, false)).toBe('Looking.');
      expect(textOf(first.parts, true)).toBe('Run it twice.');
      const calls = first.parts.flatMap(({ functionCall }) => functionCall ?? []);
      expect(calls.map(({ args }) => args)).toEqual([{ n: 1 }, { n: 2 }]);
      const results = calls.map(({ id: callId, name: called }, i) => ({
        functionResponse: {
          ...(callId !== undefined && { id: callId }),
          name: called ?? '',
          response: { output: `ok ${i + 1}` },
        },
      }));
      // As Gemini CLI does: thoughts are left out, signatures come back.
      const said = first.parts.filter(({ thought, text }) => thought !== true && text !== '');
      const second = await ask(
        [asked, { role: 'model', parts: said }, { role: 'user', parts: results }],
        streamed,
      );
      expect(textOf(second.parts, false)).toBe(finalText);
      expectAsked(wire, 2);
      expect(every.upstream.calls[0]!.body).toContain(png);
      ran(name, wire, streamed ? 'tools+image+thinking(s)' : 'tools+image+thinking');
    });

    test('a schema', async () => {
      const contents = [{ role: 'user', parts: [{ text: 'x' }] }];
      await ask(contents, false, { responseMimeType: 'application/json', responseJsonSchema: schema });
      expect(schemaOf(wire, every.upstream.calls[0]!.body)).toMatchObject(schema);
      ran(name, wire, 'schema');
    });

    test('errors are Google’s own', async () => {
      every.upstream.play(({ response }) => {
        response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '3' });
        response.end('{"error":{"message":"Slow down"}}');
      });
      const failed = await ask([{ role: 'user', parts: [{ text: 'x' }] }], false, {}).catch(
        (error: unknown) => error as { status: number; message: string },
      );
      expect(failed).toMatchObject({ status: 429 });
      const { message } = failed as { message: string };
      expect(JSON.parse(message.slice(message.indexOf('{')))).toMatchObject({
        error: {
          code: 429,
          message: 'Slow down',
          status: 'RESOURCE_EXHAUSTED',
          details: [{}, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '3s' }],
        },
      });
      ran(name, wire, 'errors');
    });
  });

  describe('LangChain', () => {
    const chat = (more: object = {}): ChatGoogleGenerativeAI =>
      new ChatGoogleGenerativeAI({
        baseUrl: every.rig.server.url,
        apiKey: 'x',
        model: `gemini-3-on-${wire}`,
        maxRetries: 0,
        ...more,
      });
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
      expect(first.usage_metadata).toMatchObject({ input_tokens: 40 });
      messages.push(
        first,
        ...first.tool_calls!.map(
          ({ id: callId, name }, i) =>
            new ToolMessage({ content: `ok ${i + 1}`, tool_call_id: callId!, name }),
        ),
      );
      const second = await ask(messages);
      expect(second.text).toBe(finalText);
      expectAsked(wire, 2);
      expect(every.upstream.calls[0]!.body).toContain(png);
      ran('LangChain', wire, streamed ? 'text+tools+image(s)' : 'text+tools+image');
    });

    test('a schema', async () => {
      const structured = chat().withStructuredOutput(schema, { method: 'jsonSchema', includeRaw: true });
      await structured.invoke('x');
      expect(schemaOf(wire, every.upstream.calls[0]!.body) ?? everySchema()).toMatchObject({
        properties: schema.properties,
      });
      ran('LangChain', wire, 'schema');
    });

    test('thinking is asked for', async () => {
      const answer = await chat({ thinkingConfig: { thinkingBudget: 8192, includeThoughts: true } }).invoke(
        'Why?',
      );
      expect(answer.text).toBe(finalText);
      expect(every.upstream.calls[0]!.body).toMatch(
        /"(reasoning|reasoning_effort|thinking|thinkingConfig|think)"/,
      );
      ran('LangChain', wire, 'thinking');
    });
  });

  describe('AI SDK', () => {
    const chosen = () =>
      createGoogleGenerativeAI({ baseURL: `${every.rig.server.url}/v1beta`, apiKey: 'x' })(model);
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
      providerOptions: { google: { thinkingConfig: { includeThoughts: true } } },
    };

    test.each([true, false])('a tool loop with a picture and thinking, streamed %s', async (streamed) => {
      const result = streamed
        ? streamText({ ...common, model: chosen() })
        : await generateText({ ...common, model: chosen() });
      const steps = await result.steps;
      expect(steps).toHaveLength(2);
      expect(steps[0]!.toolCalls.map(({ input }) => input)).toEqual([{ n: 1 }, { n: 2 }]);
      expect(steps.map(({ text }) => text)).toEqual(['Looking.', finalText]);
      expect(steps[0]!.reasoningText).toBe('Run it twice.');
      expect(steps[0]!.usage).toMatchObject({ inputTokens: 40, outputTokens: 12 });
      expectAsked(wire, 2);
      expect(every.upstream.calls[0]!.body).toContain(png);
      ran('AI SDK', wire, streamed ? 'text+tools+image+thinking(s)' : 'text+tools+image+thinking');
    });

    test('a schema', async () => {
      const output = Output.object({ schema: jsonSchema<{ a: string }>(schema) });
      // The agent answers in prose: what counts here is how it was asked.
      await generateText({ model: chosen(), prompt: 'x', output, maxRetries: 0 }).catch(() => undefined);
      expect(schemaOf(wire, every.upstream.calls[0]!.body) ?? everySchema()).toMatchObject({
        properties: schema.properties,
      });
      ran('AI SDK', wire, 'schema');
    });

    test('errors keep their words and their status', async () => {
      every.upstream.play(({ response }) => {
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end('{"error":{"message":"Not like this"}}');
      });
      const failed = generateText({ model: chosen(), prompt: 'x', maxRetries: 0 });
      await expect(failed).rejects.toMatchObject({ message: 'Not like this', statusCode: 400 });
      ran('AI SDK', wire, 'errors');
    });
  });
});

/** On Google's own wire clients keep their older dialect. */
function everySchema(): unknown {
  const body = JSON.parse(every.upstream.calls[0]!.body) as {
    readonly generationConfig?: { readonly responseSchema?: unknown };
  };
  return body.generationConfig?.responseSchema;
}
