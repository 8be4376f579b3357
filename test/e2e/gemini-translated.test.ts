// Clients of other wires at a Gemini upstream: what only the gateway as a whole can do for them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { lanes, startRig, type Rig } from '../support/gateway.ts';
import { makeEndpoint, makeProvider } from '../support/routing.ts';
import { startUpstream, type Script, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let rig: Rig;

beforeEach(async () => {
  upstream = await startUpstream();
  const google = (id: string) =>
    makeProvider(id, {
      endpoints: [makeEndpoint({ protocol: 'gemini', baseUrl: upstream.baseUrl, auth: 'x-goog-api-key' })],
    });
  const fetchOutside: Gateway['fetchOutside'] = async (url) => {
    const body = Buffer.from('iVBORw0KGgo=', 'base64');
    return { status: 200, headers: { 'content-type': 'image/png' }, body, url };
  };
  rig = await startRig({ providers: [google('google'), google('other')] }, { fetchOutside });
});

afterEach(async () => {
  await rig.close();
  await upstream.close();
});

const tools = [
  {
    type: 'function',
    function: {
      name: 'look',
      parameters: {
        type: 'object',
        properties: { where: { type: ['string', 'null'] } },
        additionalProperties: false,
      },
    },
  },
];
const question = { role: 'user', content: 'What is there?' };
const call = { functionCall: { name: 'look', args: { where: 'up' } }, thoughtSignature: 'c2lnbmVk' };

function answers(...parts: readonly object[]): Script {
  return ({ response }) => {
    const candidates = [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ candidates }));
  };
}

function refuses(message: string): Script {
  return ({ response }) => {
    const error = { code: 400, message, status: 'INVALID_ARGUMENT' };
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  };
}

interface SeenBody {
  readonly contents: readonly { readonly parts: readonly Record<string, unknown>[] }[];
  readonly tools: readonly { readonly functionDeclarations: readonly Record<string, unknown>[] }[];
}

const seen = (index: number): SeenBody => JSON.parse(upstream.calls.at(index)!.body) as SeenBody;

describe.each(lanes)('the %s lane', (lane) => {
  const ask = (model: string, messages: readonly object[]) =>
    rig.ask(lane, { body: { model, messages, tools } });

  test('a signature returns with its call, to the provider that made it and to no other', async () => {
    upstream.play(answers(call), answers({ text: 'A lamp.' }));
    const first = await ask('google/gemini-3-pro-preview', [question]);
    const { message } = (
      JSON.parse(first.text) as { choices: { message: { tool_calls: { id: string }[] } }[] }
    ).choices[0]!;
    // As most clients do: the call comes back, what proves it does not.
    const { id } = message.tool_calls[0]!;
    const history = [
      question,
      { role: 'assistant', content: null, tool_calls: message.tool_calls },
      { role: 'tool', tool_call_id: id, content: 'a lamp' },
    ];
    expect((await ask('google/gemini-3-pro-preview', history)).status).toBe(200);
    expect(seen(-1).contents[1]!.parts[0]).toMatchObject({ thoughtSignature: 'c2lnbmVk' });
    expect(seen(-1).contents[2]!.parts[0]).toMatchObject({
      functionResponse: { name: 'look', response: { output: 'a lamp' } },
    });
    await ask('other/gemini-3-pro-preview', history);
    expect(seen(-1).contents[1]!.parts[0]).toMatchObject({
      thoughtSignature: 'skip_thought_signature_validator',
    });
    await ask('other/gemini-2.5-pro', history);
    expect(seen(-1).contents[1]!.parts[0]).not.toHaveProperty('thoughtSignature');
  });

  test('what passed through is shown to its issuer alone', async () => {
    const google = (model: string, contents: readonly object[]) =>
      rig.ask(lane, { path: `/v1beta/models/${model}:generateContent`, body: { contents } });
    upstream.play(answers({ text: 'Looking.', thoughtSignature: 'dGV4dA==' }, call));
    const asked = { role: 'user', parts: [{ text: 'What is there?' }] };
    const first = await google('google/gemini-3-pro-preview', [asked]);
    const { candidates } = JSON.parse(first.text) as { candidates: { content: object }[] };
    const result = { functionResponse: { name: 'look', response: { output: 'a lamp' } } };
    const history = [asked, candidates[0]!.content, { role: 'user', parts: [result] }];
    await google('google/gemini-3-pro-preview', history);
    expect(seen(-1).contents).toEqual(history);
    await google('other/gemini-3-pro-preview', history);
    expect(seen(-1).contents[1]!.parts).toEqual([
      { text: 'Looking.' },
      { ...call, thoughtSignature: 'skip_thought_signature_validator' },
    ]);
  });

  test('pictures by URL are fetched, files at Google’s own hosts are named', async () => {
    upstream.play(answers({ text: 'A dot.' }));
    const content = [
      { type: 'text', text: 'Look' },
      { type: 'image_url', image_url: { url: 'https://a.example/dot.png' } },
      { type: 'image_url', image_url: { url: 'https://www.youtube.com/watch?v=1' } },
    ];
    expect((await ask('google/gemini-2.5-pro', [{ role: 'user', content }])).status).toBe(200);
    expect(seen(-1).contents[0]!.parts.slice(1)).toEqual([
      { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } },
      { fileData: { fileUri: 'https://www.youtube.com/watch?v=1' } },
    ]);
  });

  test('a schema that is refused is sent once more in the older dialect', async () => {
    const message = 'Invalid JSON payload received. Unknown name "parametersJsonSchema"';
    upstream.play(refuses(message), answers({ text: 'Nothing.' }));
    expect((await ask('google/gemini-2.5-pro', [question])).status).toBe(200);
    expect(upstream.calls).toHaveLength(2);
    expect(seen(0).tools[0]!.functionDeclarations[0]).toMatchObject({ parametersJsonSchema: {} });
    expect(seen(1).tools[0]!.functionDeclarations[0]).toEqual({
      name: 'look',
      parameters: { type: 'object', properties: { where: { type: 'string', nullable: true } } },
    });
  });

  test('once, and only for schemas', async () => {
    upstream.play(refuses('Unknown name "parametersJsonSchema"'));
    expect((await ask('google/gemini-2.5-pro', [question])).status).toBe(400);
    expect(upstream.calls).toHaveLength(2);
    upstream.play(refuses('The temperature is out of range.'));
    expect((await ask('google/gemini-2.5-pro', [question])).status).toBe(400);
    expect(upstream.calls).toHaveLength(3);
  });
});
