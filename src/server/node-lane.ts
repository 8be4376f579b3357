// The fast lane: Node's request and response as the gateway's Incoming and Responder, without any web object between.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BodySink, BodySource, Incoming } from '../gateway/incoming.ts';
import type { Responder } from '../gateway/responder.ts';
import { encodeUtf8, latin1 } from '../lib/bytes.ts';
import type { RawHeaders } from '../protocols/protocol.ts';
import type { Match } from './match.ts';

/** Bytes of an unwanted body that are thrown away before the connection is cut. */
const discardLimit = 64 * 1024 * 1024;

/** Bytes up to which a whole answer is joined with its head, and a chunk with its frame. */
const joinBelow = 8 * 1024;

export function createNodeIncoming(
  request: IncomingMessage,
  path: string,
  query: string,
  match?: Match,
): Incoming {
  return new NodeIncoming(request, path, query, match);
}

class NodeIncoming implements Incoming, BodySource {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: RawHeaders;
  readonly peer: string;
  declare readonly rest?: string;
  declare readonly model?: string;
  declare readonly verb?: string;
  readonly #request: IncomingMessage;
  #sink: BodySink | undefined;

  constructor(request: IncomingMessage, path: string, query: string, match: Match | undefined) {
    this.#request = request;
    this.method = request.method ?? 'GET';
    this.path = path;
    this.query = query;
    this.headers = request.headers;
    this.peer = request.socket.remoteAddress ?? '';
    if (match?.rest !== undefined) this.rest = match.rest;
    if (match?.model !== undefined) this.model = match.model;
    if (match?.route.verb !== undefined) this.verb = match.route.verb;
  }

  get body(): BodySource {
    return this;
  }

  // A small body comes with its head as a rule: read at once, it needs none of the flow's listeners and ticks.
  take(): Uint8Array | undefined {
    const request = this.#request;
    return request.complete ? (request.read() ?? undefined) : undefined;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    const request = this.#request;
    request.on('data', (chunk: Buffer) => this.#sink?.onData(chunk));
    request.on('end', () => this.#sink?.onEnd());
    // A client that goes away in the middle of its body is an error of the request.
    request.on('error', () => this.#sink?.onAbort());
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  discard(): void {
    this.#sink = undefined;
    let size = 0;
    const request = this.#request;
    request.on('error', ignore);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > discardLimit) request.destroy();
    });
    request.resume();
  }
}

export function createNodeResponder(response: ServerResponse): Responder {
  return new NodeResponder(response);
}

class NodeResponder implements Responder {
  readonly #response: ServerResponse;
  readonly #answering: NodeResponder[];
  #ended = false;
  #gone = false;
  #written = false;
  /** The answer goes out in chunks of HTTP/1.1. */
  #framed = false;
  #draining = false;
  #onDrain: (() => void) | undefined;
  #onClose: (() => void) | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#answering = listAnswering(response.req.socket);
    this.#answering.push(this);
  }

  get headersSent(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#ended || this.#gone || this.#response.destroyed;
  }

  writeHead(status: number, headers: readonly string[]): void {
    if (this.closed) return;
    const response = this.#response;
    response.writeHead(status, headers as string[]);
    // The head says it; the frames are written here, as one text each, where Node gathers four pieces (1 µs of a chunk).
    this.#framed = response.chunkedEncoding;
    response.chunkedEncoding = false;
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.closed) return true;
    if (!this.#written) this.#response.on('error', ignore);
    this.#written = true;
    if (this.#send(chunk)) return true;
    // Listened to only once it matters: most answers never fill a socket.
    if (!this.#draining) this.#response.on('drain', () => this.#onDrain?.());
    this.#draining = true;
    return false;
  }

  end(chunk?: Uint8Array | string): void {
    if (this.closed) return;
    this.#finish();
    if (this.#framed) {
      if (chunk !== undefined) this.#send(chunk);
      this.#response.end('0\r\n\r\n', 'latin1');
    } else if (chunk === undefined) this.#response.end();
    else if (this.#written || typeof chunk === 'string' || chunk.length > joinBelow)
      this.#response.end(chunk);
    // One character per byte: Node then sends head and body as one text instead of gathering pieces.
    else this.#response.end(latin1(chunk), 'latin1');
  }

  destroy(): void {
    if (this.#ended) return;
    this.#finish();
    const { socket } = this.#response;
    // What was written so far must still reach the client, the error frame above all; then the unfinished body breaks off.
    if (socket && this.#response.headersSent) socket.destroySoon();
    else this.#response.destroy();
  }

  /** The client has gone. */
  lose(): void {
    this.#gone = true;
    this.#onClose?.();
  }

  #finish(): void {
    this.#ended = true;
    // The only one, unless the client does not wait for its answers.
    const place = this.#answering.indexOf(this);
    if (place >= 0) this.#answering.splice(place, 1);
  }

  #send(chunk: Uint8Array | string): boolean {
    const response = this.#response;
    // Without a byte only the head goes out; an empty frame would be the end.
    if (!this.#framed || chunk.length === 0) return response.write(chunk);
    const bytes = typeof chunk === 'string' ? encodeUtf8(chunk) : chunk;
    const size = bytes.length.toString(16);
    // One character per byte.
    if (bytes.length <= joinBelow) return response.write(`${size}\r\n${latin1(bytes)}\r\n`, 'latin1');
    response.write(`${size}\r\n`, 'latin1');
    response.write(bytes);
    return response.write('\r\n', 'latin1');
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
  }
}

const answering = Symbol('answers that are not whole yet');

/**
 * The answers under way on a connection. They hear together that it has closed, which is what tells that a client has gone
 * (rule 10.10 of the protocols: not `close` of the request); a listener for each answer would cost 1 µs of a small call.
 */
function listAnswering(socket: Socket & { [answering]?: NodeResponder[] }): NodeResponder[] {
  const known = socket[answering];
  if (known) return known;
  const responders: NodeResponder[] = [];
  socket[answering] = responders;
  socket.on('close', () => {
    for (const responder of responders.splice(0)) responder.lose();
  });
  return responders;
}

// Node throws what nobody listens to; a broken connection tells itself by `close`.
function ignore(): void {}
