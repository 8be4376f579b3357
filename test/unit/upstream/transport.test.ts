// One call through undici against real sockets: order of events, pieces of a body, pauses, aborts, compression, and what
// trouble is called.
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UpstreamFailure } from '../../../src/errors.ts';
import type { RawHeaders } from '../../../src/protocols/protocol.ts';
import {
  createTransport,
  type Transport,
  type UpstreamCall,
  type UpstreamRequest,
} from '../../../src/upstream/transport.ts';
import { findClosedPort, startUpstream, type Script, type Upstream } from '../../support/upstream.ts';

let upstream: Upstream;
let transport: Transport;

beforeAll(async () => {
  upstream = await startUpstream();
  transport = createTransport();
});

afterAll(async () => {
  await transport.close(1_000);
  await upstream.close();
});

const bytes = (...texts: string[]) => texts.map((text) => Buffer.from(text));

function request(part: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'POST',
    baseUrl: upstream.baseUrl,
    path: '/chat/completions?a=b',
    headers: { 'content-type': 'application/json' },
    body: bytes('{}'),
    sandbox: false,
    reach: 'private',
    connectTimeout: 1_000,
    ...part,
  };
}

interface Result {
  readonly events: string[];
  readonly headers: RawHeaders;
  readonly text: string;
  readonly failure: UpstreamFailure | undefined;
}

function send(
  part: Partial<UpstreamRequest> = {},
  onData: (call: UpstreamCall) => boolean = () => true,
): Promise<Result> {
  const { promise, resolve } = Promise.withResolvers<Result>();
  const events: string[] = [];
  const chunks: Uint8Array[] = [];
  let headers: RawHeaders = {};
  const finish = (failure?: UpstreamFailure) =>
    resolve({ events, headers, text: Buffer.concat(chunks).toString(), failure });
  const call = transport.send(request(part), {
    onHead: (status, received) => {
      events.push(`head ${status}`);
      headers = received;
    },
    onData: (chunk) => {
      if (events.at(-1) !== 'data') events.push('data');
      chunks.push(chunk);
      return onData(call);
    },
    onEnd: () => {
      events.push('end');
      finish();
    },
    onFailure: (failure) => {
      events.push('failure');
      finish(failure);
    },
  });
  return promise;
}

const answer =
  (text: string | Buffer, headers: Record<string, string> = {}): Script =>
  ({ response }) =>
    void response.writeHead(200, headers).end(text);

describe('a call', () => {
  it('tells head, data and end in this order', async () => {
    upstream.play(answer('hello', { 'x-a': '1' }));
    const { events, headers, text } = await send();
    expect(events).toEqual(['head 200', 'data', 'end']);
    expect(headers['x-a']).toBe('1');
    expect(text).toBe('hello');
    expect(upstream.calls.at(-1)!.path).toBe('/v1/chat/completions?a=b');
  });

  it.each([
    ['one piece', bytes('{"a":1}')],
    ['small pieces', bytes('{"a"', ':', '1}')],
    ['a large piece among small ones', bytes('{"a":"', 'x'.repeat(100_000), '"}')],
    ['many large pieces', bytes('y'.repeat(70_000), 'z'.repeat(70_000), 'end')],
  ])('sends %s as one body with its length', async (_name, body) => {
    upstream.play(answer('ok'));
    await send({ body });
    const seen = upstream.calls.at(-1)!;
    expect(seen.body).toBe(Buffer.concat(body).toString());
    expect(seen.headers['content-length']).toBe(String(Buffer.concat(body).length));
    expect(seen.headers['transfer-encoding']).toBeUndefined();
  });

  it('sends no body at all', async () => {
    upstream.play(answer('ok'));
    await send({ method: 'GET', body: [] });
    expect(upstream.calls.at(-1)!.body).toBe('');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('unpacks %s', async (encoding, pack) => {
    const plain = 'packed '.repeat(50_000);
    upstream.play(answer(pack(Buffer.from(plain)), { 'content-encoding': encoding }));
    const { events, text } = await send();
    expect(text === plain).toBe(true);
    expect(events).toEqual(['head 200', 'data', 'end']);
  });

  it('pauses until it is resumed, packed or not', async () => {
    const plain = 'p'.repeat(2_000_000);
    for (const script of [
      answer(plain),
      answer(gzipSync(Buffer.from(plain)), { 'content-encoding': 'gzip' }),
    ]) {
      upstream.play(script);
      let pauses = 0;
      const { text } = await send({}, (call) => {
        pauses++;
        setImmediate(() => call.resume());
        return false;
      });
      expect(text === plain).toBe(true);
      expect(pauses).toBeGreaterThan(2);
    }
  });

  it('aborts: nothing more is told, and the upstream notices', async () => {
    upstream.play(({ response }) => void response.writeHead(200).write('first'));
    let told = 0;
    const started = Promise.withResolvers<void>();
    const call = transport.send(request(), {
      onHead: () => told++,
      onData: () => {
        told++;
        started.resolve();
        return true;
      },
      onEnd: () => told++,
      onFailure: () => told++,
    });
    await started.promise;
    call.abort();
    call.abort();
    await upstream.calls.at(-1)!.gone;
    expect(told).toBe(2);
  });

  it('aborts when everything has come already: no end is told', async () => {
    upstream.play(answer('whole'));
    const events: string[] = [];
    const told = Promise.withResolvers<void>();
    const call = transport.send(request(), {
      onHead: () => undefined,
      onData: () => {
        call.abort();
        setImmediate(told.resolve);
        return true;
      },
      onEnd: () => events.push('end'),
      onFailure: () => events.push('failure'),
    });
    await told.promise;
    expect(events).toEqual([]);
  });

  it.each([
    ['with the head', 'onHead', answer('whole')],
    ['with data', 'onData', answer('whole')],
    ['at the end', 'onEnd', answer('whole')],
    ['with data that came compressed', 'onData', answer(gzipSync('whole'), { 'content-encoding': 'gzip' })],
    ['at an end that came compressed', 'onEnd', answer(gzipSync('whole'), { 'content-encoding': 'gzip' })],
  ] as const)('tells a failure to a handler that breaks %s', async (_name, where, script) => {
    upstream.play(script);
    const { promise, resolve } = Promise.withResolvers<UpstreamFailure>();
    transport.send(request(), {
      onHead: () => undefined,
      onData: () => true,
      onEnd: () => undefined,
      onFailure: resolve,
      [where]: () => {
        throw new Error('broken');
      },
    });
    expect(await promise).toMatchObject({ class: 'upstream' });
  });

  it('aborts before there is a connection', async () => {
    const never = {
      onHead: () => expect.unreachable(),
      onData: () => true,
      onEnd: () => expect.unreachable(),
      onFailure: () => expect.unreachable(),
    };
    const before = upstream.calls.length;
    const call = transport.send(request({ connectTimeout: 1_234 }), never);
    call.abort();
    upstream.play(answer('ok'));
    await send();
    expect(upstream.calls.length - before).toBeLessThanOrEqual(2);
  });
});

/** A TCP server that answers with these bytes and then breaks the connection. */
async function withRaw(text: string, run: (url: string) => Promise<Result>): Promise<Result> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => (text === '' ? socket.resetAndDestroy() : socket.end(text)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('what trouble is called', () => {
  it.each([
    ['a reset', '', 'upstream'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'upstream'],
    ['a head that breaks off', 'HTTP/1.1 200 OK\r\nContent-', 'upstream'],
    ['a body that breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', 'upstream'],
    ['a chunk that breaks off', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab', 'upstream'],
    [
      'a broken gzip',
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc',
      'upstream',
    ],
    [
      'an unknown encoding',
      'HTTP/1.1 200 OK\r\nContent-Encoding: snappy\r\nContent-Length: 3\r\n\r\nabc',
      'upstream',
    ],
  ])('%s', async (_name, text, kind) => {
    const { failure, events } = await withRaw(text, (baseUrl) => send({ baseUrl, path: '' }));
    expect(failure).toMatchObject({ class: kind });
    expect(failure!.message).toMatch(/^[A-Z].*\.$/);
    expect(failure!.message).not.toMatch(/127\.0\.0\.1|ECONN|UND_ERR/);
    expect(events.filter((event) => event === 'failure' || event === 'end')).toEqual(['failure']);
  });

  it.each([
    ['a closed port', async () => `${await findClosedPort()}/x`],
    ['a name that does not resolve', async () => 'http://no-such-host.invalid/x'],
    ['no URL', async () => 'nonsense'],
    ['TLS where there is none', async () => `${upstream.baseUrl.replace('http:', 'https:')}/x`],
  ])('%s is no connection', async (_name, makeUrl) => {
    upstream.play(answer('plain'));
    const { failure, events } = await send({ baseUrl: await makeUrl(), path: '' });
    expect(failure).toMatchObject({ class: 'connection' });
    expect(events).toEqual(['failure']);
  });

  it('a connection that does not come about in time', async () => {
    // An address that is reserved for documentation: nothing answers there, or the machine has no route at all.
    const { failure } = await send({ baseUrl: 'http://192.0.2.1:81', path: '/x', connectTimeout: 300 });
    expect(failure).toMatchObject({ class: 'connection' });
  });
});

describe('pools', () => {
  it('close what no snapshot names any more, once its calls have ended', async () => {
    const own = createTransport();
    const other = await startUpstream(answer('bye'));
    const { promise, resolve } = Promise.withResolvers<void>();
    own.send(request({ baseUrl: other.baseUrl, path: '/x' }), {
      onHead: () => own.retain(new Set()),
      onData: () => true,
      onEnd: resolve,
      onFailure: () => expect.unreachable(),
    });
    await promise;
    await other.close();
    await own.close(1_000);
  });
});
