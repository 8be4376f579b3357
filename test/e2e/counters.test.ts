// What a request may cost, counted and not timed: parses, copies, promises, timers. A rise here is a regression that no
// clock on a busy machine would show.
import { createHook } from 'node:async_hooks';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Exchange } from '../../src/gateway/exchange.ts';
import { handle } from '../../src/gateway/handle.ts';
import type { BodySink, Incoming } from '../../src/gateway/incoming.ts';
import type { Responder } from '../../src/gateway/responder.ts';
import { createManualTimers } from '../../src/lib/timers.ts';
import { assembleSnapshot } from '../../src/routing/assemble.ts';
import { createSnapshotRef } from '../../src/routing/snapshot.ts';
import { createGateway } from '../../src/server/compose.ts';
import { matchRoute } from '../../src/server/match.ts';
import type { Transport, UpstreamRequest } from '../../src/upstream/transport.ts';
import { chat, createMemoryLedger, providerAt, startRig, type Rig } from '../support/gateway.ts';
import { makeCombo } from '../support/routing.ts';
import { answerBody, frames, say, startUpstream, type Upstream } from '../support/upstream.ts';

/** The line without sockets: only what the gateway itself does is counted. */
function createBench(answer: readonly string[], type: string) {
  const sent: UpstreamRequest[] = [];
  const transport: Transport = {
    send: (request, handler) => {
      sent.push(request);
      handler.onHead(200, { 'content-type': type });
      for (const piece of answer) handler.onData(Buffer.from(piece));
      handler.onEnd();
      return { resume: () => {}, abort: () => {} };
    },
    close: async () => {},
    retain: () => {},
  };
  const timers = createManualTimers();
  const snapshot = assembleSnapshot({
    providers: [providerAt('one', 'http://127.0.0.1:1/v1')],
    combos: [makeCombo('c', 'priority', ['one/other'])],
  });
  const { gateway } = createGateway({
    snapshots: createSnapshotRef(snapshot),
    secrets: { read: () => 'secret', epoch: 0 },
    ledger: createMemoryLedger([]),
    transport,
    timers,
  });
  const { route } = matchRoute('POST', '/v1/chat/completions')!;
  const run = async (...chunks: readonly Uint8Array[]): Promise<string> => {
    const body = {
      take: () => undefined,
      start: (sink: BodySink) => {
        for (const chunk of chunks) sink.onData(chunk);
        sink.onEnd();
      },
      pause: () => {},
      resume: () => {},
      discard: () => {},
    };
    const incoming: Incoming = {
      method: 'POST',
      path: '/v1/chat/completions',
      query: '',
      headers: { host: 'localhost', 'content-type': 'application/json' },
      peer: '127.0.0.1',
      body,
    };
    let text = '';
    const take = (chunk: Uint8Array | string | undefined) => {
      text += chunk === undefined ? '' : Buffer.from(chunk as Uint8Array).toString();
    };
    const responder: Responder = {
      headersSent: false,
      closed: false,
      writeHead: () => {},
      write: (chunk) => {
        take(chunk);
        return true;
      },
      end: take,
      destroy: () => {},
      onDrain: () => {},
      onClose: () => {},
    };
    await handle(gateway, new Exchange(gateway, snapshot, incoming, route), responder);
    return text;
  };
  return { run, sent, timers };
}

const whole = [answerBody()];
const streamed = [
  frames.role,
  ...Array.from({ length: 50 }, () => frames.hello),
  frames.stop,
  frames.usage + frames.done,
];
const unaryBody = Buffer.from(JSON.stringify(chat('c')));
const streamBody = Buffer.from(JSON.stringify(chat('c', { stream: true })));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a pass-through', () => {
  it.each([
    ['unstreamed', whole, 'application/json', unaryBody],
    ['streamed', streamed, 'text/event-stream', streamBody],
  ])('parses nothing, %s', async (_name, answer, type, body) => {
    const bench = createBench(answer, type);
    const parse = vi.spyOn(JSON, 'parse');
    const text = await bench.run(body);
    expect(text).toContain('Hello');
    expect(parse).not.toHaveBeenCalled();
  });

  it('does not copy a body that came whole: what is sent are views of what was read', async () => {
    const bench = createBench(whole, 'application/json');
    const large = Buffer.from(JSON.stringify(chat('c', { user: 'x'.repeat(200_000) })));
    await bench.run(large);
    const pieces = bench.sent[0]!.body;
    expect(Buffer.concat(pieces).toString()).toContain('"model":"other"');
    const own = pieces.filter((piece) => piece.buffer !== large.buffer);
    expect(own.map((piece) => Buffer.from(piece).toString())).toEqual(['"other"']);
  });

  it('copies a body that came in pieces exactly once', async () => {
    const bench = createBench(whole, 'application/json');
    const large = Buffer.from(JSON.stringify(chat('one/other', { user: 'x'.repeat(200_000) })));
    const concat = vi.spyOn(Buffer, 'concat');
    await bench.run(large.subarray(0, 50_000), large.subarray(50_000, 120_000), large.subarray(120_000));
    const copies = concat.mock.calls.filter(
      ([pieces]) => pieces.reduce((sum, piece) => sum + piece.length, 0) > 100_000,
    );
    expect(copies).toHaveLength(1);
    const pieces = bench.sent[0]!.body;
    expect(new Set(pieces.filter((piece) => piece.length > 1_000).map((piece) => piece.buffer)).size).toBe(1);
  });

  it('starts no timer of its own per request', async () => {
    const bench = createBench(whole, 'application/json');
    for (let i = 0; i < 20; i++) await bench.run(unaryBody);
    expect(bench.timers.pending).toBeLessThanOrEqual(1);
    bench.timers.advance(1_000);
    expect(bench.timers.pending).toBe(0);
  });

  it.each([
    ['unstreamed', whole, 'application/json', unaryBody, 10],
    ['streamed', streamed, 'text/event-stream', streamBody, 10],
  ])('makes a handful of promises, however many chunks: %s', async (_name, answer, type, body, limit) => {
    const bench = createBench(answer, type);
    await bench.run(body);
    let promises = 0;
    const hook = createHook({
      init: (_id, kind) => {
        if (kind === 'PROMISE') promises++;
      },
    });
    hook.enable();
    for (let i = 0; i < 10; i++) await bench.run(body);
    hook.disable();
    // Two of them are the test's own: the call of `run` and its await.
    expect(promises / 10 - 2).toBeLessThanOrEqual(limit);
  });

  it('writes every chunk of a stream through as it is', async () => {
    const bench = createBench(streamed, 'text/event-stream');
    expect(await bench.run(streamBody)).toBe(streamed.join('').replace(frames.usage, ''));
  });
});

describe('over sockets', () => {
  let upstream: Upstream;
  let rig: Rig;

  beforeAll(async () => {
    upstream = await startUpstream(say());
    rig = await startRig({ providers: [providerAt('one', upstream.baseUrl)] });
  });

  afterAll(async () => {
    await rig.close();
    await upstream.close();
  });

  it('uses one connection again and again', async () => {
    for (let i = 0; i < 5; i++)
      expect(await rig.ask('node', { body: chat('one/m') })).toMatchObject({ status: 200 });
    expect(new Set(upstream.calls.map(({ socket }) => socket.remotePort)).size).toBe(1);
  });

  it('settles every request exactly once, fifty at a time', async () => {
    const before = rig.rows.length;
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => rig.ask('node', { body: chat('one/m', { stream: i % 2 === 0 }) })),
    );
    expect(rig.rows).toHaveLength(before + 50);
    expect(new Set(rig.rows.map(({ requestId }) => requestId)).size).toBe(rig.rows.length);
    expect(rig.server.gateway.lifecycle.running).toBe(0);
  });
});
