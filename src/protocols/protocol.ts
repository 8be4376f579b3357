// The interface that every wire protocol implements. Two halves: `peek` works on raw bytes and never parses more
// than it must (same protocol on both sides); the codec translates to and from the hub (`ir/`).
import type { GatewayError, UpstreamFailure } from '../errors.ts';
import type { RequestChanges } from '../ir/changes.ts';
import type { Answer, AnswerEvent, AnswerListener } from '../ir/events.ts';
import type { LossReport } from '../ir/loss.ts';
import type { Part } from '../ir/parts.ts';
import type { Effort } from '../ir/options.ts';
import type { Proof } from '../ir/proof.ts';
import type { ModelRequest } from '../ir/request.ts';
import type { ToolNames } from '../ir/tool-names.ts';
import type { JsonObject } from '../lib/json.ts';
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
  /** Whether a stream reports usage without an edit: the client asks for it, or the wire always does. */
  readonly reportsUsage: boolean;
  /** Where to splice when the wire needs an edit (`stream_options`); meaning belongs to the protocol. */
  readonly spans: Readonly<Record<string, Span>>;
  /** Estimated prompt tokens (bytes / 4). */
  readonly inputTokens: number;
  readonly maxOutputTokens?: number;
}

/** What the address of a request says before its body is read. */
export interface RequestPath {
  /** As sent, below the base path, without the query. */
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  /** The model that the path names, decoded, and what is to be done with it (`…/models/{model}:{verb}`). */
  readonly model?: string;
  readonly verb?: string;
}

/** The edits that a pass-through may make. */
export interface SpliceEdits {
  /** New model id; undefined keeps the client's bytes. */
  readonly model?: string;
  /** Ask a chat stream for its usage chunk when the client did not. */
  readonly includeUsage?: boolean;
  /** Members to write at the start of the object, as JSON text without braces (`"thinking":{…}`). */
  readonly insert?: string;
  /** Write `stream: true` into a body that does not say, because the client's Accept header asks for a stream. */
  readonly stream?: true;
}

/** A name and value of an HTTP response, as received. */
export type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What one push of upstream bytes produced for the client. */
export interface PipeStep {
  /** Bytes for the client, in order; empty when everything was withheld. A stream gives whole frames only, because the
   *  gateway puts keep-alives between them. */
  readonly output: readonly (Uint8Array | string)[];
  /** True from the first frame on that carries content (a token, a tool call, a refusal, a finish; a role alone does not
   *  count): the stream may be committed. */
  readonly meaningful: boolean;
  /** The upstream reported a failure inside the answer, or ended it wrongly. Nothing may follow. */
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
  /** Scans and checks a whole body; throws GatewayError (400) naming the field. `path`: for wires that name the model there. */
  request(body: Uint8Array, limits: { readonly maxDepth: number }, path?: RequestPath): RequestPeek;
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
  /** An upstream's error answer → failure, from status, headers and (cut) body. `now`: epoch ms, for hints that are dates. */
  decode(status: number, headers: RawHeaders, body: string, now?: number): UpstreamFailure;
}

export interface Protocol {
  readonly name: ProtocolName;
  /** `text/event-stream; charset=utf-8`, or NDJSON for Ollama. */
  readonly streamContentType: string;
  /** Client headers, in lower case, that travel to an upstream of the same protocol (`anthropic-beta`). */
  readonly requestHeaders: readonly string[];
  /** Under which name its SDKs look for the id of a request, beside X-Request-Id. */
  readonly requestIdHeader?: string;
  /** Bytes that keep an idle stream alive, or undefined when this wire's clients tolerate none. */
  keepAlive(committed: boolean): string | undefined;
  readonly peek: Peek;
  readonly errors: ProtocolErrors;
  /** The operator's changes on a body that stays in this wire; everything else survives. Throws GatewayError 400. */
  changeBody(body: JsonObject, changes: RequestChanges, target: ChangeTarget): JsonObject;
  /**
   * This wire as the request of such a path speaks it, where one wire has several ways of speaking (Gemini's JSON array
   * beside SSE, Ollama's generate beside chat). The same `name`; asked once per request, only for what clients send.
   */
  dialect?(path: RequestPath): Protocol;
  /** Hosts of this wire may lack this dialect and answer `unsupported`; its codec then says the same in a plain call. */
  readonly optional?: true;
  /** Whether a part that a client gave by URL must be sent as bytes; absent: the wire takes URLs, or refuses them. */
  needsBytes?(part: Part): boolean;
  /** Absent while a wire can only be passed through. */
  readonly codec?: Codec;
}

/**
 * What a family of models accepts, where it differs from its neighbours: data (`model-rules.ts`), so that no codec
 * knows a model by name.
 */
export interface ModelRules {
  /** `one`: temperature or top_p, not both. `none`: only the defaults. */
  readonly sampling: 'free' | 'one' | 'none';
  /** May the last message be the assistant's? */
  readonly prefill: boolean;
  /** May system text stand between other messages? */
  readonly midSystem: boolean;
  /** Efforts that it takes; empty: it does not reason on request. */
  readonly efforts: readonly Effort[];
  /** How Anthropic's models are told to think. */
  readonly thinking: 'none' | 'budget' | 'adaptive';
  /** JSON Schema output without the forced-tool detour. */
  readonly nativeSchema: boolean;
  readonly stop: boolean;
  /** Name of the field for `output.maxTokens` on Chat. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Name of the role for instructions on Chat. */
  readonly systemRole: 'system' | 'developer';
  /** Text-only content as a list of parts (true) or as one string (false). */
  readonly contentLists: boolean;
  /** Must earlier reasoning be sent back as text? `tool-turns`: on every turn with calls, or on none. */
  readonly reasoningHistory: 'none' | 'tool-turns';
  /** Explicit prompt-cache marks, or an automatic one. */
  readonly cacheMarks: boolean;
  readonly webSearch: boolean;
  /** Does the provider run searches for it as a tool of Responses? */
  readonly hostedSearch: boolean;
  /** Name of the field for `user` on Chat. */
  readonly userField: 'user' | 'safety_identifier';
  /** What Ollama's `think` takes for it: a switch, a level, or nobody knows. A model that cannot think refuses the switch. */
  readonly ollamaThinking: 'unknown' | 'switch' | 'levels';
  /** How Gemini's models are told to think: by a number of tokens inside `geminiBudgets`, or by a level. */
  readonly geminiThinking: 'none' | 'budget' | 'level';
  readonly geminiBudgets: readonly [least: number, most: number];
  /** Does Gemini want a signature on the first call of every step of the running turn? */
  readonly callSignatures: boolean;
  /** Does Gemini take, beside functions, a schema for the answer, tools of its own, and media in results? */
  readonly mixedTools: boolean;
  /** Does Chat take `stream_options`? */
  readonly streamOptions: boolean;
  /** Does Chat guarantee a schema, or only that the answer is an object? */
  readonly chatSchema: boolean;
  /** Does Chat take `metadata` and the id of the user? */
  readonly chatMetadata: boolean;
  /** Is reasoning on Chat switched by `thinking: {type}` instead of an effort? */
  readonly thinkingSwitch: boolean;
  /** Used when neither client nor catalogue says how long an answer may be. */
  readonly maxOutput: number;
}

/** The upstream model that a request is written for. */
export interface Target {
  readonly model: string;
  /** Provider id: proofs return to their issuer only. */
  readonly issuer: string;
  readonly rules: ModelRules;
  /** Answer tokens that the model can give at most, where the catalogue knows it. */
  readonly maxOutput?: number;
  /** Context window that the configuration gives the model, for upstreams that must be told. */
  readonly contextWindow?: number;
  /** API version that the call names, where the wire has versions. */
  readonly version?: string;
  /** The proof that an earlier call came with, for clients that keep calls but not what proves them. */
  recall?(callId: string): Proof | undefined;
}

/** What changes of a request depend on. */
export type ChangeTarget = Pick<Target, 'model' | 'rules' | 'maxOutput'>;

/** What the way back must undo or add. Made by `encodeRequest` of the upstream's codec. */
export interface AnswerPlan {
  readonly names: ToolNames;
  /** A forced tool whose input is the structured answer. */
  readonly schemaTool?: string;
  /** Free-form tools that were offered as functions with one string. */
  readonly freeform?: ReadonlySet<string>;
  /** JSON was only asked for in words: code fences around it are removed. */
  readonly stripFence?: boolean;
  /** Texts that end the answer and that the upstream does not know. */
  readonly stop?: readonly string[];
}

/** What the client's answer must respect. Made by `decodeRequest` of the client's codec. */
export interface ClientPlan {
  /** The model name as the client wrote it. */
  readonly model: string;
  readonly stream: boolean;
  /** A chat client asked for the usage chunk. */
  readonly includeUsage: boolean;
  /** A chat client speaks the old `functions` dialect. */
  readonly legacyFunctions: boolean;
  /** Tools that the client spells otherwise than the hub, by their name in the hub. */
  readonly tools?: ReadonlyMap<string, ClientTool>;
  /** The answer is a summary that will stand for the conversation; these items of it stay beside. */
  readonly summary?: readonly JsonObject[];
  /** The client did not ask to read reasoning, and its wire shows none unasked; proofs travel all the same. */
  readonly hidesReasoning?: boolean;
  /** Fields of the request that the client's wire repeats in every answer. */
  readonly echo?: JsonObject;
}

/** A tool as only its own wire spells it. */
export interface ClientTool {
  readonly name: string;
  readonly namespace?: string;
  /** A kind of tool that only this wire has, offered to others as a function. */
  readonly type?: string;
}

export interface DecodeContext {
  readonly issuer: string;
  newId(prefix: string): string;
}

export interface EncodeContext extends DecodeContext {
  readonly client: ClientPlan;
  /** Model that answers, when the upstream does not name it. */
  readonly model: string;
  /** Epoch seconds, for upstreams that give none. */
  readonly created: number;
  /** When this attempt began and what time it is, epoch milliseconds, for wires that report how long an answer took. */
  readonly began: number;
  now(): number;
  /** Estimated prompt tokens, for wires that report them before the answer begins. */
  readonly inputTokens: number;
  /** What the client's wire could not say about the answer; only in the trace, because headers are gone by then. */
  readonly loss: LossReport;
}

/** Upstream bytes of a stream → events. Throws nothing: a broken stream is an `answer-fail`. */
export interface AnswerDecoder {
  push(chunk: Uint8Array): void;
  /** After the last byte; emits `answer-end` when the upstream had finished without saying so. */
  end(): void;
}

/** Events → frames of a stream. */
export interface AnswerEncoder {
  write(event: AnswerEvent): void;
  /** Whole frames written since the last call, or an empty text. */
  take(): string;
}

/** One wire ⇄ the hub. `decode` goes toward the hub, `encode` away from it. */
export interface Codec {
  /** Its proofs stand on calls: they are kept by the call's id, for clients that lose them. */
  readonly signsCalls?: true;
  /** A request body, already known to be one JSON object. Throws GatewayError (400) naming the field. `asked`: what the
   *  peek found, for wires that name model and stream in the path. */
  decodeRequest(
    body: JsonObject,
    loss: LossReport,
    asked?: Partial<Pick<RequestPeek, 'model' | 'stream'>>,
  ): { readonly request: ModelRequest; readonly client: ClientPlan };
  /** Throws GatewayError `unsupported_feature` where dropping would change the shape of the answer. */
  encodeRequest(
    request: ModelRequest,
    target: Target,
    loss: LossReport,
  ): {
    readonly body: JsonObject;
    readonly headers: Readonly<Record<string, string>>;
    readonly plan: AnswerPlan;
  };
  /** Another way to write a request that the upstream refused; undefined when there is none. Asked once. */
  repairRequest?(body: JsonObject, failure: UpstreamFailure): JsonObject | undefined;
  createAnswerDecoder(context: DecodeContext, emit: AnswerListener): AnswerDecoder;
  /** A unary answer body → the events of the stream that it stands for. */
  decodeAnswer(body: unknown, context: DecodeContext, emit: AnswerListener): void;
  createAnswerEncoder(context: EncodeContext): AnswerEncoder;
  encodeAnswer(answer: Answer, context: EncodeContext): string;
}
