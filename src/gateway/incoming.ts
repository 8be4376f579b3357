// A request as it came in, without Node's or the web's own classes.
import type { ProtocolName, Operation } from '../protocols/capabilities.ts';
import type { RawHeaders, RequestPath } from '../protocols/protocol.ts';

/** What the route table says about a request. */
export interface Route {
  /** What to do; `none` answers 404, or 405 when `allow` is there. */
  readonly operation:
    | Operation
    | 'model'
    | 'embedding-models'
    | 'health'
    | 'response'
    | 'response-items'
    | 'response-cancel'
    | 'tags'
    | 'show'
    | 'loaded'
    | 'version'
    | 'alive'
    | 'none';
  /** The wire of the client, and the family of its error envelope. */
  readonly protocol: ProtocolName;
  /** What the path wants done with the model that it names (`streamGenerateContent`). */
  readonly verb?: string;
  /** Methods of this path; goes into `Allow` and into answers to OPTIONS. */
  readonly allow?: readonly string[];
}

export interface Incoming extends RequestPath {
  readonly method: string;
  /** As sent, below the base path, without the query. */
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: RawHeaders;
  /** Address of the peer on the socket. */
  readonly peer: string;
  /** What the path's wildcard matched, decoded (`models/a%2Fb` → `a/b`). */
  readonly rest?: string;
  /** The model that the path names, decoded, and what is to be done with it (`…/models/{model}:{verb}`). */
  readonly model?: string;
  readonly verb?: string;
  readonly body: BodySource;
}

/** The body of a request as a flow of chunks. */
export interface BodySource {
  /** The whole body when it has come already, as it was sent; asked at most once, before `start`. */
  take(): Uint8Array | undefined;
  /** Begins the flow; called at most once. */
  start(sink: BodySink): void;
  pause(): void;
  resume(): void;
  /** The rest is thrown away, so that the client can finish sending and read its answer. */
  discard(): void;
}

export interface BodySink {
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  /** The client went away in the middle. */
  onAbort(): void;
}

/** The first value of a header. */
export function readHeader(headers: RawHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value[0] : value;
}
