// Ollama clients on an Ollama upstream: the bytes pass untouched, both ways and in both forms of the wire, and what the
// gateway must see (first token, counts, errors, the end) it sees.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lanes, startRig, type Rig } from '../support/gateway.ts';
import { makeEndpoint, makeProvider } from '../support/routing.ts';
import { startUpstream, type Script, type Upstream } from '../support/upstream.ts';

const head = { model: 'llama', created_at: '2026-11-22T00:00:00.123456789Z' };
const counts = { total_duration: 5, prompt_eval_count: 11, eval_count: 2 };
const line = (members: object) => `${JSON.stringify({ ...head, ...members })}\n`;
const say = (content: string) => line({ message: { role: 'assistant', content }, done: false });
const last = line({
  message: { role: 'assistant', content: '' },
  done: true,
  done_reason: 'stop',
  ...counts,
});

let upstream: Upstream;
let rig: Rig;

beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());
beforeEach(async () => {
  upstream.calls.length = 0;
  const baseUrl = new URL(upstream.baseUrl).origin;
  const endpoints = [makeEndpoint({ protocol: 'ollama', baseUrl, auth: 'none' })];
  const other = makeProvider('other', { endpoints: [makeEndpoint({ baseUrl: upstream.baseUrl })] });
  rig = await startRig({ providers: [makeProvider('local', { endpoints }), other] });
});
afterEach(() => rig.close());

/** Writes the pieces one after the other, each once the one before it has gone. */
function plays(pieces: readonly string[], type = 'application/x-ndjson'): Script {
  return async ({ response }) => {
    response.writeHead(200, { 'content-type': type });
    for (const piece of pieces) {
      await new Promise((resolve) => response.write(piece, resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };
}

const question = {
  model: 'local/llama',
  messages: [{ role: 'user', content: 'é?' }],
  options: { min_p: 0.1 },
};

describe.each(lanes)('%s lane', (lane) => {
  it('streams when nothing is said about it, line by line as it came', async () => {
    const text = say('Hé') + say('llo') + last;
    upstream.play(plays([text]));
    const answer = await rig.ask(lane, { path: '/api/chat', body: question });
    expect(answer).toMatchObject({ status: 200, text, broken: false });
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    const [call] = upstream.calls;
    expect(call).toMatchObject({ path: '/api/chat', headers: { accept: 'application/x-ndjson' } });
    expect(JSON.parse(call!.body)).toEqual({ ...question, model: 'llama' });
    expect(rig.rows.at(-1)).toMatchObject({ tokens: { input: 11, output: 2 } });
  });

  it('gives a whole answer when the stream is refused', async () => {
    const whole = line({ message: { role: 'assistant', content: 'Hello' }, done: true, ...counts });
    upstream.play(plays([whole], 'application/json; charset=utf-8'));
    const answer = await rig.ask(lane, { path: '/v1/api/chat', body: { ...question, stream: false } });
    expect(answer).toMatchObject({ status: 200, text: whole });
    expect(answer.headers).toMatchObject({ 'x-omniroute-tokens-in': '11', 'x-omniroute-tokens-out': '2' });
  });

  it('passes generate on to generate, with everything that only Ollama knows', async () => {
    const text =
      line({ response: 'Hi', done: false }) + line({ response: '', done: true, context: [1], ...counts });
    upstream.play(plays([text]));
    const body = {
      model: 'local/llama',
      prompt: 'a',
      suffix: 'z',
      raw: true,
      context: [7],
      keep_alive: '5m',
    };
    const answer = await rig.ask(lane, { path: '/api/generate', body });
    expect(answer).toMatchObject({ status: 200, text });
    expect(upstream.calls[0]!.path).toBe('/api/generate');
    expect(JSON.parse(upstream.calls[0]!.body)).toEqual({ ...body, model: 'llama' });
  });

  it('turns an error of the first line into a status', async () => {
    upstream.play(plays(['{"error":"model runner has crashed"}\n']));
    const early = await rig.ask(lane, { path: '/api/chat', body: question });
    expect(early.status).toBe(502);
    expect(JSON.parse(early.text)).toEqual({ error: 'model runner has crashed' });
  });

  it('lets an error behind a token be the last line of a broken stream', async () => {
    upstream.play(plays([say('He'), '{"error":"model runner has crashed"}\n']));
    const late = await rig.ask(lane, { path: '/api/chat', body: question });
    expect(late).toMatchObject({ status: 200, broken: true });
    expect(late.text).toBe(`${say('He')}{"error":"model runner has crashed"}\n`);
  });

  it('never lets a stream without its last line look whole', async () => {
    upstream.play(plays([say('He')]));
    const answer = await rig.ask(lane, { path: '/api/chat', body: question });
    expect(answer.broken).toBe(true);
    expect(answer.text).toBe(`${say('He')}{"error":"The upstream cut the stream."}\n`);
  });

  it('reads what plain curl sends', async () => {
    upstream.play(plays([last]));
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await rig.ask(lane, { path: '/api/chat', headers, body: question });
    expect(answer.status).toBe(200);
    const other = await rig.ask(lane, { path: '/v1/chat/completions', headers, body: question });
    expect(other.status).toBe(415);
  });

  it("keeps Ollama's own words and status, as a text", async () => {
    upstream.play(({ response }) => {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":"model \'llama\' not found"}');
    });
    const answer = await rig.ask(lane, { path: '/api/chat', body: question });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toEqual({ error: "model 'llama' not found" });
  });

  it.each([
    ['an unknown model', '/api/chat', { model: 'nope' }, 404, /nope/],
    ['no model', '/api/generate', { prompt: 'x' }, 400, /"model" is missing/],
    ['messages that are no list', '/api/chat', { model: 'local/llama', messages: 'x' }, 400, /"messages"/],
    ['a prompt that is no text', '/api/generate', { model: 'local/llama', prompt: ['x'] }, 400, /"prompt"/],
    ['a path of nobody', '/v1/api/nothing', {}, 404, /No such path/],
    ['a pull of a model', '/api/pull', { model: 'llama' }, 404, /No such path/],
  ] as const)('answers %s with a text', async (_name, path, body, status, words) => {
    const answer = await rig.ask(lane, { path, body });
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.text) as { error: string }).error).toMatch(words);
  });

  it.each([
    ['/api/chat', { messages: [] }, 'load'],
    ['/api/chat', { messages: [], stream: false, keep_alive: 0 }, 'unload'],
    ['/api/generate', {}, 'load'],
    ['/api/generate', { prompt: '', system: 'Be terse.', keep_alive: '5m' }, 'load'],
  ] as const)('%s with %j loads nothing where another vendor answers', async (path, body, reason) => {
    const answer = await rig.ask(lane, { path, body: { model: 'other/m', ...body } });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ model: 'other/m', done: true, done_reason: reason });
    expect(upstream.calls).toHaveLength(0);
  });

  it('passes such a request on to an Ollama server', async () => {
    const loaded = line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'load' });
    upstream.play(plays([loaded]));
    const answer = await rig.ask(lane, { path: '/api/chat', body: { model: 'local/llama', messages: [] } });
    expect(answer).toMatchObject({ status: 200, text: loaded });
  });
});
