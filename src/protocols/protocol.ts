// The interface that every wire protocol implements. Two halves: `peek` works on raw bytes and never parses more
// than it must (same protocol on both sides); the codec translates to and from the hub (`ir/`).
import type { GatewayError, UpstreamFailure } from '../errors.ts';
import type { ProtocolName } from './capabilities.ts';

/** Token counts that a wire reports; structurally the `TokenCounts` of routing/ports and the usage of ir. */
export interface WireUsage {
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly reasoning?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
}

/** A byte range of the body, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What one whole scan of a request body found. Byte spans allow edits without a parse. */
export interface RequestPeek {
  /** Decoded top-level `model`; undefined where the path names the model (Gemini). */
  readonly model?: string;
  readonly modelSpan?: Span;
  readonly stream: boolean;
  /** Where to splice when the wire needs an edit (`stream_options`); meaning belongs to the protocol. */
  readonly spans: Readonly<Record<string, Span>>;
  /** Estimated prompt tokens (bytes / 4). */
  readonly inputTokens: number;
  readonly maxOutputTokens?: number;
}

/** The edits that a pass-through may make. */
export interface SpliceEdits {
  /** New model id; undefined keeps the client's bytes. */
  readonly model?: string;
  /** Ask a chat stream for its usage chunk when the client did not. */
  readonly includeUsage?: boolean;
}

/** A name and value of an HTTP response, as received. */
export type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What one push of upstream bytes produced for the client. */
export interface PipeStep {
  /** Bytes for the client, in order; empty when everything was withheld. */
  readonly output: readonly (Uint8Array | string)[];
  /** True from the first frame on that carries content: the stream may be committed. */
  readonly meaningful: boolean;
  /** The upstream reported a failure inside the stream, or ended it wrongly. */
  readonly failure?: UpstreamFailure;
}

/**
 * Upstream bytes → client bytes for one streamed or unary answer. The pass-through pipe forwards bytes and only watches;
 * a translating pipe decodes and encodes. Safe at any byte split. `end()` is called once, after the last byte.
 */
export interface AnswerPipe {
  push(chunk: Uint8Array): PipeStep;
  end(): PipeStep;
  /** Usage as reported so far. */
  usage(): WireUsage | undefined;
  /** Characters of answer text seen, for an estimate where usage is missing. */
  outputCharacters(): number;
}

/** An error as a client of this protocol expects it, before any byte of a stream was sent. */
export interface RenderedError {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Peek {
  /** Scans and checks a whole body; throws GatewayError (400) naming the field. */
  request(body: Uint8Array, limits: { readonly maxDepth: number }): RequestPeek;
  /** The body as pieces, edited without copying what does not change. */
  splice(body: Uint8Array, peek: RequestPeek, edits: SpliceEdits): readonly Uint8Array[];
  /** Path below the endpoint's baseUrl for this call (`/chat/completions`). */
  path(model: string, stream: boolean): string;
  streamPipe(options: { readonly withholdUsage: boolean }): AnswerPipe;
  unaryPipe(): AnswerPipe;
}

export interface ProtocolErrors {
  /** A gateway error in this protocol's envelope. */
  encode(error: GatewayError, requestId: string): RenderedError;
  /** A final upstream failure in this protocol's envelope; its own 400 text is kept verbatim. */
  encodeUpstream(failure: UpstreamFailure, requestId: string): RenderedError;
  /** The frame for a failure after the stream began; the caller then destroys the socket. */
  encodeStreamFailure(failure: UpstreamFailure, requestId: string): string;
  /** An upstream's error answer → failure, from status, headers and (cut) body. */
  decode(status: number, headers: RawHeaders, body: string): UpstreamFailure;
}

export interface Protocol {
  readonly name: ProtocolName;
  /** `text/event-stream; charset=utf-8`, or NDJSON for Ollama. */
  readonly streamContentType: string;
  /** Bytes that keep an idle stream alive, or undefined when this wire's clients tolerate none. */
  keepAlive(committed: boolean): string | undefined;
  readonly peek: Peek;
  readonly errors: ProtocolErrors;
}
