// How bytes leave: one call to one origin through an undici Dispatcher, with timeouts, back-pressure and abort.
// undici lives in this folder and nowhere else.
import type { UpstreamFailure } from '../errors.ts';
import type { RawHeaders } from '../protocols/protocol.ts';

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Absolute URL of the call. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces that are sent in order, never copied into one. */
  readonly body: readonly Uint8Array[];
  /** The simulator answers. */
  readonly sandbox: boolean;
  readonly connectTimeout: number;
  /** Milliseconds until the status line. */
  readonly headersTimeout: number;
  /** Milliseconds between two reads of the body. */
  readonly idleTimeout: number;
}

/** Events of one call, in this order: onHead, onData*, then exactly one of onEnd or onFailure. */
export interface UpstreamHandler {
  onHead(status: number, headers: RawHeaders): void;
  /** False pauses the upstream until `resume()`. */
  onData(chunk: Uint8Array): boolean;
  onEnd(): void;
  onFailure(failure: UpstreamFailure): void;
}

export interface UpstreamCall {
  resume(): void;
  /** Ends the call now; no further event is delivered. */
  abort(): void;
}

export interface Transport {
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall;
  /** Ends idle connections and waits for running calls, at most `milliseconds`. */
  close(milliseconds: number): Promise<void>;
}
