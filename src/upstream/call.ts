// One HTTP call: an undici handler that turns its events into those of UpstreamHandler, plain bytes only.
import type { Transform } from 'node:stream';
import type { Dispatcher } from 'undici';
import { createInflater, readEncoding, type ContentEncoding } from '../lib/inflate.ts';
import { createTurnQueue } from '../lib/turn-queue.ts';
import { findRefusal } from './address-guard.ts';
import type { Connections } from './connections.ts';
import { toFailure } from './failures.ts';
import type { RawHeaders } from '../protocols/protocol.ts';
import type { UpstreamCall, UpstreamHandler, UpstreamRequest } from './transport.ts';

/** Below this, joining the pieces costs less than a write for each; above, copying does (measured at 1.5 and 60 KB). */
const joinBelow = 8 * 1024;

/** Where a base URL leads: a connection, and what stands before every path. */
export interface Address {
  readonly origin: string;
  readonly prefix: string;
}

export function splitUrl(baseUrl: string): Address {
  const slash = baseUrl.indexOf('/', baseUrl.indexOf('://') + 3);
  if (slash < 0) return { origin: baseUrl, prefix: '' };
  return { origin: baseUrl.slice(0, slash), prefix: baseUrl.slice(slash) };
}

/** Starts the call; a fault of the request itself arrives as `onFailure`, in a later turn. */
export function createCall(
  find: (origin: string) => Connections | Dispatcher,
  { origin, prefix }: Address,
  request: UpstreamRequest,
  handler: UpstreamHandler,
  onRefused?: OnRefused,
): UpstreamCall {
  const call = new Call(origin, handler, onRefused);
  let size = 0;
  for (const piece of request.body) size += piece.length;
  const body = joinPieces(request.body, size);
  // undici knows the length of one piece, not of several.
  const headers = Array.isArray(body)
    ? { ...request.headers, 'content-length': String(size) }
    : request.headers;
  const options: Options = {
    origin,
    path: prefix + request.path,
    method: request.method,
    headers,
    body,
    // The gateway watches every call by one ticker; undici would make two timers for each (4 µs of a small call).
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  try {
    // undici also takes iterables, its types do not say so.
    find(origin).dispatch(options as Dispatcher.DispatchOptions, call);
  } catch (error) {
    queueMicrotask(() => call.onResponseError(undefined, error));
  }
  return call;
}

type OnRefused = (refusal: { readonly origin: string; readonly address: string }) => void;

interface Options extends Omit<Dispatcher.DispatchOptions, 'body' | 'headers'> {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | readonly Uint8Array[] | null;
}

function joinPieces(pieces: readonly Uint8Array[], size: number): Options['body'] {
  if (pieces.length < 2) return pieces[0] ?? null;
  if (size <= joinBelow) return Buffer.concat(pieces, size);
  // The edit and what stands before it are tiny as a rule: joined, they go out in the same write as the headers.
  const [first, second, ...rest] = pieces;
  return first!.length + second!.length <= joinBelow ? [Buffer.concat([first!, second!]), ...rest] : pieces;
}

const gone = Object.assign(new Error('The caller has no more use for the answer.'), { code: 'ABORTED' });

const tell = createTurnQueue<Call>((call) => call.tell());

/** What undici says within one turn of the event loop is told at its end, for all calls together. */
class Call implements Dispatcher.DispatchHandler, UpstreamCall {
  readonly #origin: string;
  readonly #handler: UpstreamHandler;
  readonly #onRefused: OnRefused | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #encoding: ContentEncoding | undefined;
  #inflater: Transform | undefined;
  /** Not told yet: the head while there is a status, chunks behind it, the end behind them. */
  #status = 0;
  #headers: RawHeaders = {};
  #chunks: Uint8Array[] = [];
  #complete = false;
  #queued = false;
  /** Nothing more is to be told. */
  #over = false;

  constructor(origin: string, handler: UpstreamHandler, onRefused: OnRefused | undefined) {
    this.#origin = origin;
    this.#handler = handler;
    this.#onRefused = onRefused;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(gone);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    if (this.#over || status < 200) return;
    const encoding = readEncoding(String(headers['content-encoding'] ?? ''));
    if (encoding === 'unknown') {
      this.#fail({ code: 'CONTENT_ENCODING' });
      return;
    }
    this.#encoding = encoding;
    this.#status = status;
    this.#headers = headers;
    this.#queue();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#encoding) {
      this.#inflate(controller, this.#encoding, chunk);
      return;
    }
    this.#add(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    if (this.#inflater) this.#inflater.end();
    else this.#end();
  }

  onResponseError(_controller: unknown, error: unknown): void {
    // What came before the trouble was told before it, and may have said enough.
    if (!this.#complete) this.tell();
    if (this.#over || this.#complete) return;
    this.#over = true;
    this.#inflater?.destroy();
    const refused = findRefusal(error);
    if (refused) this.#onRefused?.({ origin: this.#origin, address: refused.address });
    this.#handler.onFailure(toFailure(refused ?? error));
  }

  #add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#queue();
  }

  #end(): void {
    this.#complete = true;
    this.#queue();
  }

  #queue(): void {
    if (this.#queued) return;
    this.#queued = true;
    tell(this);
  }

  tell(): void {
    this.#queued = false;
    if (this.#over) return;
    try {
      if (this.#status > 0) this.#tellHead();
      if (this.#chunks.length > 0) this.#tellChunks();
      // The handler may have aborted meanwhile.
      if (!this.#complete || this.#over) return;
      this.#over = true;
      this.#handler.onEnd();
    } catch (error) {
      this.abort();
      this.#handler.onFailure(toFailure(error));
    }
  }

  #tellHead(): void {
    const status = this.#status;
    this.#status = 0;
    this.#handler.onHead(status, this.#headers);
  }

  #tellChunks(): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) {
      if (this.#over) return;
      if (!this.#handler.onData(chunk)) (this.#inflater ?? this.#controller)?.pause();
    }
  }

  resume(): void {
    if (this.#inflater) this.#inflater.resume();
    else this.#controller?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#inflater?.destroy();
    this.#controller?.abort(gone);
  }

  #fail(error: unknown): void {
    const controller = this.#controller;
    this.onResponseError(undefined, error);
    controller?.abort(gone);
  }

  // We ask for `identity`; an upstream that compresses all the same must not reach a client as noise.
  #inflate(controller: Dispatcher.DispatchController, encoding: ContentEncoding, chunk: Buffer): void {
    let inflater = this.#inflater;
    if (!inflater) {
      inflater = createInflater(encoding, chunk[0] ?? 0);
      this.#inflater = inflater;
      inflater.on('data', (plain: Uint8Array) => {
        if (!this.#over) this.#add(plain);
      });
      inflater.on('drain', () => controller.resume());
      inflater.on('error', (error) => this.#fail(error));
      inflater.on('end', () => {
        if (!this.#over) this.#end();
      });
    }
    if (!inflater.write(chunk)) controller.pause();
  }
}
