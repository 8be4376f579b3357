// The web lane: a Request and a Response as the gateway's Incoming and Responder, for h3 and `createGateway().fetch`.
import type { BodySink, BodySource, Incoming } from '../gateway/incoming.ts';
import type { Responder } from '../gateway/responder.ts';
import type { RawHeaders } from '../protocols/protocol.ts';

/** Bytes that may wait in a response stream before the sender is asked to pause. */
const highWaterMark = 64 * 1024;

export function createWebIncoming(
  request: Request,
  path: string,
  query: string,
  peer: string,
  rest: string | undefined,
): Incoming {
  // A Request made in memory has no Host header; its URL says the same.
  const headers: RawHeaders = { host: new URL(request.url).host, ...Object.fromEntries(request.headers) };
  const { method } = request;
  const body = createWebBody(request);
  return rest === undefined
    ? { method, path, query, headers, peer, body }
    : { method, path, query, headers, peer, body, rest };
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
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let state: 'open' | 'ended' | 'gone' = 'open';
  let headersSent = false;
  let onDrain: (() => void) | undefined;
  let onClose: (() => void) | undefined;
  let settle: (response: Response) => void = () => {};
  const response = new Promise<Response>((resolve) => (settle = resolve));
  const leave = (): void => {
    if (state !== 'open') return;
    state = 'gone';
    onClose?.();
  };
  signal?.addEventListener('abort', leave, { once: true });
  const encoder = new TextEncoder();
  const body = (): ReadableStream<Uint8Array> =>
    new ReadableStream<Uint8Array>(
      {
        start: (own) => void (controller = own),
        pull: () => onDrain?.(),
        cancel: leave,
      },
      { highWaterMark, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  const enqueue = (chunk: Uint8Array | string): void => {
    const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
    if (bytes.length > 0) controller?.enqueue(bytes);
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
      const empty = status === 204 || status === 304;
      settle(new Response(empty ? null : body(), { status, headers }));
    },
    write(chunk) {
      if (state !== 'open' || !controller) return true;
      enqueue(chunk);
      return (controller.desiredSize ?? 1) > 0;
    },
    end(chunk) {
      if (state !== 'open') return;
      if (chunk !== undefined && controller) enqueue(chunk);
      state = 'ended';
      signal?.removeEventListener('abort', leave);
      controller?.close();
    },
    destroy() {
      if (state !== 'open') return;
      state = 'ended';
      signal?.removeEventListener('abort', leave);
      if (headersSent) controller?.error(new Error('The answer broke off.'));
      else settle(Response.error());
    },
    onDrain: (listener) => void (onDrain = listener),
    onClose: (listener) => void (onClose = listener),
  };
  return { responder, response };
}
