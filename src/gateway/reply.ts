// The way back: status and headers once, then bytes; errors always in the envelope of the client's protocol.
import { GatewayError, isGatewayError, type UpstreamFailure } from '../errors.ts';
import { renderHundredths } from '../lib/decimals.ts';
import type { RawHeaders, RenderedError } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { encodeNames, encodeValue, passedHeaders } from './headers.ts';
import type { Responder } from './responder.ts';
import { retainableFault } from './retainable.ts';

type Bytes = Uint8Array | string;

/** What every answer carries, flat. */
export function commonHeaders({ id, snapshot, cors }: Exchange): string[] {
  const headers = ['X-Request-Id', id, 'X-OmniRoute-Revision', snapshot.revision];
  if (cors.length > 0) headers.push(...cors);
  return headers;
}

// Errors carry the SDK's name for the id through their envelope.
function answerHeaders(exchange: Exchange): string[] {
  const headers = commonHeaders(exchange);
  const { requestIdHeader } = exchange.protocol;
  if (requestIdHeader !== undefined) headers.push(requestIdHeader, exchange.id);
  return headers;
}

/**
 * Sends status and headers of a stream. `upstream`: headers of the answer that begins; undefined while no candidate has
 * answered yet and the client only learns that its request lives.
 */
export function commitStream(
  { clock }: Gateway,
  exchange: Exchange,
  responder: Responder,
  upstream: RawHeaders | undefined,
): void {
  const headers = answerHeaders(exchange);
  headers.push(
    'Content-Type',
    exchange.protocol.streamContentType,
    'Cache-Control',
    'no-cache, no-transform',
  );
  headers.push('X-Accel-Buffering', 'no');
  if (upstream) describeAttempt(exchange, upstream, clock.monotonic(), headers);
  exchange.committed = true;
  exchange.status = 200;
  responder.writeHead(200, headers);
}

/** Sends status and headers of an unstreamed answer; `length` is undefined while the answer is still coming. */
export function commitWhole(
  { clock }: Gateway,
  exchange: Exchange,
  responder: Responder,
  upstream: RawHeaders,
  length: number | undefined,
): void {
  const headers = answerHeaders(exchange);
  headers.push('Content-Type', 'application/json', 'X-OmniRoute-Cache', 'MISS');
  if (length !== undefined) headers.push('Content-Length', String(length));
  describeAttempt(exchange, upstream, clock.monotonic(), headers);
  exchange.committed = true;
  exchange.status = 200;
  responder.writeHead(200, headers);
}

/** Any JSON of the gateway itself: lists, health. */
export function replyJson(exchange: Exchange, responder: Responder, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  exchange.status = status;
  responder.writeHead(status, [
    ...commonHeaders(exchange),
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(body)),
  ]);
  responder.end(body);
}

/** Answers with an error, or breaks a stream off when it has begun. */
export function replyError(gateway: Gateway, exchange: Exchange, responder: Responder, error: unknown): void {
  const known = isGatewayError(error) ? error : hideFault(gateway, exchange, error);
  exchange.errorCode ??= known.code;
  const { message, class: kind } = known;
  if (exchange.committed) breakOff(exchange, responder, { class: kind, message });
  else send(exchange, responder, exchange.protocol.errors.encode(known, exchange.id));
}

/** The last word of the upstreams, in the client's envelope. */
export function replyFailure(exchange: Exchange, responder: Responder, failure: UpstreamFailure): void {
  exchange.errorCode ??= failureCode(failure);
  if (exchange.committed) breakOff(exchange, responder, failure);
  else send(exchange, responder, exchange.protocol.errors.encodeUpstream(failure, exchange.id));
}

/** After the first token: the protocol's own error frame, then a broken socket, so that half cannot look whole. */
export function breakOff(exchange: Exchange, responder: Responder, failure: UpstreamFailure): void {
  exchange.errorCode ??= failureCode(failure);
  if (responder.closed) return;
  if (exchange.stream) responder.write(exchange.protocol.errors.encodeStreamFailure(failure, exchange.id));
  responder.destroy();
}

/** Adds who answered and at what price; `upstream` headers that may travel are copied. */
function describeAttempt(exchange: Exchange, upstream: RawHeaders, now: number, headers: string[]): void {
  const { attempt, attempts, loss, began, waited, marks, usage, cost } = exchange;
  const elapsed = now - began;
  const overhead = Math.max(0, elapsed - waited - (marks.read ?? 0));
  if (attempt) headers.push(...nameTarget(attempt));
  headers.push('X-OmniRoute-Attempts', String(attempts.length));
  const session = exchange.facts?.session;
  if (session !== undefined) headers.push('X-OmniRoute-Session-Id', encodeValue(session));
  headers.push(
    'X-OmniRoute-Overhead-Ms',
    renderHundredths(overhead),
    'X-OmniRoute-Latency-Ms',
    String(Math.round(elapsed)),
  );
  if (loss.length > 0) headers.push('X-OmniRoute-Loss', encodeNames(loss));
  if (usage && !exchange.stream) {
    headers.push(
      'X-OmniRoute-Tokens-In',
      String(usage.input ?? 0),
      'X-OmniRoute-Tokens-Out',
      String(usage.output ?? 0),
    );
    if (cost !== null) headers.push('X-OmniRoute-Response-Cost', (cost / 1e9).toFixed(10));
  }
  for (const name in upstream) {
    if (!passedHeaders.has(name)) continue;
    const value = upstream[name];
    if (typeof value === 'string') headers.push(name, encodeValue(value));
  }
}

const named = new WeakMap<Attempt, readonly string[]>();

/** Made once for a plan that stands. */
function nameTarget(attempt: Attempt): readonly string[] {
  let lines = named.get(attempt);
  if (!lines) {
    const { provider, model } = attempt;
    const simulated = provider.sandbox ? ['X-OmniRoute-Sandbox', 'true'] : [];
    lines = [
      'X-OmniRoute-Provider',
      encodeValue(provider.id),
      'X-OmniRoute-Model',
      encodeValue(model),
      ...simulated,
    ];
    named.set(attempt, lines);
  }
  return lines;
}

function send(exchange: Exchange, responder: Responder, rendered: RenderedError): void {
  const { status, contentType, headers, body } = rendered;
  exchange.status = status;
  const lines = commonHeaders(exchange);
  lines.push('Content-Type', contentType, 'Content-Length', String(Buffer.byteLength(body)));
  if (exchange.attempts.length > 0) lines.push('X-OmniRoute-Attempts', String(exchange.attempts.length));
  for (const [name, value] of Object.entries(headers)) lines.push(name, encodeValue(value));
  responder.writeHead(status, lines);
  responder.end(body);
}

function hideFault(gateway: Gateway, exchange: Exchange, error: unknown): GatewayError {
  gateway.report(retainableFault(error, exchange), exchange.id);
  return new GatewayError(
    'internal',
    'The gateway itself failed; the log has the details under this request id.',
  );
}

function failureCode({ class: kind }: UpstreamFailure): NonNullable<Exchange['errorCode']> {
  if (kind === 'connection') return 'upstream_unreachable';
  return kind === 'timeout'
    ? 'upstream_timeout'
    : kind === 'client_closed'
      ? 'client_closed_request'
      : 'upstream_error';
}

/** Bytes of several pieces. */
export function sizeOf(pieces: readonly Bytes[]): number {
  let size = 0;
  for (const piece of pieces) size += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
  return size;
}
