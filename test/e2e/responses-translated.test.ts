// Upstreams of the Responses wire behind a whole gateway: the operator's changes in what they get, stop texts that they do
// not know, and refusals that one more way to write the request answers.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sealProof } from '../../src/ir/proof.ts';
import { startGuarded, type Guarded } from '../support/access.ts';
import { faultWires } from '../support/fault-wires.ts';
import { lanes, type Lane } from '../support/gateway.ts';
import { fail, startUpstream, type Script, type Upstream } from '../support/upstream.ts';

const responses = faultWires.find(({ name }) => name === 'openai-responses')!;
const house = 'You work for the house.';
const rules = {
  prepend: { systemPrompt: house },
  append: { systemPrompt: { text: house, position: 'append' } },
  replace: { systemPrompt: { text: house, position: 'replace' } },
  cap: { maxOutputTokens: 3000 },
  cool: { temperature: { min: 0.2, max: 0.5 } },
  auto: { thinking: { mode: 'auto' } },
  low: { thinking: { mode: 'custom', budget: 1024 } },
};

let upstream: Upstream;
let gateway: Guarded;

beforeEach(async () => {
  upstream = await startUpstream(answers('Hello'));
  gateway = await startGuarded({
    providers: {
      up: { protocols: [{ name: 'openai-responses', baseUrl: `${upstream.baseUrl}/v1` }], auth: 'none' },
    },
    policies: [
      ...Object.entries(rules).map(([id, set]) => ({ id, match: { metadata: { rule: id } }, set })),
      // Makes routing read every body.
      { id: 'seen', match: { features: ['audio'] }, set: { maxOutputTokens: 1 } },
    ],
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

/** Whole or streamed, in two pieces. */
function answers(first: string, second = ''): Script {
  return ({ body, response }) => {
    const { opening, token, closing, terminal } = responses.stream;
    if ((JSON.parse(body) as { stream?: boolean }).stream)
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(opening + token(first) + token(second) + closing + terminal);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(responses.whole(first + second));
  };
}

type Body = Readonly<Record<string, unknown>>;

const clients = {
  responses: {
    path: '/v1/responses',
    body: { model: 'up/gpt-4.1', instructions: 'Be brief.', input: 'hello' },
    limit: 'max_output_tokens',
  },
  chat: {
    path: '/v1/chat/completions',
    body: {
      model: 'up/gpt-4.1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hello' },
      ],
    },
    limit: 'max_completion_tokens',
  },
  messages: {
    path: '/v1/messages',
    body: {
      model: 'up/gpt-4.1',
      max_tokens: 9000,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'hello' }],
    },
    limit: 'max_tokens',
  },
} as const;

async function send(
  client: keyof typeof clients,
  rule: string,
  more: Body = {},
  lane: Lane = 'node',
): Promise<Body> {
  const { path, body } = clients[client];
  upstream.calls.length = 0;
  const answer = await gateway.ask(lane, {
    path,
    headers: { 'x-omniroute-metadata-rule': rule },
    body: { ...body, ...more },
  });
  expect([answer.status, answer.text.slice(0, 300)]).toEqual([200, expect.anything()]);
  expect(upstream.calls).toHaveLength(1);
  return JSON.parse(upstream.calls[0]!.body) as Body;
}

describe.each(Object.keys(clients) as (keyof typeof clients)[])('%s to Responses', (client) => {
  test.each(lanes)('what the operator changes, %s lane', async (lane) => {
    const ask = (rule: string, more?: Body) => send(client, rule, more, lane);
    expect((await ask('none'))['instructions']).toBe('Be brief.');
    expect((await ask('prepend'))['instructions']).toBe(`${house}\n\nBe brief.`);
    expect((await ask('append'))['instructions']).toBe(`Be brief.\n\n${house}`);
    expect((await ask('replace'))['instructions']).toBe(house);
    const { limit } = clients[client];
    expect((await ask('cap', { [limit]: 9000 }))['max_output_tokens']).toBe(3000);
    expect((await ask('cap', { [limit]: 100 }))['max_output_tokens']).toBe(100);
    expect((await ask('cool', { temperature: 0.9 }))['temperature']).toBe(0.5);
    expect((await ask('cool'))['temperature']).toBe(0.5);
    const model = { model: 'up/gpt-5.4' };
    expect((await ask('low', model))['reasoning']).toMatchObject({ effort: 'low' });
    expect((await ask('auto', model))['reasoning']).toBeUndefined();
  });
});

test('what only the provider can read passes to it, although routing reads the body', async () => {
  const input = [
    { type: 'compaction', encrypted_content: 'gAAA-of-the-provider' },
    { role: 'user', content: 'x' },
  ];
  expect((await send('responses', 'none', { input }))['input']).toEqual(input);
});

describe('what this wire lacks', () => {
  test.each([false, true])('a stop text cuts the answer, streamed %s', async (stream) => {
    upstream.play(answers('One. E', 'ND Two.'));
    const body = { ...clients.messages.body, stream, stop_sequences: ['END'] };
    const answer = await gateway.ask('node', { path: '/v1/messages', body });
    expect(answer.headers['x-omniroute-loss']).toBeUndefined();
    expect(answer.text).toContain('"stop_reason":"stop_sequence","stop_sequence":"END"');
    expect(answer.text).toContain('One. ');
    expect(answer.text).not.toContain('Two');
    // What was generated was generated: the bill is the upstream's.
    expect(gateway.rows.at(-1)!.tokens).toMatchObject({ input: 11, output: 2 });
    expect(JSON.parse(upstream.calls[0]!.body)).not.toHaveProperty('stop');
  });

  test('n answers are a 400, penalties are named', async () => {
    const { path, body } = clients.chat;
    const many = await gateway.ask('node', { path, body: { ...body, n: 2 } });
    expect([many.status, many.text]).toEqual([400, expect.stringContaining('output.choices')]);
    const bent = await gateway.ask('node', { path, body: { ...body, seed: 1, presence_penalty: 1 } });
    expect(bent.status).toBe(200);
    expect(bent.headers['x-omniroute-loss']).toBe('sampling.presencePenalty, sampling.seed');
  });
});

describe('a refusal that another spelling answers', () => {
  const proof = sealProof({ wire: 'openai-responses', issuer: 'up', form: 'redacted', data: 'gAAA' });
  const history = [
    { role: 'user', content: 'hello' },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: proof },
        { type: 'text', text: 'Yes?' },
      ],
    },
    { role: 'user', content: 'again' },
  ];
  const ask = () =>
    gateway.ask('node', {
      path: '/v1/messages',
      body: { ...clients.messages.body, model: 'up/gpt-5.4', messages: history },
    });
  const sent = () => upstream.calls.map(({ body }) => (body.includes('gAAA') ? 'with' : 'without'));

  test('proofs of another account go, the rest stays', async () => {
    upstream.play(fail(400, 'The encrypted content gAAA could not be verified.'), answers('Hello'));
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(sent()).toEqual(['with', 'without']);
    expect(upstream.calls[1]!.body).toContain('Yes?');
  });

  test('once, and not for other refusals', async () => {
    upstream.play(fail(400, 'The encrypted content gAAA could not be verified.'));
    expect((await ask()).status).toBe(400);
    expect(sent()).toEqual(['with', 'without']);
    upstream.calls.length = 0;
    upstream.play(fail(400, 'Unknown parameter.'));
    expect((await ask()).status).toBe(400);
    expect(sent()).toEqual(['with']);
  });
});
