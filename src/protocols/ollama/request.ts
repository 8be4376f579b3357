// An Ollama request body, chat or generate ⇄ the hub's request. Requests are written as chats: it can say everything that
// generate can say about a conversation.
import { extend } from '../../ir/extensions.ts';
import type { Extensions } from '../../ir/extensions.ts';
import { refuse, reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { isSystem, type Message } from '../../ir/message.ts';
import type { Output, ResponseFormat, Sampling } from '../../ir/options.ts';
import type { Part } from '../../ir/parts.ts';
import {
  demandString,
  readArray,
  readBoolean,
  readNumber,
  readObject,
  readString,
  wrong,
} from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import { sameNames } from '../../ir/tool-names.ts';
import { defined, isObject, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ClientPlan, Codec, Target } from '../protocol.ts';
import { decodeMessages, encodeMessages } from './messages.ts';
import { decodeImages } from './parts.ts';
import { decodeThinking, encodeThinking } from './thinking.ts';
import { decodeTools, encodeTools } from './tools.ts';
import { chatFields, generateFields, optionFields, wire } from './wire.ts';

/** Where an option of the server stands among the extensions. */
const prefix = 'options.';

export const decodeChat: Codec['decodeRequest'] = (body) =>
  decodeShared(body, decodeMessages(readArray(body, 'messages', '') ?? []), chatFields);

/** One prompt is a conversation of one turn. */
export const decodeGenerate: Codec['decodeRequest'] = (body) => {
  const system = readString(body, 'system', '') ?? '';
  const prompt = readString(body, 'prompt', '') ?? '';
  const parts: Part[] = decodeImages(readArray(body, 'images', ''), 'images');
  if (prompt !== '') parts.push({ kind: 'text', text: prompt });
  const messages: Message[] = [];
  if (system !== '') messages.push({ role: 'system', parts: [{ kind: 'text', text: system }] });
  if (parts.length > 0) messages.push({ role: 'user', parts });
  return decodeShared(body, messages, generateFields);
};

function decodeShared(
  body: JsonObject,
  messages: readonly Message[],
  known: ReadonlySet<string>,
): { readonly request: ModelRequest; readonly client: ClientPlan } {
  const model = demandString(body, 'model', '');
  const stream = readBoolean(body, 'stream', '') ?? true;
  const options = readObject(body, 'options', '') ?? {};
  const request: ModelRequest = defined({
    model,
    stream,
    messages,
    tools: decodeTools(body),
    sampling: decodeSampling(options),
    output: decodeOutput(body, options),
    reasoning: decodeThinking(body),
    // The server keeps the longest prefix that it has seen.
    cache: { automatic: true },
    extensions: collectExtensions(body, options, known),
  });
  const hides = body['think'] === false;
  return {
    request,
    client: {
      model,
      stream,
      includeUsage: true,
      legacyFunctions: false,
      ...(hides && { hidesReasoning: true }),
    },
  };
}

function decodeSampling(options: JsonObject): Sampling {
  const read = (name: string) => readNumber(options, name, 'options');
  return defined({
    temperature: read('temperature'),
    topP: read('top_p'),
    topK: whole(read('top_k')),
    frequencyPenalty: read('frequency_penalty'),
    presencePenalty: read('presence_penalty'),
    seed: whole(read('seed')),
  });
}

/** The server cuts where it wants whole numbers; others refuse fractions. */
function whole(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.trunc(value);
}

function decodeOutput(body: JsonObject, options: JsonObject): Output {
  const limit = whole(readNumber(options, 'num_predict', 'options'));
  const { stop } = options;
  const texts = typeof stop === 'string' ? [stop] : readArray(options, 'stop', 'options');
  const asked = readBoolean(body, 'logprobs', '') === true;
  return defined({
    // Zero and less mean no limit.
    maxTokens: limit !== undefined && limit > 0 ? limit : undefined,
    stop: texts?.map((text, i) =>
      typeof text === 'string' ? text : wrong(`options.stop[${i}]`, 'a string'),
    ),
    logprobs: asked ? (readNumber(body, 'top_logprobs', '') ?? 0) : undefined,
    format: decodeFormat(body['format']),
  });
}

function decodeFormat(format: unknown): ResponseFormat | undefined {
  if (format === undefined || format === null || format === '') return undefined;
  if (format === 'json') return { kind: 'json' };
  return isObject(format) ? { kind: 'schema', schema: format } : wrong('format', '"json" or a JSON Schema');
}

/** What only an Ollama server understands. Empty texts and lists say nothing, and libraries send them. */
function collectExtensions(
  body: JsonObject,
  options: JsonObject,
  known: ReadonlySet<string>,
): Extensions | undefined {
  const own = Object.entries(omitKnown(body, known) ?? {});
  const server = Object.entries(omitKnown(options, optionFields) ?? {});
  const said = [...own, ...server.map(([name, value]) => [prefix + name, value] as const)].filter(
    ([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return said.length === 0 ? undefined : extend(wire, Object.fromEntries(said));
}

export const encodeRequest: Codec['encodeRequest'] = (request, target, loss) => {
  reportForeign(request.extensions, wire, '', loss);
  reportUnknown(request, loss);
  const { tools, freeform, demand } = encodeTools(request, loss);
  const own = Object.entries(request.extensions?.[wire] ?? {});
  const server = own.filter(([name]) => name.startsWith(prefix));
  const options = {
    ...Object.fromEntries(server.map(([name, value]) => [name.slice(prefix.length), value])),
    ...encodeOptions(request, target, loss),
  };
  const { output } = request;
  const body = defined({
    ...Object.fromEntries(own.filter(([name]) => !name.startsWith(prefix))),
    model: target.model,
    messages: encodeMessages(
      demand === undefined ? request.messages : addDemand(request.messages, demand),
      loss,
    ),
    // Silence would mean a stream.
    stream: request.stream,
    tools: tools.length > 0 ? tools : undefined,
    format: encodeFormat(output.format),
    think: encodeThinking(request.reasoning, target.rules, loss),
    logprobs: output.logprobs === undefined ? undefined : true,
    top_logprobs: output.logprobs === undefined || output.logprobs === 0 ? undefined : output.logprobs,
    options: Object.keys(options).length > 0 ? options : undefined,
  });
  return { body, headers: {}, plan: { names: sameNames, freeform } };
};

function encodeOptions(
  { sampling, output }: ModelRequest,
  { maxOutput, contextWindow }: Target,
  loss: LossReport,
): JsonObject {
  const { maxTokens, stop } = output;
  if (sampling.logitBias !== undefined) loss.add('sampling.logitBias', 'Ollama has no such field');
  return defined({
    // The server's own window is small, and it cuts what is longer without a word.
    num_ctx: contextWindow,
    num_predict:
      maxTokens === undefined ? undefined : Math.max(1, Math.min(maxTokens, maxOutput ?? maxTokens)),
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    frequency_penalty: sampling.frequencyPenalty,
    presence_penalty: sampling.presencePenalty,
    seed: sampling.seed,
    stop: stop !== undefined && stop.length > 0 ? stop : undefined,
  });
}

function encodeFormat(format: ResponseFormat | undefined): unknown {
  if (format === undefined || format.kind === 'text') return undefined;
  return format.kind === 'json' ? 'json' : format.schema;
}

function reportUnknown({ output, user, metadata, serviceTier }: ModelRequest, loss: LossReport): void {
  if ((output.choices ?? 1) !== 1) refuse('output.choices', 'this upstream gives one answer at a time');
  if (output.modalities?.some((kind) => kind !== 'text'))
    refuse('output.modalities', 'only text can be asked for here');
  const foreign = { 'output.verbosity': output.verbosity, user, metadata, serviceTier };
  for (const [path, value] of Object.entries(foreign))
    if (value !== undefined) loss.add(path, 'Ollama has no such field');
}

/** Behind the system text, so that what stands before it stays the same for the server's cache. */
function addDemand(messages: readonly Message[], text: string): readonly Message[] {
  const first = messages.findIndex((message) => !isSystem(message));
  const at = first === -1 ? messages.length : first;
  return messages.toSpliced(at, 0, { role: 'system', parts: [{ kind: 'text', text }] });
}
