// The simulator behind a real HTTP listener: `omniroute sandbox --listen`, and conformance suites of real clients.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Timers } from '../../lib/timers.ts';
import { systemTimers } from '../../lib/timers.ts';
import type { Player } from './player.ts';
import { createPlayer } from './player.ts';
import type { Sandbox } from './simulator.ts';

export interface SandboxListener {
  /** `http://127.0.0.1:20200`. */
  readonly url: string;
  /** Stops listening and breaks what still runs: nobody waits for a simulated stall. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly timers?: Timers;
  /** Serve GET and DELETE /-/journal. It holds prompts: default false. */
  readonly journal?: boolean;
}

const maxBody = 64 * 1024 * 1024;

/** Rejects when the address cannot be bound. */
export function listenSandbox(sandbox: Sandbox, options: ListenOptions = {}): Promise<SandboxListener> {
  const timers = options.timers ?? systemTimers;
  const server = createServer((request, response) => {
    if (options.journal && request.url === '/-/journal') return serveJournal(sandbox, request, response);
    readBody(request).then(
      (body) => answer(sandbox, timers, request, response, body),
      () => response.destroy(),
    );
    return undefined;
  });
  // Node answers an upgrade that nobody listens for by closing; clients want the 426 that the simulator gives.
  server.on('upgrade', (_request, socket) => {
    socket.end(
      'HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\nconnection: close\r\nx-omniroute-sandbox: true\r\n\r\n',
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => {
      const { address, port, family } = server.address() as AddressInfo;
      resolve({
        url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

function answer(
  sandbox: Sandbox,
  timers: Timers,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): void {
  const steps = sandbox.answer({
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: flattenHeaders(request),
    body,
  });
  const player: Player = createPlayer(
    steps,
    {
      onHead: (status, headers) => {
        response.writeHead(status, headers);
        response.flushHeaders();
      },
      onData: (bytes) => {
        if (response.write(bytes)) return;
        player.pause();
        response.once('drain', () => player.resume());
      },
      onEnd: () => response.end(),
      onCut: () => breakConnection(response),
    },
    timers,
  );
  response.once('close', () => player.stop());
  player.resume();
}

/** Ends the socket once what was written is on its way: a reset could overtake it. */
function breakConnection(response: ServerResponse): void {
  const { socket } = response;
  if (!socket) return;
  socket.end();
  socket.destroySoon();
}

function serveJournal(sandbox: Sandbox, request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'DELETE') {
    sandbox.journal.clear();
    response.writeHead(204).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ entries: sandbox.journal.entries() }));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    const bytes = piece as Buffer;
    size += bytes.length;
    if (size > maxBody) throw new RangeError('body too large');
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}

function flattenHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}
