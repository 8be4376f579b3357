// Token counters over the wires that have them: which bodies they take, how they answer, and what a translated chat must
// leave out before another vendor's counter takes it.
import { GatewayError } from '../errors.ts';
import { readCount } from '../ir/usage.ts';
import { encodePath } from '../lib/encode-path.ts';
import { demandField, optionalField, scanBody } from '../lib/json-fields.ts';
import { prepareKeys } from '../lib/json-scan.ts';
import { isObject, type JsonObject } from '../lib/json.ts';
import type { ProtocolName } from './capabilities.ts';
import type { Codec, Protocol, RequestPath, RequestPeek } from './protocol.ts';
import { envelopeOf } from './registry.ts';

/** The counter of one wire. */
export interface Counter {
  /** Path below the endpoint's baseUrl. */
  path(model: string): string;
  /** The chat that a client's body stands for. */
  unwrap(body: JsonObject): JsonObject;
  /** A chat as the counter takes it. `own`: written by a client for this counter, and not by a translation. */
  wrap(chat: JsonObject, model: string, own: boolean): JsonObject;
  /** The count in an answer, undefined where there is none. */
  read(answer: unknown): number | undefined;
  encodeAnswer(tokens: number): JsonObject;
}

/** A protocol as calls that only count speak it. */
export interface CountProtocol extends Protocol {
  readonly counter: Counter;
}

/** The counter of that wire, undefined where its vendor has none. */
export function findCounter(name: ProtocolName): Counter | undefined {
  return counters[name];
}

/** The wire in which a client asks for a count. */
export function findCountProtocol(name: ProtocolName): CountProtocol | undefined {
  const counter = findCounter(name);
  if (!counter) return undefined;
  let protocol = protocols.get(name);
  if (!protocol) {
    const { dialect, codec, changeBody, peek, ...rest } = envelopeOf(name);
    protocol = {
      ...rest,
      counter,
      peek: name === 'gemini' ? { ...peek, request: peekGoogle, splice: (body) => [body] } : peek,
      ...(codec ? { codec: decodeInside(codec, counter) } : {}),
      changeBody: (body, changes, target) => changeBody(counter.unwrap(body), changes, target),
    };
    protocols.set(name, protocol);
  }
  return protocol;
}

const protocols = new Map<ProtocolName, CountProtocol>();

export function isCounting(protocol: Protocol): protocol is CountProtocol {
  return 'counter' in protocol;
}

function decodeInside(codec: Codec, { unwrap }: Counter): Codec {
  return { ...codec, decodeRequest: (body, ...more) => codec.decodeRequest(unwrap(body), ...more) };
}

/** Members of a chat that Anthropic's counter takes; it refuses every other. */
const anthropicMembers: ReadonlySet<string> = new Set([
  'cache_control',
  'context_management',
  'mcp_servers',
  'messages',
  'model',
  'output_config',
  'output_format',
  'speed',
  'system',
  'thinking',
  'tool_choice',
  'tools',
]);

/** Members of a request for a response that OpenAI's counter takes. */
const responsesMembers: ReadonlySet<string> = new Set([
  'conversation',
  'input',
  'instructions',
  'model',
  'parallel_tool_calls',
  'previous_response_id',
  'reasoning',
  'text',
  'tool_choice',
  'tools',
  'truncation',
]);

const counters: { readonly [name in ProtocolName]?: Counter } = {
  'anthropic-messages': {
    path: () => '/messages/count_tokens',
    unwrap: (body) => body,
    wrap: (chat, model, own) => ({ ...(own ? chat : keep(chat, anthropicMembers)), model }),
    read: (answer) => readMember(answer, 'input_tokens'),
    encodeAnswer: (tokens) => ({ input_tokens: tokens }),
  },
  'openai-responses': {
    path: () => '/responses/input_tokens',
    unwrap: (body) => body,
    wrap: (chat, model) => ({ ...keep(chat, responsesMembers), model }),
    read: (answer) => readMember(answer, 'input_tokens'),
    encodeAnswer: (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
  },
  gemini: {
    path: (model) => `/models/${encodePath(model)}:countTokens`,
    unwrap: (body) => {
      const inner = body['generateContentRequest'] ?? body['generate_content_request'];
      return isObject(inner) ? inner : body;
    },
    // Only the request as a whole has its tools and system text counted. Its model is ours, never a client's own.
    wrap: (chat, model) => ({ generateContentRequest: { ...chat, model: `models/${model}` } }),
    read: (answer) => readMember(answer, 'totalTokens'),
    encodeAnswer: (tokens) => ({
      totalTokens: tokens,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }],
    }),
  },
};

function keep(chat: JsonObject, members: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(chat).filter(([name]) => members.has(name)));
}

function readMember(answer: unknown, name: string): number | undefined {
  return isObject(answer) ? readCount(answer[name]) : undefined;
}

const googleKeys = prepareKeys(['contents', 'generateContentRequest', 'generate_content_request']);

function peekGoogle(
  body: Uint8Array,
  { maxDepth }: { readonly maxDepth: number },
  { model = '' }: Partial<RequestPath> = {},
): RequestPeek {
  const spans = scanBody(body, googleKeys, maxDepth);
  const inner =
    optionalField(body, spans.generateContentRequest, 'generateContentRequest', 'object') ??
    optionalField(body, spans.generate_content_request, 'generate_content_request', 'object');
  if (!inner) demandField(body, spans.contents, 'contents', 'array');
  else if (spans.contents) {
    const message = '"contents" and "generateContentRequest" exclude each other.';
    throw new GatewayError('invalid_body', message, { param: 'contents' });
  }
  return { model, stream: false, reportsUsage: true, spans, inputTokens: Math.ceil(body.length / 4) };
}
