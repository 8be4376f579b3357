// Answers that a client may come back to, through both lanes: each key sees its own alone, what continues them finds the
// whole conversation, an upstream of its own memory keeps it, and count, bytes and age are bounded.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startGuarded, digestOf, keyOf, type Guarded } from '../support/access.ts';
import { makeSnapshot } from '../support/config.ts';
import { lanes, type Answer, type Lane } from '../support/gateway.ts';
import { createResponsesAgent, finalText } from '../support/responses-agent.ts';
import { fail, startUpstream, stream, type Upstream } from '../support/upstream.ts';

let stateful: Upstream;
let stateless: Upstream;
let gateway: Guarded;

const tools = [{ type: 'function', name: 'bash', parameters: { type: 'object', properties: {} } }];

function authored(responses: object = {}) {
  const at = ({ baseUrl }: Upstream) => ({
    protocols: [{ name: 'openai-responses', baseUrl }],
    auth: 'none',
    profile: 'calm',
  });
  return {
    storage: { driver: 'memory', responses },
    providers: { openai: at(stateful), other: at(stateless) },
    resilience: { profiles: { calm: { retries: 0 } } },
    combos: { both: { strategy: 'priority', targets: ['openai/m', 'other/m'] } },
    keys: [
      { id: 'alice', digest: digestOf('alice') },
      { id: 'bob', digest: digestOf('bob') },
      { id: 'quiet', digest: digestOf('quiet'), noLog: true },
    ],
  };
}

beforeEach(async () => {
  stateful = await startUpstream(createResponsesAgent({ issuer: 'openai' }));
  stateless = await startUpstream(createResponsesAgent({ issuer: 'other', stateless: true }));
  gateway = await startGuarded(authored());
});

afterEach(async () => {
  await gateway.close();
  await stateful.close();
  await stateless.close();
  expect(gateway.faults).toEqual([]);
});

interface Reply {
  readonly status: number;
  readonly id: string;
  readonly output: readonly { readonly type: string; readonly id: string; readonly call_id?: string }[];
  readonly error: { readonly code: string | null; readonly param: string | null; readonly message: string };
  readonly data: readonly { readonly id: string; readonly type: string; readonly content?: unknown }[];
  readonly answer: Answer;
  readonly [field: string]: unknown;
}

let lane: Lane = 'node';

async function ask(who: string, method: string, path: string, body?: unknown): Promise<Reply> {
  const headers = { authorization: `Bearer ${keyOf(who)}` };
  const answer = await gateway.ask(lane, { method, path, headers, ...(body === undefined ? {} : { body }) });
  const streamed = /^event: response\.completed\ndata: (.*)$/m.exec(answer.text)?.[1];
  const value = streamed
    ? (JSON.parse(streamed) as { response: object }).response
    : (JSON.parse(answer.text) as object);
  return { ...value, status: answer.status, answer } as Reply;
}

const create = (who: string, body: object | string): Promise<Reply> =>
  ask(
    who,
    'POST',
    '/v1/responses',
    typeof body === 'string' ? body : { model: 'openai/m', input: 'Look', ...body },
  );

const sentTo = (upstream: Upstream): Record<string, unknown>[] =>
  upstream.calls.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe.each(lanes)('%s lane', (name) => {
  beforeEach(() => {
    lane = name;
  });

  test.each([false, true])('an answer is kept for its key, streamed %s', async (streamed) => {
    const made = await create('alice', { tools, stream: streamed });
    expect(made.status).toBe(200);
    const path = `/v1/responses/${made.id}`;
    const found = await ask('alice', 'GET', path);
    expect(found).toMatchObject({
      status: 200,
      id: made.id,
      object: 'response',
      model: 'm',
      output: made.output,
    });
    expect((await ask('alice', 'GET', `/responses/${made.id}`)).id).toBe(made.id);
    expect((await ask('alice', 'GET', `/codex/responses/${made.id}/input_items`)).status).toBe(200);
    for (const [method, rest] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/cancel'],
      ['GET', '/input_items'],
    ] as const) {
      const foreign = await ask('bob', method, path + rest, method === 'POST' ? {} : undefined);
      expect(foreign.status).toBe(404);
      expect(foreign.error).toMatchObject({ message: `Response with id '${made.id}' not found.` });
    }
    const other = await create('bob', { previous_response_id: made.id });
    expect(other).toMatchObject({
      status: 400,
      error: {
        code: 'previous_response_not_found',
        param: 'previous_response_id',
        message: `Previous response with id '${made.id}' not found.`,
      },
    });
    const taken = await create('bob', { input: [{ type: 'item_reference', id: made.output[0]!.id }] });
    expect(taken).toMatchObject({ status: 404, error: { param: 'input' } });
    expect(stateful.calls).toHaveLength(1);
    expect(await ask('alice', 'POST', `${path}/cancel`, {})).toMatchObject({ status: 400 });
    expect(await ask('alice', 'DELETE', path)).toMatchObject({
      id: made.id,
      object: 'response',
      deleted: true,
    });
    expect((await ask('alice', 'GET', path)).status).toBe(404);
    expect((await ask('alice', 'DELETE', path)).status).toBe(404);
    // Where it was kept as well, it was deleted as well, once.
    expect(stateful.calls.map((call) => call.path)).toEqual(['/v1/responses', `/v1/responses/${made.id}`]);
  });

  test('a deletion that the upstream does not confirm is no deletion to rely on', async () => {
    const [first, second, third] = [
      await create('alice', {}),
      await create('alice', {}),
      await create('alice', {}),
    ];
    stateful.play(fail(500));
    const failed = await ask('alice', 'DELETE', `/v1/responses/${first.id}`);
    expect(failed).toMatchObject({ status: 502, error: { code: 'upstream_error' } });
    expect((await ask('alice', 'GET', `/v1/responses/${first.id}`)).status).toBe(404);
    stateful.play(fail(404));
    expect((await ask('alice', 'DELETE', `/v1/responses/${second.id}`)).status).toBe(200);
    gateway.snapshots.swap(makeSnapshot({ ...authored(), providers: { gone: { sandbox: {} } }, combos: {} }));
    expect((await ask('alice', 'DELETE', `/v1/responses/${third.id}`)).status).toBe(502);
    const other = await create('alice', {});
    expect(other.status).toBe(404);
  });

  test.each([
    ['of another key', (id: string) => ({ type: 'item_reference', id })],
    ['without a type', (id: string) => ({ id })],
    ['with type null', (id: string) => ({ type: null, id })],
    ['without a type, its id said twice', (id: string) => `{"id":"x","id":"${id}"}`],
    ['whose first id is no text', (id: string) => `{"id":{"a":[1]},"id":"${id}"}`],
    ['whose type is null in the end', (id: string) => `{"type":"message","id":"${id}","type":null}`],
    ['with more beside type null', (id: string) => `{"type":null,"id":"${id}","status":null}`],
    ['spelt with escapes', (id: string) => `{"type":"item_referenc\\u0065","id":"${id}"}`],
    ['with its keys escaped', (id: string) => `{"t\\u0079pe":"item_r\\u0065ference","\\u0069d":"${id}"}`],
    [
      'said twice',
      (id: string) => `{"type":"item_reference","id":"${id}","type":"message","role":"user","content":"x"}`,
    ],
  ])('a reference %s reaches no upstream', async (_name, write) => {
    const made = await create('alice', {});
    const item = write(made.output[1]!.id);
    const text = typeof item === 'string' ? item : JSON.stringify(item);
    const taken = await create('bob', `{"model":"openai/m","input":[${text}]}`);
    if (taken.status === 404) expect(stateful.calls).toHaveLength(1);
    else {
      expect(stateful.calls[1]!.body).toContain('"type":"message"');
      expect(stateful.calls[1]!.body).not.toContain('item_reference');
    }
    const { status } = await create('bob', {
      input: [{ role: 'user', content: 'caf\u00e9 item_reference {"id":"x"}' }],
    });
    expect(status).toBe(200);
  });

  test('an upstream that does not repeat its items in the end is kept as it spoke', async () => {
    const whole = await record();
    const bare = whole.replace(
      /^(event: response\.completed\ndata: )(.*)$/m,
      (_line, head: string, data: string) => {
        const event = JSON.parse(data) as { response: object };
        return head + JSON.stringify({ ...event, response: { ...event.response, output: [] } });
      },
    );
    stateful.play(stream([bare]));
    const headers = { authorization: `Bearer ${keyOf('alice')}` };
    const { text } = await gateway.ask(lane, {
      path: '/v1/responses',
      headers,
      body: { model: 'openai/m', input: 'x', stream: true },
    });
    const id = /"id":"(resp_[^"]*)"/.exec(text)![1]!;
    expect((await ask('alice', 'GET', `/v1/responses/${id}`)).output.map(({ type }) => type)).toEqual([
      'reasoning',
      'message',
    ]);
  });

  test('the account that keeps an answer itself gets the bytes of the client', async () => {
    const first = await create('alice', { tools });
    const results = first.output
      .filter(({ type }) => type === 'function_call')
      .map(({ call_id }) => ({ type: 'function_call_output', call_id, output: 'ok' }));
    const body = { model: 'm', previous_response_id: first.id, input: results, tools };
    const second = await create('alice', { ...body, model: 'openai/m' });
    expect(JSON.stringify(second.output)).toContain(finalText);
    expect(sentTo(stateful)[1]).toEqual(body);
    const references = first.output.map(({ id }) => ({ type: 'item_reference', id }));
    const third = await create('alice', { input: [...references, ...results], tools });
    expect(JSON.stringify(third.output)).toContain(finalText);
    expect(sentTo(stateful)[2]).toMatchObject({ input: [...references, ...results] });
  });

  test('two ids in one reference are one, for every reader', async () => {
    const first = await create('alice', {});
    const [own, foreign] = [first.output[1]!.id, 'msg_of_somebody_else'];
    const twice = `{"type":"item_reference","id":"${foreign}","id":"${own}"}`;
    await create('alice', `{"model":"openai/m","input":[${twice}]}`);
    expect(stateful.calls[1]!.body).toBe(`{"model":"m","input":[{"type":"item_reference","id":"${own}"}]}`);
  });

  test('anybody else gets the conversation, without proofs of reasoning that it did not issue', async () => {
    const first = await create('alice', { tools });
    const results = first.output
      .filter(({ type }) => type === 'function_call')
      .map(({ call_id }) => ({ type: 'function_call_output', call_id, output: 'ok' }));
    const second = await create('alice', {
      model: 'other/m',
      previous_response_id: first.id,
      input: results,
      tools,
    });
    expect(JSON.stringify(second.output)).toContain(finalText);
    const [sent] = sentTo(stateless);
    expect(sent).toMatchObject({
      previous_response_id: null,
      input: [
        { type: 'message', role: 'user', content: 'Look' },
        { type: 'message', role: 'assistant' },
        { type: 'function_call', call_id: 'call_1' },
        { type: 'function_call', call_id: 'call_2' },
        ...results,
      ],
    });
    expect(stateless.calls[0]!.body).not.toContain('PROOF-OF');
    // Its own proof comes back to it; it keeps nothing, so that the whole conversation has to.
    const third = await create('alice', { model: 'other/m', previous_response_id: second.id, input: 'And?' });
    expect(third.status).toBe(200);
    const types = (sentTo(stateless)[1]!['input'] as { type: string }[]).map(({ type }) => type);
    expect(types).toEqual([
      'message',
      'message',
      'function_call',
      'function_call',
      'function_call_output',
      'function_call_output',
      'reasoning',
      'message',
      'message',
    ]);
    expect(stateless.calls[1]!.body).toContain('PROOF-OF-other-1');
    expect(stateless.calls[1]!.body).not.toContain('PROOF-OF-openai');
    // By reference, too.
    const reference = { type: 'item_reference', id: second.output[0]!.id };
    await create('alice', { model: 'openai/m', input: [reference, { role: 'user', content: 'x' }] });
    expect(sentTo(stateful)[1]).toMatchObject({ input: [{ role: 'user', content: 'x' }] });
    const { data } = await ask('alice', 'GET', `/v1/responses/${third.id}/input_items?order=asc&limit=100`);
    expect(data.map(({ type }) => type)).toEqual([
      'message',
      'reasoning',
      'message',
      'function_call',
      'function_call',
      'function_call_output',
      'function_call_output',
      'reasoning',
      'message',
      'message',
    ]);
    expect(data[0]!.content).toEqual([{ type: 'input_text', text: 'Look' }]);
  });

  test('a fallback within one request gets its own form of the conversation', async () => {
    const first = await create('alice', { model: 'both' });
    stateful.play(fail(503));
    const second = await create('alice', { model: 'both', previous_response_id: first.id, input: 'Again' });
    expect(second.answer.headers['x-omniroute-provider']).toBe('other');
    expect(JSON.parse(stateful.calls[1]!.body)).toMatchObject({
      previous_response_id: first.id,
      input: 'Again',
    });
    expect(stateless.calls[0]!.body).not.toContain(first.id);
    expect(sentTo(stateless)[0]!['input']).toHaveLength(3);
  });

  test('an upstream that has forgotten its answer gets the conversation, with one call more', async () => {
    const first = await create('alice', { tools });
    stateful.play(createResponsesAgent({ issuer: 'openai' }));
    const second = await create('alice', { previous_response_id: first.id, input: 'Again' });
    expect(second.status).toBe(200);
    expect(second.answer.headers['x-omniroute-attempts']).toBe('2');
    const [, asked, told] = sentTo(stateful);
    expect(stateful.calls).toHaveLength(3);
    expect(asked).toMatchObject({ previous_response_id: first.id, input: 'Again' });
    expect(told).toMatchObject({ previous_response_id: null });
    expect(stateful.calls[2]!.body).toContain('PROOF-OF-openai-1');
    stateful.play(createResponsesAgent({ issuer: 'openai' }));
    const third = await create('alice', { input: [{ type: 'item_reference', id: first.output[1]!.id }] });
    expect(third.status).toBe(200);
    expect(sentTo(stateful)[4]).toMatchObject({ input: [{ type: 'message', id: first.output[1]!.id }] });
  });

  test('what store, noLog and the limits forbid is not kept; a broken answer neither', async () => {
    const cases: readonly (readonly [who: string, body: object])[] = [
      ['alice', { store: false }],
      ['quiet', {}],
      ['quiet', { store: true, stream: true }],
    ];
    for (const [who, body] of cases) {
      const made = await create(who, body);
      expect(made.status).toBe(200);
      expect((await ask(who, 'GET', `/v1/responses/${made.id}`)).status).toBe(404);
      expect(await create(who, { previous_response_id: made.id })).toMatchObject({
        status: 400,
        error: { code: 'previous_response_not_found' },
      });
    }
    const answer = await record();
    stateful.play(stream([answer.slice(0, answer.indexOf('response.completed') + 200)], 'cut'));
    await gateway.ask(lane, {
      path: '/v1/responses',
      headers: { authorization: `Bearer ${keyOf('alice')}` },
      body: { model: 'openai/m', input: 'x', stream: true },
    });
    expect(gateway.server.gateway.responses.count).toBe(0);
  });

  test.each([
    [{ conversation: 'conv_1' }, 'conversation'],
    [{ conversation: { id: 'conv_1' } }, 'conversation'],
    [{ background: true }, 'background'],
    [{ previous_response_id: 7 }, 'previous_response_id'],
    [{ previous_response_id: 'resp_never' }, 'previous_response_id'],
  ])('%j is refused by name, before any upstream', async (body, param) => {
    const refused = await create('alice', body);
    expect(refused).toMatchObject({ status: 400, error: { param, type: 'invalid_request_error' } });
    expect(stateful.calls).toHaveLength(0);
  });

  test('pages of input items', async () => {
    const input = ['a', 'b', 'c'].map((content) => ({ role: 'user', content }));
    const made = await create('alice', { input });
    const path = `/v1/responses/${made.id}/input_items`;
    const newest = await ask('alice', 'GET', `${path}?limit=2`);
    expect(newest).toMatchObject({ object: 'list', has_more: true });
    const rest = await ask('alice', 'GET', `${path}?limit=2&after=${newest.data[1]!.id}`);
    expect(rest).toMatchObject({ has_more: false, first_id: rest.data[0]!.id });
    expect([...newest.data, ...rest.data].map(({ content }) => content)).toEqual(
      ['c', 'b', 'a'].map((text) => [{ type: 'input_text', text }]),
    );
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'order=up', 'after=nobody']) {
      expect((await ask('alice', 'GET', `${path}?${query}`)).status).toBe(400);
    }
  });
});

test('age, count and bytes are bounded, also by a reload', async () => {
  lane = 'node';
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push((await create('alice', {})).id);
  const bob = await create('bob', {});
  const there = async (who: string, id: string): Promise<boolean> =>
    (await ask(who, 'GET', `/v1/responses/${id}`)).status === 200;
  expect(await Promise.all(ids.map((id) => there('alice', id)))).toEqual([true, true, true, true]);
  gateway.snapshots.swap(makeSnapshot(authored({ maxPerKey: 2 })));
  ids.push((await create('alice', {})).id);
  expect(await Promise.all(ids.map((id) => there('alice', id)))).toEqual([false, false, false, true, true]);
  expect(await there('bob', bob.id)).toBe(true);
  gateway.snapshots.swap(makeSnapshot(authored({ ttl: '1h' })));
  gateway.clock.advance(3_600_001);
  expect(await there('bob', bob.id)).toBe(false);
  expect(gateway.server.gateway.responses).toMatchObject({ count: 0, bytes: 0 });
  gateway.snapshots.swap(makeSnapshot(authored({ maxPerKey: 0 })));
  await create('alice', {});
  expect(gateway.server.gateway.responses.count).toBe(0);
});

test('a conversation stays at the account that keeps it', async () => {
  lane = 'node';
  const { providers, ...rest } = authored();
  const { auth: _, ...open } = providers.openai;
  const accounts = ['a', 'b', 'c'].map((id) => ({ id, apiKey: `\${env:KEY_${id.toUpperCase()}}` }));
  const openai = { ...open, allowPrivateNetwork: true, connections: accounts, select: 'round-robin' };
  gateway.snapshots.swap(makeSnapshot({ ...rest, providers: { ...providers, openai } }));
  const first = await create('alice', {});
  let id = first.id;
  for (let i = 0; i < 3; i++) ({ id } = await create('alice', { previous_response_id: id, input: 'And?' }));
  await create('bob', {});
  const told = stateful.calls.map(({ headers, body }) => [
    headers.authorization,
    (JSON.parse(body) as { previous_response_id?: string }).previous_response_id,
  ]);
  const [account] = told[0]!;
  expect(told.slice(1, 4)).toEqual([
    [account, 'resp_openai_1'],
    [account, 'resp_openai_2'],
    [account, 'resp_openai_3'],
  ]);
  expect(told[4]![0]).not.toBe(account);
});

test('a key that may leave no trace any more has left none', async () => {
  lane = 'node';
  const ids = [(await create('alice', {})).id, (await create('alice', {})).id];
  const bob = await create('bob', {});
  const { keys, ...rest } = authored();
  const quiet = keys.map((key) => (key.id === 'alice' ? { ...key, noLog: true } : key));
  gateway.snapshots.swap(makeSnapshot({ ...rest, keys: quiet }));
  expect((await ask('alice', 'GET', `/v1/responses/${ids[0]}`)).status).toBe(404);
  gateway.snapshots.swap(makeSnapshot({ ...rest, keys }));
  expect((await ask('alice', 'GET', `/v1/responses/${ids[1]}`)).status).toBe(404);
  expect((await ask('bob', 'GET', `/v1/responses/${bob.id}`)).status).toBe(200);
});

test('a conversation that outgrows a body is refused, whatever the body itself weighs', async () => {
  lane = 'node';
  const first = await create('alice', { input: 'x'.repeat(9_000) });
  gateway.snapshots.swap(makeSnapshot({ ...authored(), server: { maxBodySize: '9KB' } }));
  const grown = await create('alice', { model: 'other/m', previous_response_id: first.id });
  expect(grown).toMatchObject({ status: 413, error: { code: 'body_too_large' } });
});

/** The bytes of the agent's stream. */
async function record(): Promise<string> {
  const headers = { authorization: `Bearer ${keyOf('quiet')}` };
  const body = { model: 'openai/m', input: 'x', stream: true };
  return (await gateway.ask('node', { path: '/v1/responses', headers, body })).text;
}
