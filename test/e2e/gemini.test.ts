// Gemini clients at Gemini upstreams: bytes pass, the path says model and kind of answer, errors are Google's own.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lanes, startRig, type Rig } from '../support/gateway.ts';
import { makeEndpoint, makeProvider, profile } from '../support/routing.ts';
import { startUpstream, type Script, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let rig: Rig;

beforeEach(async () => {
  upstream = await startUpstream();
  const endpoint = makeEndpoint({
    protocol: 'gemini',
    baseUrl: upstream.baseUrl.replace('/v1', '/v1beta'),
    auth: 'x-goog-api-key',
  });
  rig = await startRig({ providers: [makeProvider('google', { endpoints: [endpoint] })] });
});

afterEach(async () => {
  await rig.close();
  await upstream.close();
});

const body = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], custom_field: { kept: 1 } };
const usageMetadata = {
  promptTokenCount: 11,
  candidatesTokenCount: 2,
  thoughtsTokenCount: 3,
  totalTokenCount: 16,
};

function chunk(text: string, finishReason?: string): object {
  const candidate = { content: { role: 'model', parts: [{ text }] }, index: 0 };
  return { candidates: [finishReason ? { ...candidate, finishReason } : candidate], usageMetadata };
}

function says(type: string, ...pieces: readonly string[]): Script {
  return async ({ response }) => {
    response.writeHead(200, { 'content-type': type });
    for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve));
    response.end();
  };
}

const sse = (value: object): string => `data: ${JSON.stringify(value)}\r\n\r\n`;

test('a stream whose first token is long in coming shows its status, and not one byte that its clients cannot read', async () => {
  const endpoint = makeEndpoint({ protocol: 'gemini', baseUrl: upstream.baseUrl, auth: 'x-goog-api-key' });
  const slow = await startRig({
    providers: [makeProvider('slow', { endpoints: [endpoint], profile: { ...profile, commitAfter: 20 } })],
  });
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  upstream.play(async ({ response }) => {
    await begun;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(sse(chunk('Hello', 'STOP')));
  });
  const answer = await fetch(`${slow.server.url}/v1beta/models/slow/m:streamGenerateContent?alt=sse`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  begin();
  expect(await answer.text()).toBe(sse(chunk('Hello', 'STOP')));
  await slow.close();
});

describe.each(lanes)('the %s lane', (lane) => {
  const call = (verb: string, more: object = {}) =>
    rig.ask(lane, { path: `/v1beta/models/google/gemini-2.5-pro:${verb}`, body, ...more });

  test('a whole answer passes, and the path names the upstream’s model', async () => {
    const answer = JSON.stringify(chunk('Hello', 'STOP'));
    upstream.play(says('application/json; charset=UTF-8', answer));
    const got = await call('generateContent');
    expect([got.status, got.text]).toEqual([200, answer]);
    const seen = upstream.calls.at(-1)!;
    expect(seen.path).toBe('/v1beta/models/gemini-2.5-pro:generateContent');
    expect(JSON.parse(seen.body)).toEqual(body);
    expect(seen.headers['x-goog-api-key']).toMatch(/^secret-of-/);
    expect(rig.rows.at(-1)).toMatchObject({ tokens: { input: 11, output: 5, reasoning: 3 } });
  });

  test('a stream passes frame by frame, without comments and terminal words, with its last blank line', async () => {
    const frames = [sse(chunk('Hel')), sse(chunk('lo')), sse(chunk('', 'STOP')).trimEnd()];
    upstream.play(
      says('text/event-stream', ': hello\n\n', ...frames.slice(0, 2), 'data: [DONE]\n\n', frames[2]!),
    );
    const got = await call('streamGenerateContent?alt=sse');
    expect(got.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(got.text).toBe(`${frames.join('')}\n\n`);
    expect(upstream.calls.at(-1)!.path).toBe('/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse');
    expect(rig.rows.at(-1)).toMatchObject({ tokens: { input: 11, output: 5 } });
  });

  test('without alt=sse the stream is one JSON array', async () => {
    const chunks = [chunk('Hel{"\\'), chunk('lo'), chunk('', 'STOP')];
    const text = `[${chunks.map((each) => JSON.stringify(each)).join('\n,\r\n')}\n]\n`;
    upstream.play(
      says('application/json; charset=UTF-8', text.slice(0, 40), text.slice(40, 41), text.slice(41)),
    );
    const got = await call('streamGenerateContent');
    expect(got.headers['content-type']).toBe('application/json; charset=UTF-8');
    expect(JSON.parse(got.text)).toEqual(chunks);
    expect(upstream.calls.at(-1)!.path).toBe('/v1beta/models/gemini-2.5-pro:streamGenerateContent');
  });

  test('a blocked prompt is an answer', async () => {
    const blocked = {
      promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
      usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
    };
    upstream.play(says('application/json', JSON.stringify(blocked)));
    expect(JSON.parse((await call('generateContent')).text)).toEqual(blocked);
    upstream.play(says('text/event-stream', sse(blocked)));
    expect((await call('streamGenerateContent?alt=sse')).text).toBe(sse(blocked));
  });

  test('errors are Google’s own', async () => {
    const error = { code: 400, message: 'Invalid value at contents', status: 'INVALID_ARGUMENT' };
    upstream.play(({ response }) => {
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    });
    const got = await call('generateContent');
    expect(got.status).toBe(400);
    expect(JSON.parse(got.text)).toMatchObject({ error });
    const array = await call('streamGenerateContent');
    expect(JSON.parse(array.text)).toMatchObject([{ error }]);
    const bad = await call('generateContent', { body: { contents: 'Hi' } });
    expect(JSON.parse(bad.text)).toMatchObject({
      error: { code: 400, status: 'INVALID_ARGUMENT', message: expect.stringContaining('contents') },
    });
    const unknown = await rig.ask(lane, { path: '/v1beta/models/nobody/x:generateContent', body });
    expect(JSON.parse(unknown.text)).toMatchObject({ error: { code: 404, status: 'NOT_FOUND' } });
    const nowhere = await rig.ask(lane, { path: '/v1beta/nothing', body });
    expect(JSON.parse(nowhere.text)).toMatchObject({ error: { code: 404, status: 'NOT_FOUND' } });
  });

  test('an error inside a stream is told, and the connection is broken', async () => {
    const error = { code: 503, message: 'Overloaded', status: 'UNAVAILABLE' };
    upstream.play(says('text/event-stream', sse(chunk('Hel')), sse({ error })));
    // Both may come in one read: then there is still a status to tell it with.
    const got = await call('streamGenerateContent?alt=sse');
    expect(got.text).toContain('"code":503');
    expect(got.broken).toBe(got.status === 200);
  });

  test('an array that is cut ends in an error and a broken connection', async () => {
    upstream.play(says('application/json', `[${JSON.stringify(chunk('Hel'))},`));
    const array = await call('streamGenerateContent');
    expect(array.broken).toBe(true);
    expect(JSON.parse(array.text)).toMatchObject([
      chunk('Hel'),
      { error: { code: 502, status: 'INTERNAL' } },
    ]);
  });
});
