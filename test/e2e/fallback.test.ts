// What clients see when upstreams misbehave, through both lanes: fallback is invisible until the first token has been
// sent; after it the protocol's own error frame and a broken connection.
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chat, lanes, providerAt, startRig, type Answer, type Rig } from '../support/gateway.ts';
import { makeCombo, makeEndpoint } from '../support/routing.ts';
import {
  answerBody,
  fail,
  findClosedPort,
  frame,
  frames,
  say,
  startUpstream,
  stream,
  type Script,
  type Upstream,
} from '../support/upstream.ts';

const html: Script = ({ response }) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>');
const empty: Script = ({ response }) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end();
const resetBeforeHead: Script = ({ socket }) => void socket.destroy();
const stallBeforeHead: Script = () => {};
const emptyObject: Script = ({ response }) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
const errorIn200: Script = ({ response }) =>
  void response
    .writeHead(200, { 'content-type': 'application/json' })
    .end('{"error":{"message":"full","type":"overloaded_error"}}');
const truncated: Script = ({ response }) =>
  void response
    .writeHead(200, { 'content-type': 'application/json', connection: 'close' })
    .end(answerBody().slice(0, -20));
const shortOfLength: Script = ({ response, socket }) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
  response.write(answerBody(), () => socket.destroy());
};
const errorFrame = `data: ${JSON.stringify({ error: { message: 'Overloaded', type: 'overloaded_error' } })}\n\n`;

let first: Upstream;
let second: Upstream;
let rig: Rig;
let closedPort: string;

beforeEach(async () => {
  first = await startUpstream(say('first'));
  second = await startUpstream(say('second'));
  closedPort = await findClosedPort();
  const numbers = { firstTokenTimeout: 250, idleTimeout: 250, commitAfter: 60_000 };
  rig = await startRig({
    providers: [
      providerAt('one', first.baseUrl, numbers),
      providerAt('two', second.baseUrl),
      providerAt('closed', closedPort),
    ],
    combos: [
      makeCombo('pair', 'priority', ['one/m', 'two/m']),
      makeCombo('dead', 'priority', ['closed/m', 'two/m']),
    ],
  });
});

afterEach(async () => {
  await rig.close();
  await Promise.all([first.close(), second.close()]);
});

function contentOf(answer: Answer): string {
  if (String(answer.headers['content-type']).startsWith('application/json')) {
    return (JSON.parse(answer.text) as { choices: { message: { content: string } }[] }).choices[0]!.message
      .content;
  }
  const datas = answer.text.split('\n\n').filter((part) => part.startsWith('data: {'));
  return datas
    .map(
      (data) =>
        (JSON.parse(data.slice(6)) as { choices: { delta?: { content?: string } }[] }).choices[0]?.delta
          ?.content ?? '',
    )
    .join('');
}

it('gives Anthropic clients the id under the name that their SDK knows', async () => {
  const anthropic = await startRig({
    providers: [
      {
        ...providerAt('one', first.baseUrl),
        endpoints: [makeEndpoint({ protocol: 'anthropic-messages', baseUrl: first.baseUrl })],
      },
    ],
  });
  try {
    const answer = {
      type: 'message',
      content: [{ type: 'text', text: 'hi' }],
      usage: { input_tokens: 1, output_tokens: 1 },
    };
    first.play(
      ({ response }) =>
        void response
          .writeHead(200, { 'content-type': 'application/json', 'request-id': 'theirs' })
          .end(JSON.stringify(answer)),
    );
    const body = { model: 'one/m', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] };
    const { status, headers } = await anthropic.ask('node', { path: '/v1/messages', body });
    expect(status).toBe(200);
    expect(headers['request-id']).toBe(anthropic.rows[0]!.requestId);
  } finally {
    await anthropic.close();
  }
});

describe.each(lanes)('%s lane', (lane) => {
  const ask = (more: object = {}, model = 'pair') => rig.ask(lane, { body: chat(model, more) });

  it('answers, streamed and whole, and says who did', async () => {
    for (const streamed of [false, true]) {
      const answer = await ask({ stream: streamed });
      expect(answer).toMatchObject({ status: 200, broken: false });
      expect(contentOf(answer)).toBe('first');
      expect(answer.headers).toMatchObject({
        'x-omniroute-provider': 'one',
        'x-omniroute-model': 'm',
        'x-omniroute-attempts': '1',
        'x-omniroute-revision': 'abc123abc123',
      });
    }
    expect(rig.rows).toHaveLength(2);
    expect(rig.rows[0]).toMatchObject({
      provider: 'one',
      connection: 'default',
      model: 'm',
      requestedModel: 'pair',
      status: 200,
      errorCode: null,
      tokens: { input: 11, output: 2 },
      estimated: false,
      secretEpoch: 3,
    });
    expect(first.calls[1]!.headers.authorization).toBe('Bearer secret-of-ONE_API_KEY');
  });

  it('asks a stream for usage, and withholds the chunk that the client did not ask for', async () => {
    const answer = await ask({ stream: true });
    expect(JSON.parse(first.calls[0]!.body)).toMatchObject({
      model: 'm',
      stream_options: { include_usage: true },
    });
    expect(answer.text).not.toContain('usage');
    expect(answer.text.endsWith(frames.done)).toBe(true);
    expect(rig.rows[0]!.tokens).toMatchObject({ input: 11, output: 2 });
    const asked = await ask({ stream: true, stream_options: { include_usage: true } });
    expect(asked.text).toContain('"usage":{"prompt_tokens":11');
  });

  it.each<[string, Script]>([
    ['408', fail(408)],
    ['429', fail(429, 'slow down', { 'retry-after': '1' })],
    ['500', fail(500)],
    ['503', fail(503)],
    ['529', fail(529)],
    ['401', fail(401)],
    ['a reset before the head', resetBeforeHead],
    ['an empty 200', empty],
    ['a 200 without choices', emptyObject],
    ['an error inside a 200', errorIn200],
    ['a truncated answer', truncated],
    ['less than it announced', shortOfLength],
    ['a web page', html],
    ['a stream where none was asked for', stream([frames.hello, frames.stop, frames.done])],
    [
      'an answer that stalls in its body',
      ({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"cho'),
    ],
  ])('falls back from %s, unstreamed', async (_name, script) => {
    first.play(script);
    const answer = await ask();
    expect(answer).toMatchObject({ status: 200, broken: false });
    expect(contentOf(answer)).toBe('second');
    expect(answer.headers['x-omniroute-attempts']).toBe('2');
    expect(JSON.parse(rig.rows[0]!.attempts)).toMatchObject([
      { target: 'one/m' },
      { target: 'two/m', status: 200 },
    ]);
  });

  it.each<[string, Script]>([
    ['429', fail(429)],
    ['503', fail(503)],
    ['a reset before the head', resetBeforeHead],
    ['a stall before the head', stallBeforeHead],
    ['a web page', html],
    ['JSON instead of a stream', say('first').bind(undefined)],
    ['an empty stream', stream([])],
    ['a cut right behind the head', stream([], 'cut')],
    ['an error as first frame', stream([errorFrame])],
    ['an error behind the role', stream([frames.role, errorFrame])],
    ['a cut before the first token', stream([frames.role], 'cut')],
    ['a clean end before the first token', stream([frames.role])],
    ['a stall before the first token', stream([frames.role], 'stall')],
    ['a frame that is not JSON', stream([frames.role, 'data: {"choices":[{\n\n'])],
  ])('falls back from %s, streamed', async (name, script) => {
    first.play(
      name.startsWith('JSON')
        ? ({ response }) =>
            void response.writeHead(200, { 'content-type': 'application/json' }).end(answerBody())
        : script,
    );
    const answer = await ask({ stream: true });
    expect(answer).toMatchObject({ status: 200, broken: false });
    expect(contentOf(answer)).toBe('second');
    expect(answer.text.match(/"role":"assistant"/g)).toHaveLength(1);
    expect(answer.headers['x-omniroute-provider']).toBe('two');
  });

  it('falls back from a closed port', async () => {
    expect(contentOf(await ask({}, 'dead'))).toBe('second');
    expect(contentOf(await ask({ stream: true }, 'dead'))).toBe('second');
  });

  it.each<[string, Script]>([
    ['cut', stream([frames.role, frames.hello], 'cut')],
    ['clean end without a terminal', stream([frames.role, frames.hello])],
    ['error frame', stream([frames.role, frames.hello, errorFrame])],
    ['stall', stream([frames.role, frames.hello], 'stall')],
  ])('after the first token a %s is an error frame and a broken connection', async (_name, script) => {
    first.play(script);
    const answer = await ask({ stream: true });
    expect(answer).toMatchObject({ status: 200, broken: true });
    expect(answer.text).toContain('Hello');
    expect(answer.text).not.toContain('[DONE]');
    const last = answer.text.trimEnd().split('\n\n').at(-1)!;
    expect(JSON.parse(last.slice(6))).toMatchObject({ error: { type: 'server_error' } });
    expect(second.calls).toHaveLength(0);
    expect(rig.rows[0]).toMatchObject({ status: 200, estimated: true });
    expect(rig.rows[0]!.errorCode).toMatch(/^upstream_/);
  });

  it('takes a finish without [DONE] for an end, and the first [DONE] for the only one', async () => {
    first.play(
      stream([frames.role, frames.hello, frames.stop]),
      stream([frames.hello, frames.stop, frames.done, frames.done, frames.hello]),
    );
    for (let i = 0; i < 2; i++) {
      const answer = await ask({ stream: true });
      expect(answer.broken).toBe(false);
      expect(answer.text.match(/\[DONE\]/g)).toHaveLength(1);
      expect(answer.text.endsWith(frames.done)).toBe(true);
    }
  });

  it('gives the same stream when it arrives byte by byte', async () => {
    const text = frames.role + frame({ content: 'Grüße' }) + frames.stop + frames.done;
    first.play(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
      response.end();
    });
    expect((await ask({ stream: true })).text).toBe(text);
  });

  it('decodes an answer that is compressed although nobody asked', async () => {
    const plain = answerBody('packed');
    first.play(({ response, headers }) => {
      expect(headers['accept-encoding']).toBe('identity');
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync(plain));
    });
    const answer = await ask();
    expect(answer.text).toBe(plain);
    expect(answer.headers['content-encoding']).toBeUndefined();
  });

  it('keeps the own words of a refused request and does not try another', async () => {
    first.play(fail(400, 'messages: roles must alternate'));
    const answer = await ask();
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { message: 'messages: roles must alternate' } });
    expect(second.calls).toHaveLength(0);
    expect(rig.rows[0]).toMatchObject({ status: 400, errorCode: 'upstream_error', tokens: {}, cost: null });
  });

  it('tells what everybody said when all have failed', async () => {
    first.play(fail(503, 'busy'));
    second.play(fail(429, 'later', { 'retry-after': '7' }));
    const answer = await ask({ stream: true });
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe('7');
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { message: expect.stringContaining('one/m: 503, two/m: 429') },
    });
  });

  it('answers 502 when nobody can be reached, without addresses', async () => {
    const answer = await ask({}, 'closed/m');
    expect(answer.status).toBe(502);
    expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONN|at .*\.ts/);
    expect(rig.rows[0]).toMatchObject({ status: 502, errorCode: 'upstream_unreachable' });
  });
});
