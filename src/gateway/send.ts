// One upstream call and what becomes of its answer: held back until it is worth showing, then passed on with
// back-pressure both ways. A failure before the first token leaves the client untouched, so that the next candidate can
// answer.
import type { UpstreamFailure } from '../errors.ts';
import type { PipeStep, RawHeaders } from '../protocols/protocol.ts';
import type { CallEnd } from '../routing/world/world.ts';
import type { UpstreamCall, UpstreamHandler } from '../upstream/transport.ts';
import { Deadline } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { createDrainingError } from './guard.ts';
import { hideCredential } from './hide-credential.ts';
import type { Permission } from './permit.ts';
import { broken, late, readObject } from './broken-answer.ts';
import { breakOff, commitStream, commitWhole, replyError, sizeOf } from './reply.ts';
import type { Responder } from './responder.ts';
import { collectUsage, priceCall } from './settle.ts';
import type { PreparedCall } from './translate.ts';

/** Bytes of an error answer that are read; the rest of it tells nothing. */
const errorBytes = 64 * 1024;

/** Bytes of an answer that are held back at most before the client sees its status. */
const holdBytes = 1024 * 1024;

/**
 * Resolves with the failure when another candidate may still answer, with undefined when the client has its answer, or
 * the error frame of a broken one, or has gone away.
 */
export function send(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  prepared: PreparedCall,
  permission: Permission,
): Promise<UpstreamFailure | undefined> {
  return new Promise((resolve) => {
    const sending = new Sending(gateway, exchange, responder, prepared, permission, resolve);
    try {
      sending.begin();
    } catch (error) {
      permission.end({ kind: 'abandoned' });
      throw error;
    }
  });
}

class Sending extends Deadline implements UpstreamHandler {
  due: number;
  readonly #gateway: Gateway;
  readonly #exchange: Exchange;
  readonly #responder: Responder;
  readonly #prepared: PreparedCall;
  readonly #permission: Permission;
  readonly #resolve: (failure: UpstreamFailure | undefined) => void;
  readonly #sentAt: number;
  readonly #firstTokenAt: number;
  readonly #totalAt: number;
  readonly #idleTimeout: number;
  #call: UpstreamCall | undefined;
  #status = 0;
  #headers: RawHeaders = {};
  /** Body of an answer that is no success. */
  #error: Uint8Array[] | undefined;
  #errorSize = 0;
  /** Output that waits for the first token, or for the end of an unstreamed answer. */
  #held: (Uint8Array | string)[] = [];
  #heldSize = 0;
  /** The client has seen content of this answer. */
  #started = false;
  #over = false;
  #wroteAt: number;
  /** When the upstream was last heard, from its head on. */
  #heardAt = Number.POSITIVE_INFINITY;
  /** The client reads slower than the upstream writes. */
  #blocked = false;

  constructor(
    gateway: Gateway,
    exchange: Exchange,
    responder: Responder,
    prepared: PreparedCall,
    permission: Permission,
    resolve: (failure: UpstreamFailure | undefined) => void,
  ) {
    super();
    this.#gateway = gateway;
    this.#exchange = exchange;
    this.#responder = responder;
    this.#prepared = prepared;
    this.#permission = permission;
    this.#resolve = resolve;
    const now = gateway.clock.monotonic();
    const { profile } = exchange.attempt!.provider;
    this.#sentAt = now;
    this.#wroteAt = now;
    // An unstreamed answer begins when it is complete: only the limit of the whole call can bound that.
    this.#firstTokenAt = exchange.stream ? now + profile.firstTokenTimeout : Number.POSITIVE_INFINITY;
    this.#totalAt = exchange.began + profile.totalTimeout;
    this.#idleTimeout = profile.idleTimeout;
    this.due = this.#nextDue();
    exchange.marks.send ??= now - exchange.began;
  }

  begin(): void {
    const { deadlines, transport } = this.#gateway;
    if (this.#responder.closed) {
      this.#lose();
      return;
    }
    this.#responder.onClose(() => this.#lose());
    this.#responder.onDrain(() => {
      this.#blocked = false;
      // The pause was the client's; the upstream's own begins now.
      this.#heardAt = this.#gateway.clock.monotonic();
      this.#call?.resume();
    });
    deadlines.watch(this);
    const call = transport.send(this.#prepared.request, this);
    this.#call = call;
    if (this.#over) call.abort();
  }

  onHead(status: number, headers: RawHeaders): void {
    this.#status = status;
    this.#headers = headers;
    const now = this.#gateway.clock.monotonic();
    this.#heardAt = now;
    this.#exchange.marks.head ??= now - this.#exchange.began;
    this.due = this.#nextDue();
    this.#permission.observe(headers);
    const type = String(headers['content-type'] ?? '');
    const isArray = this.#prepared.wire.streamContentType.startsWith('application/json');
    if (status < 200 || status >= 300) this.#error = [];
    else if (type.startsWith('text/html')) this.#fail(broken('answered with a web page'));
    else if (this.#exchange.stream && type.startsWith('application/json') && !isArray) this.#error = [];
    else if (!this.#exchange.stream && type.startsWith('text/event-stream')) {
      this.#fail(broken('answered with a stream where none was asked for'));
    }
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#over) return true;
    this.#heardAt = this.#gateway.deadlines.recent;
    if (this.#error) {
      if (this.#errorSize < errorBytes) this.#error.push(chunk);
      this.#errorSize += chunk.length;
      return true;
    }
    return this.#forward(this.#prepared.pipe.push(chunk));
  }

  onEnd(): void {
    if (this.#over) return;
    if (this.#error) {
      this.#fail(
        this.#status < 300 ? readObject(this.#prepared.wire, this.#error) : this.#readError(this.#error),
      );
      return;
    }
    const step = this.#prepared.pipe.end();
    if (step.failure) {
      this.#forward(step);
      return;
    }
    this.#finish(step.output);
  }

  onFailure(failure: UpstreamFailure): void {
    if (this.#over) return;
    // An error answer that breaks off in its body has said enough with its status.
    this.#fail(this.#error && this.#status >= 300 ? this.#readError(this.#error) : failure);
  }

  onDue(now: number): void {
    const { stream, committed } = this.#exchange;
    if (now >= this.#totalAt) this.#fail(late('The request took longer than totalTimeout.'));
    else if (!this.#started && now >= this.#firstTokenAt)
      this.#fail(late('No first token within firstTokenTimeout.'));
    else if (!this.#blocked && now >= this.#heardAt + this.#idleTimeout) {
      this.#fail(late('The upstream stopped in the middle of its answer.'));
    } else if (stream && !committed) {
      commitStream(this.#gateway, this.#exchange, this.#responder, undefined);
      // Node sends the head with the first bytes, were it none.
      this.#responder.write(this.#exchange.protocol.keepAlive(false) ?? '');
      this.#wroteAt = now;
    } else this.#keepAlive(now);
    this.due = this.#nextDue();
  }

  #forward({ output, meaningful, failure }: PipeStep): boolean {
    if (this.#started) {
      const flowing = this.#write(output);
      if (failure) this.#fail(failure);
      return flowing;
    }
    if (failure) {
      this.#fail(failure);
      return true;
    }
    for (const piece of output) this.#held.push(piece);
    this.#heldSize += sizeOf(output);
    if (!meaningful && this.#heldSize <= holdBytes) return true;
    return this.#start();
  }

  /** The answer is worth showing: from here on there is no other candidate. */
  #start(): boolean {
    const exchange = this.#exchange;
    const now = this.#gateway.clock.monotonic();
    this.#started = true;
    this.#settleAttempt(now);
    exchange.marks.first = now - exchange.began;
    if (!exchange.committed) {
      if (exchange.stream) commitStream(this.#gateway, exchange, this.#responder, this.#headers);
      else commitWhole(this.#gateway, exchange, this.#responder, this.#headers, undefined);
    }
    const held = this.#held;
    this.#held = [];
    this.due = this.#nextDue();
    return this.#write(held);
  }

  #finish(output: readonly (Uint8Array | string)[]): void {
    const exchange = this.#exchange;
    if (exchange.stream || this.#started) {
      if (!this.#started) this.#start();
      this.#write(output);
      this.#close(this.#success(), this.#gateway.clock.monotonic());
      this.#responder.end();
      return;
    }
    const pieces = [...this.#held, ...output];
    const now = this.#gateway.clock.monotonic();
    this.#started = true;
    exchange.marks.first = now - exchange.began;
    this.#settleAttempt(now);
    priceCall(this.#gateway, exchange);
    this.#close({ kind: 'success' }, now);
    commitWhole(this.#gateway, exchange, this.#responder, this.#headers, sizeOf(pieces));
    for (let i = 0; i < pieces.length - 1; i++) this.#responder.write(pieces[i]!);
    this.#responder.end(pieces.at(-1));
  }

  #write(output: readonly (Uint8Array | string)[]): boolean {
    if (output.length === 0) return true;
    this.#wroteAt = this.#heardAt;
    let flowing = true;
    for (const piece of output) flowing = this.#responder.write(piece);
    this.#blocked = !flowing;
    return flowing;
  }

  #keepAlive(now: number): void {
    const { stream, committed, protocol } = this.#exchange;
    if (!stream || !committed || now - this.#wroteAt < this.#exchange.snapshot.timing.keepAliveInterval)
      return;
    const bytes = this.#blocked ? undefined : protocol.keepAlive(this.#started);
    this.#wroteAt = now;
    if (bytes !== undefined) this.#responder.write(bytes);
  }

  /** The earliest of all limits; those that moved on meanwhile make it look again too early, never too late. */
  #nextDue(): number {
    const { stream, committed, began, attempt, snapshot } = this.#exchange;
    let due = Math.min(this.#totalAt, this.#heardAt + this.#idleTimeout);
    if (!stream) return due;
    if (!this.#started) due = Math.min(due, this.#firstTokenAt);
    const { commitAfter } = attempt!.provider.profile;
    return Math.min(due, committed ? this.#wroteAt + snapshot.timing.keepAliveInterval : began + commitAfter);
  }

  #fail(told: UpstreamFailure): void {
    const failure = hideCredential(told, this.#prepared.request.headers);
    if (this.#over) return;
    this.#call?.abort();
    const now = this.#gateway.clock.monotonic();
    const end = { kind: 'failure', failure, random: this.#gateway.random() } as const;
    if (!this.#started) {
      this.#settleAttempt(now, failure);
      this.#close(end, now, failure);
      return;
    }
    const { attempts } = this.#exchange;
    attempts.push({ ...attempts.pop()!, class: failure.class });
    this.#close(end, now);
    breakOff(this.#exchange, this.#responder, failure);
  }

  onInterrupt(): void {
    this.#abandon();
    replyError(this.#gateway, this.#exchange, this.#responder, createDrainingError());
  }

  /** The client has gone: nobody is left who would read. */
  #lose(): void {
    if (this.#over) return;
    this.#exchange.errorCode = 'client_closed_request';
    this.#abandon();
  }

  /** It is no fault of the upstream, which must stop billing. */
  #abandon(): void {
    this.#call?.abort();
    const now = this.#gateway.clock.monotonic();
    if (!this.#started)
      this.#settleAttempt(now, { class: 'client_closed', message: 'The client went away.' });
    this.#close({ kind: 'abandoned' }, now);
  }

  #success(): CallEnd {
    const { marks, began } = this.#exchange;
    return { kind: 'success', firstToken: began + (marks.first ?? 0) - this.#sentAt };
  }

  #settleAttempt(now: number, failure?: UpstreamFailure): void {
    const { attempts, attempt } = this.#exchange;
    const waited = now - this.#sentAt;
    const milliseconds = Math.round(waited);
    this.#exchange.waited += waited;
    const { target } = attempt!;
    if (!failure) attempts.push({ target, status: this.#status, milliseconds });
    else if (failure.status === undefined) attempts.push({ target, class: failure.class, milliseconds });
    else attempts.push({ target, class: failure.class, status: failure.status, milliseconds });
    if (!failure) collectUsage(this.#exchange, this.#prepared.pipe, false);
  }

  /** `failure`: another candidate may still answer. */
  #close(end: CallEnd, now: number, failure?: UpstreamFailure): void {
    this.#over = true;
    this.#gateway.deadlines.release(this);
    if (this.#started) collectUsage(this.#exchange, this.#prepared.pipe, end.kind !== 'success');
    this.#permission.end(end);
    this.#exchange.marks.end = now - this.#exchange.began;
    this.#resolve(failure);
  }

  #readError(chunks: readonly Uint8Array[]): UpstreamFailure {
    const body = Buffer.concat(chunks).subarray(0, errorBytes).toString();
    const { errors } = this.#prepared.wire;
    return errors.decode(this.#status, this.#headers, body, this.#gateway.clock.now());
  }
}
