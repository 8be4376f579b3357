// Clients that leave and upstreams that are left: nothing goes on for nobody, and no socket stays behind.
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chat, createMemoryLedger, providerAt, startRig, type Rig } from '../support/gateway.ts';
import { makeCombo, makeEndpoint, makeProvider } from '../support/routing.ts';
import { answerBody, frame, frames, say, startUpstream, stream, type Upstream } from '../support/upstream.ts';

let first: Upstream;
let second: Upstream;
let rig: Rig;

beforeEach(async () => {
  first = await startUpstream(say('first'));
  second = await startUpstream(say('second'));
  rig = await startRig({
    providers: [providerAt('one', first.baseUrl), providerAt('two', second.baseUrl)],
    combos: [makeCombo('pair', 'priority', ['one/m', 'two/m'])],
    timing: { drainTimeout: 2_000 },
  });
});

afterEach(async () => {
  await rig.close();
  await Promise.all([first.close(), second.close()]);
});

interface Wire {
  readonly socket: Socket;
  /** Resolves when `text` has been received. */
  seen(text: string): Promise<void>;
  readonly closed: Promise<void>;
}

/** A client that sends its request and reads as it likes. */
function open(body: object | string, length?: number): Wire {
  const { hostname, port } = new URL(rig.server.url);
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  let text = '';
  const waiting: (() => void)[] = [];
  socket.on('data', (chunk) => {
    text += chunk.toString();
    for (const check of waiting) check();
    // A long answer must not be searched from its beginning again and again.
    text = text.slice(-100);
  });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length ?? payload.length}\r\n\r\n${payload}`,
  );
  return {
    socket,
    closed: new Promise((resolve) => socket.on('close', () => resolve())),
    seen: (wanted) =>
      new Promise((resolve) => {
        const check = () => text.includes(wanted) && resolve();
        waiting.push(check);
        check();
      }),
  };
}

const settled = () => vi.waitFor(() => expect(rig.rows).toHaveLength(1));

describe('a client that leaves', () => {
  it('before the upstream has begun to answer', async () => {
    const asked = Promise.withResolvers<void>();
    first.play(() => asked.resolve());
    const { socket } = open(chat('pair'));
    await asked.promise;
    socket.destroy();
    await first.calls[0]!.gone;
    await settled();
    expect(rig.rows[0]).toMatchObject({ status: 499, errorCode: 'client_closed_request', provider: null });
    expect(second.calls).toHaveLength(0);
  });

  it('behind one answer, with two more requests on its connection: both calls end, the answer stands', async () => {
    const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    first.play(
      say('whole'),
      () => asked[0]!.resolve(),
      () => asked[1]!.resolve(),
    );
    const { socket, seen } = open(chat('pair'));
    await seen('whole');
    const payload = JSON.stringify(chat('pair'));
    const next = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${payload.length}\r\n\r\n${payload}`;
    socket.write(next + next);
    await Promise.all(asked.map(({ promise }) => promise));
    socket.destroy();
    await Promise.all(first.calls.slice(1).map(({ gone }) => gone));
    await vi.waitFor(() => expect(rig.rows).toHaveLength(3));
    expect(rig.rows.map(({ status }) => status)).toEqual([200, 499, 499]);
    expect(first.calls).toHaveLength(3);
    expect(second.calls).toHaveLength(0);
  });

  it('in the middle of a stream: the upstream ends at once, what was used is written down', async () => {
    first.play(stream([frames.role, frames.hello, frame({ content: ' world, and more' })], 'stall'));
    const { socket, seen } = open(chat('pair', { stream: true }));
    await seen('and more');
    socket.destroy();
    await first.calls[0]!.gone;
    await settled();
    expect(rig.rows[0]).toMatchObject({ status: 499, provider: 'one', estimated: true });
    expect(rig.rows[0]!.tokens.output).toBeGreaterThan(3);
  });

  it('in the middle of a stream that counts at its end: what was said counts, not what its beginning announced', async () => {
    const message = { role: 'assistant', content: [], usage: { input_tokens: 40, output_tokens: 1 } };
    const text = { type: 'text_delta', text: 'and more '.repeat(20) };
    const events = [
      { type: 'message_start', message: { id: 'msg_1', type: 'message', model: 'm', ...message } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { ...text, text: 'One ' } },
      { type: 'content_block_delta', index: 0, delta: text },
    ];
    first.play(
      stream(
        events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
        'stall',
      ),
    );
    const endpoint = makeEndpoint({ protocol: 'anthropic-messages', baseUrl: first.baseUrl });
    await rig.close();
    rig = await startRig({ providers: [makeProvider('claude', { endpoints: [endpoint] })] });
    const { socket, seen } = open(chat('claude/m', { stream: true }));
    await seen('and more');
    socket.destroy();
    await first.calls[0]!.gone;
    await settled();
    expect(rig.rows[0]).toMatchObject({ status: 499, provider: 'claude', tokens: { input: 40, output: 46 } });
  });

  it('while it sends its body: nothing is asked of anybody', async () => {
    const { socket } = open('{"model":"pair","messages":[', 500);
    await vi.waitFor(() => expect(rig.server.gateway.lifecycle.running).toBe(1));
    socket.destroy();
    await vi.waitFor(() => expect(rig.server.gateway.lifecycle.running).toBe(0));
    expect(first.calls).toHaveLength(0);
    expect(rig.rows[0]).toMatchObject({ status: 499, provider: null });
  });

  it('between two attempts: the next one is not begun', async () => {
    const asked = Promise.withResolvers<void>();
    first.play(async ({ response, gone }) => {
      asked.resolve();
      await gone;
      response.destroy();
    });
    const { socket } = open(chat('pair'));
    await asked.promise;
    socket.destroy();
    await settled();
    expect(second.calls).toHaveLength(0);
  });

  it('through fetch: the abort of its signal reaches the upstream', async () => {
    first.play(stream([frames.role, frames.hello], 'stall'));
    const abort = new AbortController();
    const response = await rig.server.fetch(
      new Request('http://localhost/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(chat('pair', { stream: true })),
        signal: abort.signal,
      }),
    );
    expect(response.status).toBe(200);
    abort.abort();
    await first.calls[0]!.gone;
    await settled();
    expect(rig.rows[0]).toMatchObject({ status: 499 });
  });
});

describe('a client that does not read', () => {
  it('stops the upstream, and gets everything once it reads again', async () => {
    const piece = frame({ content: 'x'.repeat(16 * 1024) });
    let sent = 0;
    let full = false;
    first.play(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frames.role);
      for (; sent < 1_500 && !response.destroyed; sent++) {
        if (!response.write(piece)) {
          full = true;
          await new Promise((resolve) => response.once('drain', resolve));
        }
      }
      response.end(frames.stop + frames.done);
    });
    const { socket, seen } = open(chat('pair', { stream: true }));
    await seen('assistant');
    socket.pause();
    // The upstream must come to a halt: two looks at the same number, with everything else idle between them.
    await vi.waitFor(
      async () => {
        expect(full).toBe(true);
        const before = sent;
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(sent).toBe(before);
      },
      { timeout: 10_000 },
    );
    expect(sent).toBeLessThan(1_500);
    socket.resume();
    await seen('[DONE]');
    expect(sent).toBe(1_500);
    socket.destroy();
  });
});

describe('the end of the gateway', () => {
  it('lets a running answer finish, refuses new ones, and leaves no socket', async () => {
    const go = Promise.withResolvers<void>();
    first.play(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frames.role + frames.hello);
      await go.promise;
      response.end(frames.stop + frames.done);
    });
    const running = open(chat('pair', { stream: true }));
    await running.seen('Hello');
    const idle = open(chat('pair'));
    await idle.seen('"content"');
    const closing = rig.server.close();
    expect(rig.server.gateway.lifecycle.draining).toBe(true);
    const refused = await rig.server.fetch(
      new Request('http://localhost/v1/chat/completions', { method: 'POST', body: '{}' }),
    );
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 'draining' } });
    go.resolve();
    await running.seen('[DONE]');
    expect(await closing).toBe(true);
    await Promise.all([running.closed, idle.closed]);
    await vi.waitFor(() => expect(first.open() + second.open()).toBe(0));
    expect(rig.rows).toHaveLength(2);
  });

  it('breaks off what does not finish in time, and still writes its row', async () => {
    const short = await startRig({
      providers: [providerAt('one', first.baseUrl)],
      timing: { drainTimeout: 50 },
    });
    first.play(stream([frames.role, frames.hello], 'stall'));
    const answer = short.ask('node', { body: chat('one/m', { stream: true }) });
    await vi.waitFor(() => expect(short.server.gateway.lifecycle.running).toBe(1));
    await vi.waitFor(() => expect(first.calls).toHaveLength(1));
    expect(await short.server.close()).toBe(false);
    const { broken, text } = await answer;
    expect(broken).toBe(true);
    // The client can tell that from an upstream that broke off.
    expect(text).toContain('"content":"Hello"');
    expect(text).toMatch(/data: \{"error":\{[^\n]*shutting down[^\n]*\n\n$/);
    expect(short.rows).toMatchObject([{ errorCode: 'draining' }]);
  });

  it('answers 503 where nothing has been sent yet, be it that the body is still coming', async () => {
    const short = await startRig({
      providers: [providerAt('one', first.baseUrl)],
      timing: { drainTimeout: 50 },
    });
    first.play(() => {});
    const answer = short.ask('node', { body: chat('one/m') });
    await vi.waitFor(() => expect(first.calls).toHaveLength(1));
    const { hostname, port } = new URL(short.server.url);
    const slow = connect({ host: hostname, port: Number(port) });
    let seen = '';
    slow.on('data', (chunk) => (seen += String(chunk)));
    slow.write('POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"model"');
    await vi.waitFor(() => expect(short.server.gateway.lifecycle.running).toBe(2));
    expect(await short.server.close()).toBe(false);
    const { status, text } = await answer;
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'draining' } });
    await vi.waitFor(() => expect(seen).toMatch(/^HTTP\/1\.1 503 [^]*"code":"draining"/));
    slow.destroy();
    // No fault of the upstream: nothing is held against it.
    expect(short.rows.map((row) => [row.status, row.errorCode])).toEqual([
      [503, 'draining'],
      [503, 'draining'],
    ]);
  });

  it('does not wait for a ledger whose disk is full', async () => {
    const ledger = { ...createMemoryLedger([]), flush: () => new Promise<void>(() => {}) };
    const full = await startRig({ providers: [providerAt('one', first.baseUrl)] }, { ledger });
    expect(await full.server.close()).toBe(true);
  });
});

it('passes a large answer on while it comes, and cannot take back its status', async () => {
  const body = answerBody('y'.repeat(3_000_000));
  first.play(({ response, socket }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(body.slice(0, 2_000_000), () => socket.destroy());
  });
  const cut = await rig.ask('node', { body: chat('pair') });
  expect(cut).toMatchObject({ status: 200, broken: true });
  second.play(
    ({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).end(body),
  );
  const whole = await rig.ask('node', { body: chat('two/m') });
  expect(whole).toMatchObject({ status: 200, broken: false });
  expect(whole.text === body).toBe(true);
});
