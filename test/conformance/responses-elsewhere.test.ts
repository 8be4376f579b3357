// The `openai` SDK's Responses client on upstreams of Google's and Ollama's wires: a tool loop with two parallel calls,
// streamed and whole, carried on by the whole conversation. Upstreams nearer to it: responses-clients.test.ts.
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { geminiAgent, geminiSignature } from '../support/gemini-agent.ts';
import { startRig, type Rig } from '../support/gateway.ts';
import { ollamaAgent } from '../support/ollama-agent.ts';
import { makeEndpoint, makeProvider } from '../support/routing.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { findRequestFaults } from '../support/wire-rules.ts';

const kinds = [
  { wire: 'gemini', model: 'gemini/gemini-3-pro', auth: 'x-goog-api-key' },
  { wire: 'ollama', model: 'ollama/qwen3:8b', auth: 'bearer' },
] as const;

let upstream: Upstream;
let rig: Rig;
let openai: OpenAI;

beforeEach(async () => {
  upstream = await startUpstream((call) => (call.path.includes(':') ? geminiAgent(call) : ollamaAgent(call)));
  const { baseUrl } = upstream;
  rig = await startRig({
    providers: kinds.map(({ wire, auth }) =>
      makeProvider(wire, { endpoints: [makeEndpoint({ baseUrl, protocol: wire, auth })] }),
    ),
  });
  openai = new OpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
});

afterEach(async () => {
  await rig.close();
  await upstream.close();
});

const tools = [
  {
    type: 'function' as const,
    name: 'bash',
    strict: true,
    parameters: {
      type: 'object' as const,
      properties: { n: { type: 'integer' as const } },
      required: ['n'],
      additionalProperties: false,
    },
  },
];

describe.each(kinds)('on $wire', ({ wire, model }) => {
  test.each([false, true])('a tool loop with two parallel calls, streamed %s', async (streamed) => {
    const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'Look' }];
    const ask = async (): Promise<OpenAI.Responses.Response> => {
      const body = { model, tools, input, store: false, reasoning: { effort: 'low' as const } };
      return streamed ? openai.responses.stream(body).finalResponse() : openai.responses.create(body);
    };
    const first = await ask();
    expect([first.status, first.output_text]).toEqual(['completed', 'Looking.']);
    const calls = first.output.filter((item) => item.type === 'function_call');
    expect(calls.map(({ name, arguments: args }) => [name, args])).toEqual([
      ['bash', '{"n":1}'],
      ['bash', '{"n":2}'],
    ]);
    expect(new Set(calls.map(({ call_id: id }) => id)).size).toBe(2);
    input.push(
      ...(first.output as OpenAI.Responses.ResponseInputItem[]),
      ...calls.map(({ call_id: id }, i) => ({
        type: 'function_call_output' as const,
        call_id: id,
        output: `ok ${i + 1}`,
      })),
    );
    const second = await ask();
    expect(second.output_text).toMatch(/^FINAL/);
    const sent = upstream.calls.map(({ body }) => body);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatch(/ok 1.*ok 2/);
    for (const body of sent) {
      expect(findRequestFaults(wire, JSON.parse(body) as Record<string, unknown>)).toEqual([]);
      expect(body).not.toContain('b21uaXJvdXRlLXNlYWw6');
    }
    if (wire === 'gemini') expect(sent[1]).toContain(geminiSignature);
  });
});
