// The web lane: a Request and a Response as the gateway's Incoming and Responder, for h3 and `createGateway().fetch`.
import type { BodySink, BodySource, Incoming } from '../gateway/incoming.ts';
import type { Responder } from '../gateway/responder.ts';
import type { RawHeaders } from '../protocols/protocol.ts';
import type { Match } from './match.ts';

/** Bytes that may wait in a response stream before the sender is asked to pause. */
const highWaterMark = 64 * 1024;

export function createWebIncoming(
  request: Request,
  path: string,
  query: string,
  peer: string,
  match: Match | undefined,
): Incoming {
  // A Request made in memory has no Host header; its URL says the same.
  const headers: RawHeaders = { host: new URL(request.url).host, ...Object.fromEntries(request.headers) };
  const { method } = request;
  const body = createWebBody(request);
  const { rest, model, route } = match ?? {};
  return {
    method,
    path,
    query,
    headers,
    peer,
    body,
    ...(rest === undefined ? {} : { rest }),
    ...(model === undefined ? {} : { model }),
    ...(route?.verb === undefined ? {} : { verb: route.verb }),
  };
}

function createWebBody(request: Request): BodySource {
  let resume: (() => void) | undefined;
  let paused = false;
  let discarded = false;
  const pump = async (sink: BodySink): Promise<void> => {
    const reader = request.body?.getReader();
    try {
      for (;;) {
        const part = await reader?.read();
        if (discarded) break;
        if (!part || part.done) {
          sink.onEnd();
          return;
        }
        sink.onData(part.value);
        if (paused) await new Promise<void>((resolve) => (resume = resolve));
      }
      await reader?.cancel();
    } catch {
      if (!discarded) sink.onAbort();
    }
  };
  return {
    take: () => undefined,
    start: (sink) => void pump(sink),
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      resume?.();
    },
    discard: () => {
      discarded = true;
      paused = false;
      resume?.();
    },
  };
}

export interface WebResponder {
  readonly responder: Responder;
  /** Settles when the status line is known; never rejects. */
  readonly response: Promise<Response>;
}

/** `signal` is the request's: its abort means that the client has gone. */
export function createWebResponder(signal: AbortSignal | undefined): WebResponder {
  const encoder = new TextEncoder();
  // A queue of our own and not the stream's: an error there would throw away the bytes that stand before it.
  const queue: Uint8Array[] = [];
  let size = 0;
  let state: 'open' | 'ended' | 'broken' | 'gone' = 'open';
  let headersSent = false;
  let reading: ReadableStreamDefaultController<Uint8Array> | undefined;
  let onDrain: (() => void) | undefined;
  let onClose: (() => void) | undefined;
  const { promise: response, resolve: settle } = Promise.withResolvers<Response>();

  const leave = (): void => {
    if (state !== 'open') return;
    state = 'gone';
    queue.length = 0;
    onClose?.();
  };
  signal?.addEventListener('abort', leave, { once: true });

  /** Serves a waiting reader, if there is one. */
  const flow = (): void => {
    if (!reading) return;
    const controller = reading;
    const chunk = queue.shift();
    if (!chunk && state === 'open') return;
    reading = undefined;
    if (chunk) {
      const blocked = size >= highWaterMark;
      size -= chunk.length;
      controller.enqueue(chunk);
      if (blocked && size < highWaterMark) onDrain?.();
    } else if (state === 'ended') controller.close();
    else if (state === 'broken') controller.error(new Error('The answer broke off.'));
  };
  const push = (chunk: Uint8Array | string): void => {
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    if (bytes.length === 0) return;
    queue.push(bytes);
    size += bytes.length;
    flow();
  };
  const finish = (how: 'ended' | 'broken'): void => {
    state = how;
    signal?.removeEventListener('abort', leave);
    flow();
  };

  const responder: Responder = {
    get headersSent() {
      return headersSent;
    },
    get closed() {
      return state !== 'open';
    },
    writeHead(status, lines) {
      if (state !== 'open' || headersSent) return;
      headersSent = true;
      const headers = new Headers();
      for (let i = 0; i < lines.length; i += 2) headers.append(lines[i]!, lines[i + 1]!);
      const body = new ReadableStream<Uint8Array>(
        {
          // Called once for each read that finds nothing; not again before something has been enqueued.
          pull: (controller) => {
            reading = controller;
            flow();
          },
          cancel: leave,
        },
        { highWaterMark: 0 },
      );
      settle(new Response(status === 204 || status === 304 ? null : body, { status, headers }));
    },
    write(chunk) {
      if (state === 'open') push(chunk);
      return state !== 'open' || size < highWaterMark;
    },
    end(chunk) {
      if (state !== 'open') return;
      if (chunk !== undefined) push(chunk);
      finish('ended');
    },
    destroy() {
      if (state !== 'open') return;
      if (!headersSent) settle(Response.error());
      finish('broken');
    },
    onDrain: (listener) => void (onDrain = listener),
    onClose: (listener) => void (onClose = listener),
  };
  return { responder, response };
}
