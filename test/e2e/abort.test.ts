// Clients that go away by the hundred: the upstream call ends in the same turn, and nothing stays behind, neither
// sockets nor handles nor memory. ABORT_STREAMS (1,000 unless told) streams in five rounds.
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Exchange } from '../../src/gateway/exchange.ts';
import { handle } from '../../src/gateway/handle.ts';
import type { Responder } from '../../src/gateway/responder.ts';
import { createWebIncoming } from '../../src/server/web-lane.ts';
import type { Transport } from '../../src/upstream/transport.ts';
import { chat, providerAt, startRig, type Rig } from '../support/gateway.ts';
import { makeCombo } from '../support/routing.ts';
import { frames, say, startUpstream, stream, type Upstream } from '../support/upstream.ts';

const total = Number(process.env['ABORT_STREAMS'] ?? 1_000);
const rounds = 5;
const atOnce = 25;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let upstream: Upstream;
let rig: Rig;

beforeEach(async () => {
  upstream = await startUpstream(say());
});

afterEach(async () => {
  await rig.close();
  await upstream.close();
});

const parts = () => ({
  providers: [providerAt('one', upstream.baseUrl), providerAt('two', upstream.baseUrl)],
  combos: [makeCombo('pair', 'priority', ['one/m', 'two/m'])],
});

describe('a client that goes away', () => {
  it.each(['before the head', 'behind the first token'])(
    'ends the upstream call in the same turn, %s',
    async (when) => {
      let aborted = 0;
      const asked = Promise.withResolvers<void>();
      const transport: Transport = {
        send: (_request, handler) => {
          if (when === 'behind the first token') {
            handler.onHead(200, { 'content-type': 'text/event-stream' });
            handler.onData(Buffer.from(frames.role + frames.hello));
          }
          asked.resolve();
          return { resume: () => undefined, abort: () => void aborted++ };
        },
        retain: () => undefined,
        close: async () => undefined,
      };
      rig = await startRig(parts(), { transport });
      const { gateway } = rig.server;
      let leave: () => void = () => undefined;
      const responder: Responder = {
        writeHead: () => undefined,
        write: () => true,
        end: () => undefined,
        destroy: () => undefined,
        onDrain: () => undefined,
        onClose: (listener) => {
          leave = listener;
        },
        headersSent: false,
        closed: false,
      };
      const url = 'http://localhost/v1/chat/completions';
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify(chat('pair', { stream: true }));
      const incoming = createWebIncoming(
        new Request(url, { method: 'POST', headers, body }),
        '/v1/chat/completions',
        '',
        '127.0.0.1',
        undefined,
      );
      const route = { operation: 'chat', protocol: 'openai-chat' } as const;
      const done = handle(
        gateway,
        new Exchange(gateway, gateway.snapshots.current, incoming, route),
        responder,
      );
      await asked.promise;
      // The call is known to its owner once `send` has returned.
      await Promise.resolve();
      expect(aborted).toBe(0);
      leave();
      expect(aborted).toBe(1);
      await done;
      expect(aborted).toBe(1);
      expect(rig.rows).toHaveLength(1);
      expect(rig.rows[0]!.status).toBe(499);
      const { world } = gateway;
      expect(world.report(Date.now())).toMatchObject({ cooldowns: [], breakers: [], inFlight: {} });
    },
  );

  it('leaves no socket, no handle and no memory behind', { timeout: 120_000 }, async () => {
    rig = await startRig(parts());
    upstream.play(stream([frames.role, frames.hello], 'stall'));
    const perRound = Math.ceil(total / rounds);
    const round = async (count: number) => {
      for (let begun = 0; begun < count; begun += atOnce) {
        await Promise.all(Array.from({ length: Math.min(atOnce, count - begun) }, abortOne));
      }
      // Two seconds, and not one more, until the last upstream socket has gone.
      await vi.waitFor(() => expect(upstream.open()).toBe(0), { timeout: 2_000, interval: 10 });
      await vi.waitFor(() => expect(rig.rows).toHaveLength(count));
      expect(rig.rows.every(({ status, tokens }) => status === 499 && tokens.output! > 0)).toBe(true);
      expect(upstream.calls).toHaveLength(count);
      rig.rows.length = 0;
      upstream.calls.length = 0;
    };
    await round(atOnce);
    await settle();
    const before = countHandles();
    const heap: number[] = [];
    for (let i = 0; i < rounds; i++) {
      await round(perRound);
      await settle();
      collect();
      heap.push(process.memoryUsage().heapUsed);
    }
    // undici's own timers tick for up to a second longer.
    await vi.waitFor(() => expect(countHandles()).toEqual(before), { timeout: 5_000, interval: 50 });
    const growth = heap[4]! - heap[1]!;
    console.info(`heap between rounds 2 and 5 of ${perRound}: ${(growth / 1024).toFixed(0)} KiB`);
    expect(growth).toBeLessThan(2 * 1024 * 1024);
    expect(rig.server.gateway.lifecycle.running).toBe(0);
    expect(rig.server.gateway.world.report(Date.now())).toMatchObject({ breakers: [], inFlight: {} });
  });
});

/** One client that reads the first token and leaves without a word. */
function abortOne(): Promise<void> {
  const { hostname, port } = new URL(rig.server.url);
  const body = JSON.stringify(chat('pair', { stream: true }));
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  socket.on('data', (chunk) => {
    if (chunk.includes('Hello')) socket.destroy();
  });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return promise;
}

/** Until sockets and timers of the round have had their last turns. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 250));
}

function countHandles(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
