// Bodies and requests that no client should send: each is a 4xx that names what is wrong. Never a 5xx, a crash, a hang
// or a stack trace, and never a call to an upstream.
import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/routing/snapshot.ts';
import { chat, lanes, providerAt, startRig, type Call, type Rig } from '../support/gateway.ts';
import { makeCombo } from '../support/routing.ts';
import { frames, say, startUpstream, stream, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let rig: Rig;

beforeAll(async () => {
  upstream = await startUpstream(say());
  rig = await startRig({
    providers: [{ ...providerAt('one', upstream.baseUrl), models: ['m'], closed: true }],
    combos: [makeCombo('c', 'priority', ['one/m'])],
    limits: { maxBodySize: 100_000, maxDepth: 32 },
    timing: { bodyTimeout: 300 },
  });
});

afterAll(async () => {
  await rig.close();
  await upstream.close();
});

const body = (text: string | Buffer, headers: Record<string, string> = {}): Call => ({ body: text, headers });
const coded = (encoding: string, bytes: Buffer): Call => body(bytes, { 'content-encoding': encoding });
const bomb = Buffer.alloc(300_000_000, 0x20);
const fine = JSON.stringify(chat('c'));

/** What is sent, the status, and a word that the message must hold. */
const corpus: readonly (readonly [name: string, call: Call, status: number, word: string | RegExp])[] = [
  ['nothing', body(''), 400, 'JSON'],
  ['blanks', body('   \n'), 400, 'JSON'],
  ['a text', body('hello'), 400, 'JSON'],
  ['a list', body('[]'), 400, 'JSON'],
  ['a number', body('1'), 400, 'JSON'],
  ['null', body('null'), 400, 'JSON'],
  ['half an object', body('{"model":"c","messages":[{"role"'), 400, 'JSON'],
  ['a trailing comma', body('{"model":"c","messages":[],}'), 400, 'byte 27'],
  ['single quotes', body("{'model':'c'}"), 400, 'JSON'],
  ['NaN', body('{"model":"c","messages":[],"temperature":NaN}'), 400, 'JSON'],
  ['two objects', body('{"model":"c","messages":[]}{}'), 400, 'JSON'],
  ['a bare control character', body('{"model":"c\u0001","messages":[]}'), 400, 'control character'],
  ['a byte order mark', body(`\uFEFF${fine}`), 400, 'JSON'],
  ['broken UTF-8', body(Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])), 400, 'UTF-8'],
  ['UTF-16', body(Buffer.from(fine, 'utf16le')), 400, /UTF-8|JSON/],
  ['no model', body('{"messages":[]}'), 400, '"model"'],
  ['a null model', body('{"model":null,"messages":[]}'), 400, '"model"'],
  ['a number as model', body('{"model":7,"messages":[]}'), 400, '"model"'],
  ['an object as model', body('{"model":{},"messages":[]}'), 400, '"model"'],
  ['an empty model', body('{"model":"","messages":[]}'), 400, '"model"'],
  ['no messages', body('{"model":"c"}'), 400, '"messages"'],
  ['a text as messages', body('{"model":"c","messages":"hi"}'), 400, '"messages"'],
  ['a text as stream', body('{"model":"c","messages":[],"stream":"true"}'), 400, '"stream"'],
  ['a number as stream', body('{"model":"c","messages":[],"stream":1}'), 400, '"stream"'],
  ['a text as max_tokens', body('{"model":"c","messages":[],"max_tokens":"5"}'), 400, '"max_tokens"'],
  ['two models', body('{"model":"c","messages":[],"model":"one/m"}'), 400, '"model"'],
  [
    'two models, one escaped',
    body(String.raw`{"model":"c","messages":[],"\u006dodel":"one/m"}`),
    400,
    '"model"',
  ],
  ['two messages', body('{"model":"c","messages":[],"messages":[]}'), 400, '"messages"'],
  ['two streams', body('{"model":"c","messages":[],"stream":false,"stream":true}'), 400, '"stream"'],
  ['a deep body', body(`{"model":"c","messages":${'['.repeat(40)}${']'.repeat(40)}}`), 400, 'deep'],
  ['a very deep body', body(`{"model":"c","messages":${'['.repeat(90_000)}`), 400, 'deep'],
  ['a deep tower of objects', body(`{"model":"c","messages":[],"x":${'{"a":'.repeat(15_000)}`), 400, 'deep'],
  ['a huge body', body(JSON.stringify(chat('c', { user: 'x'.repeat(200_000) }))), 413, 'maxBodySize'],
  ['a gzip bomb', coded('gzip', gzipSync(bomb)), 413, 'maxBodySize'],
  ['a zstd bomb', coded('zstd', zstdCompressSync(bomb)), 413, 'maxBodySize'],
  ['a brotli bomb', coded('br', brotliCompressSync(bomb.subarray(0, 50_000_000))), 413, 'maxBodySize'],
  ['a deflate bomb', coded('deflate', deflateSync(bomb.subarray(0, 50_000_000))), 413, 'maxBodySize'],
  ['gzip that is none', coded('gzip', Buffer.from(fine)), 400, 'gzip'],
  ['gzip cut off', coded('gzip', gzipSync(fine).subarray(0, 20)), 400, 'gzip'],
  ['zstd that is none', coded('zstd', Buffer.from(fine)), 400, 'zstd'],
  ['an unknown encoding', coded('snappy', Buffer.from(fine)), 415, 'Content-Encoding'],
  ['a chain of encodings', coded('gzip, gzip', gzipSync(gzipSync(fine))), 415, 'Content-Encoding'],
  ['a form', body(fine, { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'application/json'],
  ['an upload', body(fine, { 'content-type': 'multipart/form-data; boundary=x' }), 415, 'application/json'],
  ['XML', body('<x/>', { 'content-type': 'application/xml' }), 415, 'application/json'],
  ['another charset', body(fine, { 'content-type': 'application/json; charset=latin1' }), 415, 'UTF-8'],
  ['an unknown model', body(JSON.stringify(chat('nope'))), 404, 'nope'],
  ['an unknown provider', body(JSON.stringify(chat('nope/x'))), 404, 'nope/x'],
  [
    'a model that the provider does not have',
    body(JSON.stringify(chat('one/x'))),
    404,
    'one does not serve "x"',
  ],
  ['__proto__ as model', body(JSON.stringify(chat('__proto__'))), 404, '__proto__'],
  ['__proto__ as provider', body(JSON.stringify(chat('__proto__/m'))), 404, '__proto__'],
  ['constructor as model', body(JSON.stringify(chat('constructor'))), 404, 'constructor'],
  ['__proto__ as the only key', body('{"__proto__":{"model":"c","messages":[]}}'), 400, '"model"'],
  ['a path step in the model', body(JSON.stringify(chat('one/../m'))), 400, 'model'],
  ['a step that goes nowhere', body(JSON.stringify(chat('one/./m'))), 400, 'model'],
  ['a step at the end of the model', body(JSON.stringify(chat('one/m/.'))), 400, 'model'],
  ['a line break in the model', body(JSON.stringify(chat('one/m\r\nx: y'))), 400, 'model'],
  ['a very long model', body(JSON.stringify(chat('x'.repeat(50_000)))), 400, 'model'],
  ['GET', { method: 'GET' }, 405, 'POST'],
  ['DELETE', { method: 'DELETE' }, 405, 'POST'],
  ['an unknown path', { ...body(fine), path: '/v1/chat/nothing' }, 404, '/v1/chat/nothing'],
  ['a path that climbs', { ...body(fine), path: '/v1/../../etc/passwd' }, 404, 'No such path'],
  ['a broken escape in a path', { method: 'GET', path: '/v1/models/%E0%A4%A' }, 404, 'No model'],
  ['an operation that is not there', { ...body('{}'), path: '/v1/images/generations' }, 404, 'not served'],
  ['a body in the words of another wire', { ...body(fine), path: '/v1/responses' }, 400, 'input'],
  ['the same by another name', { ...body(fine), path: '/codex/responses' }, 400, 'input'],
];

describe.each(lanes)('%s lane', (lane) => {
  it.each(corpus)('%s', async (_name, call, status, word) => {
    const answer = await rig.ask(lane, call);
    expect(answer).toMatchObject({ status, broken: false });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const { error } = JSON.parse(answer.text) as { error: { message: string; type: string; code: string } };
    expect(error.message).toMatch(
      word instanceof RegExp ? word : new RegExp(word.replaceAll(/[/.]/g, String.raw`\$&`)),
    );
    expect(error.code).toBeTypeOf('string');
    expect(answer.text).not.toMatch(/\.ts:\d|node:internal|at \w+ \(/);
    expect(answer.text.length).toBeLessThan(2_000);
    expect(upstream.calls).toHaveLength(0);
    expect(rig.faults).toEqual([]);
  });
});

describe.each(lanes)('%s lane takes what clients really send', (lane) => {
  it.each<[string, Call]>([
    ['no content type', body(fine, { 'content-type': '' })],
    ['text/plain', body(fine, { 'content-type': 'text/plain;charset=UTF-8' })],
    ['a vendor JSON type', body(fine, { 'content-type': 'application/vnd.api+json' })],
    ['gzip', coded('gzip', gzipSync(fine))],
    ['x-gzip', coded('x-gzip', gzipSync(fine))],
    ['deflate', coded('deflate', deflateSync(fine))],
    ['brotli', coded('br', brotliCompressSync(fine))],
    ['zstd', coded('zstd', zstdCompressSync(fine))],
    ['identity', coded('identity', Buffer.from(fine))],
    ['blanks around', body(`\n  ${fine}\n`)],
    ['unknown fields, doubled ones too', body('{"x":1,"model":"c","x":2,"messages":[]}')],
  ])('%s', async (_name, call) => {
    const before = upstream.calls.length;
    expect(await rig.ask(lane, call)).toMatchObject({ status: 200 });
    expect(upstream.calls).toHaveLength(before + 1);
  });
});

/** Sends raw bytes and answers everything that comes back until the connection ends. */
function raw(...parts: readonly (string | number)[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { hostname, port } = new URL(rig.server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('close', () => resolve(text));
  socket.on('error', () => {});
  for (const part of parts) if (typeof part === 'string') socket.write(part);
  return promise;
}

describe('on the bare socket', () => {
  const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

  it.each<[string, string, number]>([
    ['a header without end', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['many headers', `GET / HTTP/1.1\r\nHost: localhost\r\n${'X-A: b\r\n'.repeat(3_000)}\r\n`, 431],
    ['no HTTP at all', '\u0016\u0003\u0001 hello\r\n\r\n', 400],
    ['a line break in a header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n', 400],
    ['a length and chunks', `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['two lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
    ['a broken chunk', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
    ['no host', 'GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ])('%s', async (_name, text, status) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toMatch(/\.ts:\d|node:internal/);
  });

  it('answers 408 to a body that stops coming', async () => {
    const answer = await raw(`${head}Content-Length: 100\r\n\r\n{"model":`);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"request_timeout"');
  });

  it('answers 413 before the body has come when its length says enough', async () => {
    const answer = await raw(`${head}Content-Length: 999999999\r\nConnection: close\r\n\r\n{"model":`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('answers what came whole before it says that the rest is broken', async () => {
    const answer = await raw('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nno HTTP at all\r\n\r\n');
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  it('writes no second answer into one that is running', async () => {
    upstream.play(stream([frames.role, frames.hello], 'stall'));
    const { hostname, port } = new URL(rig.server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const text = JSON.stringify(chat('c', { stream: true }));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (answer.includes('Hello')) socket.write('no HTTP at all\r\n\r\n');
    });
    socket.write(`${head}Content-Length: ${text.length}\r\n\r\n${text}`);
    await new Promise((resolve) => socket.on('close', resolve).on('error', () => undefined));
    await upstream.calls.at(-1)!.gone;
    upstream.play(say());
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(answer).toContain('Hello');
  });

  it('still serves after all of this', async () => {
    expect(await rig.ask('node', body(fine))).toMatchObject({ status: 200 });
  });
});

describe('names from users', () => {
  it('serves combos, keys and providers that are called like members of Object', async () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const odd = await startRig({
      providers: names.map((name) => providerAt(name, upstream.baseUrl)),
      combos: [makeCombo('hasOwnProperty', 'priority', ['__proto__/m'])],
      keys: createLookup([]),
    });
    try {
      for (const model of ['hasOwnProperty', ...names.map((name) => `${name}/m`)]) {
        expect(await odd.ask('node', { body: chat(model) })).toMatchObject({ status: 200 });
      }
      expect(odd.rows.map(({ provider }) => provider)).toEqual(['__proto__', ...names]);
    } finally {
      await odd.close();
    }
  });
});
