// A scripted upstream on a free loopback port: each call is answered by the script that the test puts there.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly socket: Socket;
  readonly response: ServerResponse;
  /** Resolves when the connection of the call has gone. */
  readonly gone: Promise<void>;
}

export type Script = (call: SeenCall) => void | Promise<void>;

export interface Upstream {
  readonly baseUrl: string;
  readonly calls: SeenCall[];
  /** Scripts in order of calls; the last one goes on answering. */
  play(...scripts: Script[]): void;
  /** Sockets that are open now. */
  open(): number;
  close(): Promise<void>;
}

export async function startUpstream(...scripts: Script[]): Promise<Upstream> {
  let queue = scripts;
  const calls: SeenCall[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    const gone = new Promise<void>((resolve) => response.on('close', () => resolve()));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { socket } = request;
      const call = {
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        socket,
        response,
        gone,
      };
      calls.push(call);
      const script = queue.length > 1 ? queue.shift() : queue[0];
      void script?.(call);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    calls,
    play: (...next) => {
      queue = next;
    },
    open: () => sockets.size,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A base URL at which nobody listens. */
export async function findClosedPort(): Promise<string> {
  const upstream = await startUpstream();
  await upstream.close();
  return upstream.baseUrl;
}

export const usage = { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 };

export function answerBody(content = 'Hello'): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage,
  });
}

export function frame(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

export const frames = {
  role: frame({ role: 'assistant', content: '' }),
  hello: frame({ content: 'Hello' }),
  stop: frame({}, 'stop'),
  usage: `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage })}\n\n`,
  done: 'data: [DONE]\n\n',
};

/** Answers whole, or as the stream that was asked for. */
export function say(content = 'Hello'): Script {
  return ({ body, response }) => {
    if (!(JSON.parse(body) as { stream?: boolean }).stream) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(answerBody(content));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(frames.role);
    response.write(frame({ content }));
    response.end(frames.stop + frames.usage + frames.done);
  };
}

export function fail(status: number, message = 'no', headers: Record<string, string> = {}): Script {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: { message, type: 'some_error', param: null, code: null } }));
  };
}

/** A stream of these pieces, each in a write of its own; then `end`, `cut` or silence. */
export function stream(pieces: readonly string[], then: 'end' | 'cut' | 'stall' = 'end'): Script {
  return async ({ response, socket }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve));
    if (then === 'end') response.end();
    if (then === 'cut') socket.destroy();
  };
}
