// A long conversation made short: passed on to an upstream that knows how, asked of any other model in words.
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agent, finalText } from '../support/agent-upstream.ts';
import { lanes, startRig, type Lane, type Rig } from '../support/gateway.ts';
import { makeEndpoint, makeProvider } from '../support/routing.ts';
import { createResponsesAgent } from '../support/responses-agent.ts';
import { fail, startUpstream, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let rig: Rig;

const compaction = {
  id: 'resp_compacted',
  object: 'response.compaction',
  created_at: 1,
  output: [{ type: 'compaction', id: 'cmp_1', encrypted_content: 'SECRET-OF-OPENAI' }],
  usage: { input_tokens: 9, output_tokens: 1, total_tokens: 10 },
};
const history = [
  { role: 'user', content: 'Paint it blue' },
  { type: 'function_call', call_id: 'call_1', name: 'paint', arguments: '{"n":1}' },
  { type: 'function_call_output', call_id: 'call_1', output: 'done' },
  { role: 'user', content: [{ type: 'input_text', text: 'And the door?' }] },
];
const tools = [{ type: 'function', name: 'paint', parameters: { type: 'object', properties: {} } }];

beforeEach(async () => {
  upstream = await startUpstream((call) => {
    if (!call.path.endsWith('/compact')) return agent(call);
    call.response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(compaction));
    return undefined;
  });
  const { baseUrl } = upstream;
  rig = await startRig({
    providers: (['openai-responses', 'openai-chat', 'anthropic-messages'] as const).map((protocol) =>
      makeProvider(protocol, { endpoints: [makeEndpoint({ baseUrl, protocol })] }),
    ),
  });
});

afterEach(async () => {
  await rig.close();
  await upstream.close();
});

async function compact(lane: Lane, provider: string, path = '/v1/responses/compact') {
  const body = { model: `${provider}/m`, input: history, tools, instructions: 'Be brief.' };
  const headers = { accept: 'text/event-stream' };
  const answer = await rig.ask(lane, { path, body, headers });
  return { ...answer, value: JSON.parse(answer.text) as typeof compaction };
}

describe.each(lanes)('%s lane', (lane) => {
  test.each(['/v1/responses/compact', '/responses/compact', '/codex/responses/compact'])(
    '%s is passed on to where it is known',
    async (path) => {
      const { status, value } = await compact(lane, 'openai-responses', path);
      expect(status).toBe(200);
      expect(value).toEqual(compaction);
      expect(upstream.calls.map((call) => call.path)).toEqual(['/v1/responses/compact']);
      expect(rig.server.gateway.responses.count).toBe(0);
    },
  );
});

test.each([
  [undefined, 'in words'],
  ['openai', 'by itself'],
])('a trigger for a Responses host of catalog entry %s is answered %s', async (catalog, how) => {
  const plain = createResponsesAgent();
  upstream.play(plain);
  const rig2 = await startRig({
    providers: [
      makeProvider('up', {
        endpoints: [makeEndpoint({ baseUrl: upstream.baseUrl, protocol: 'openai-responses' })],
        ...(catalog && { catalog }),
      }),
    ],
  });
  const input = [...history, { type: 'compaction_trigger' }];
  const { text } = await rig2.ask('node', { path: '/v1/responses', body: { model: 'up/m', input, tools } });
  const { output } = JSON.parse(text) as { output: { type: string }[] };
  const sent = upstream.calls[0]!.body;
  if (how === 'in words') {
    expect(output.map(({ type }) => type)).toEqual(['compaction']);
    expect(sent).toContain('handover');
    expect(sent).not.toContain('compaction_trigger');
  } else expect(sent).toContain('{"type":"compaction_trigger"}]');
  await rig2.close();
});

test('a host of the same wire without that path is asked once, then in words', async () => {
  const missing = createResponsesAgent();
  upstream.play((call) => (call.path.endsWith('/compact') ? fail(404)(call) : missing(call)));
  for (let round = 0; round < 2; round++) {
    const { status, value } = await compact('node', 'openai-responses');
    expect(status).toBe(200);
    expect(value.object).toBe('response.compaction');
    expect(value.output.at(-1)!.encrypted_content).toMatch(/^b21uaXJvdXRlLXNlYWw6/);
  }
  expect(upstream.calls.map((call) => call.path)).toEqual([
    '/v1/responses/compact',
    '/v1/responses',
    '/v1/responses',
  ]);
  expect(upstream.calls[1]!.body).toContain('handover');
});

describe.each(['openai-chat', 'anthropic-messages'])('on %s', (provider) => {
  test('the model is asked for a handover, which the next turn reads in words', async () => {
    const { status, value } = await compact('node', provider);
    expect(status).toBe(200);
    expect(value).toMatchObject({ object: 'response.compaction', usage: { output_tokens: 12 } });
    expect(value.output.map(({ type = 'message' }: { type?: string }) => type)).toEqual([
      'message',
      'message',
      'compaction',
    ]);
    const asked = upstream.calls[0]!.body;
    expect(asked).toContain('Paint it blue');
    expect(asked).toContain('handover');
    expect(asked).toContain('none');
    expect(value.output.at(-1)!.encrypted_content).toMatch(/^b21uaXJvdXRlLXNlYWw6/);
    for (const next of [provider, 'openai-responses']) {
      const input = [...value.output, { role: 'user', content: 'Go on' }];
      upstream.calls.length = 0;
      await rig.ask('node', { path: '/v1/responses', body: { model: `${next}/m`, input } });
      expect(upstream.calls[0]!.body).toContain(`in short:\\n\\n${finalText}`);
      expect(upstream.calls[0]!.body).not.toContain('b21uaXJvdXRlLXNlYWw6');
    }
  });

  test.each([false, true])(
    'a trigger at the end of the input is answered with one item, streamed %s',
    async (streamed) => {
      const openai = new OpenAI({ apiKey: 'any', baseURL: `${rig.server.url}/v1`, maxRetries: 0 });
      const body = {
        model: `${provider}/m`,
        input: [...history, { type: 'compaction_trigger' }],
        tools,
      } as unknown as OpenAI.Responses.ResponseCreateParamsNonStreaming;
      const answer = streamed
        ? await openai.responses.stream({ ...body, stream: true }).finalResponse()
        : await openai.responses.create(body);
      expect(answer.status).toBe('completed');
      expect(answer.output.map(({ type }) => type)).toEqual(['compaction']);
    },
  );
});
