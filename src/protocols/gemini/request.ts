// A generateContent body ⇄ the hub's request. The model and whether to stream stand in the path, not here.
import { extend } from '../../ir/extensions.ts';
import { refuse, reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import type { Output, ResponseFormat, Sampling } from '../../ir/options.ts';
import { readArray, readBoolean, readNumber, readObject, readString, wrong } from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import { defined, isObject, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Codec, Target } from '../protocol.ts';
import { encodeConversation } from './messages.ts';
import { decodeContents, decodeSystem } from './read-contents.ts';
import { fromGoogle, readSchema } from './schema.ts';
import { decodeThinking, encodeThinking } from './thinking.ts';
import { createNames, decodeChoice, decodeTools, encodeTools } from './tools.ts';
import { configFields, requestFields, toCamel, wire } from './wire.ts';
import type { WirePart } from './wire.ts';

const at = 'generationConfig';

export const decodeRequest: Codec['decodeRequest'] = (value, _, asked) => {
  const body = toCamel(value);
  const config = readObject(body, at, '') ?? {};
  const contents = readArray(body, 'contents', '') ?? wrong('contents', 'an array');
  const { model = '', stream = false } = asked ?? {};
  const own = omitKnown(config, configFields);
  const rest = omitKnown(body, requestFields);
  const request: ModelRequest = defined({
    model,
    stream,
    messages: [...decodeSystem(body['systemInstruction']), ...decodeContents(contents)],
    tools: decodeTools(body),
    toolChoice: decodeChoice(body),
    sampling: decodeSampling(config),
    output: decodeOutput(config),
    reasoning: decodeThinking(config),
    cache: { automatic: true },
    serviceTier: decodeTier(readString(body, 'serviceTier', '')),
    extensions: extend(wire, own === undefined ? rest : { ...rest, [at]: own }),
  });
  const thinking = isObject(config['thinkingConfig']) ? config['thinkingConfig'] : {};
  const hidesReasoning = thinking['includeThoughts'] !== true;
  return { request, client: { model, stream, includeUsage: true, legacyFunctions: false, hidesReasoning } };
};

function decodeSampling(config: JsonObject): Sampling {
  return defined({
    temperature: readNumber(config, 'temperature', at),
    topP: readNumber(config, 'topP', at),
    topK: readNumber(config, 'topK', at),
    frequencyPenalty: readNumber(config, 'frequencyPenalty', at),
    presencePenalty: readNumber(config, 'presencePenalty', at),
    seed: readNumber(config, 'seed', at),
  });
}

function decodeOutput(config: JsonObject): Output {
  const stop = readTexts(config, 'stopSequences');
  const kinds = readTexts(config, 'responseModalities')?.map((kind) => kind.toLowerCase());
  const logprobs = readBoolean(config, 'responseLogprobs', at) === true;
  return defined({
    maxTokens: readNumber(config, 'maxOutputTokens', at),
    stop,
    choices: readNumber(config, 'candidateCount', at),
    logprobs: logprobs ? (readNumber(config, 'logprobs', at) ?? 0) : undefined,
    modalities: kinds,
    format: decodeFormat(config),
  });
}

function decodeFormat(config: JsonObject): ResponseFormat | undefined {
  const type = readString(config, 'responseMimeType', at);
  const older = readObject(config, 'responseSchema', at);
  const newer = readObject(config, 'responseJsonSchema', at);
  const schema = newer ? readSchema(newer) : older && fromGoogle(older);
  if (schema !== undefined && type !== 'text/plain') return { kind: 'schema', schema };
  if (type === 'application/json') return { kind: 'json' };
  return type === 'text/plain' ? { kind: 'text' } : undefined;
}

function readTexts(from: JsonObject, key: string): readonly string[] | undefined {
  return readArray(from, key, at)?.map((value, index) =>
    typeof value === 'string' ? value : wrong(`${at}.${key}[${index}]`, 'a string'),
  );
}

/** Google's word for the usual tier is another one. */
function decodeTier(tier: string | undefined): string | undefined {
  const name = tier?.toLowerCase().replace(/^service_tier_/, '');
  if (name === undefined || name === 'unspecified') return undefined;
  return name === 'standard' ? 'default' : name;
}

export const encodeRequest: Codec['encodeRequest'] = (request, target, loss) => {
  const { rules } = target;
  reportForeign(request.extensions, wire, '', loss);
  reportMissing(request, loss);
  refuseShapes(request.output);
  const names = createNames();
  const { system, contents } = encodeConversation(request.messages, { target, names, loss });
  const { tools, toolConfig, freeform } = encodeTools(request, names, rules, loss);
  const format = placeFormat(request, target, loss);
  const { [at]: ownConfig, ...own } = request.extensions?.[wire] ?? {};
  const generationConfig = defined({
    ...(isObject(ownConfig) ? ownConfig : {}),
    ...request.sampling,
    logitBias: undefined,
    ...encodeOutput(request.output, target, loss),
    ...format.config,
    thinkingConfig: encodeThinking(request.reasoning, rules, loss),
  });
  const instructions = [...system, ...format.words];
  const body = defined({
    ...own,
    contents,
    systemInstruction: instructions.length === 0 ? undefined : { parts: instructions },
    tools,
    toolConfig,
    generationConfig: Object.keys(generationConfig).length === 0 ? undefined : generationConfig,
    serviceTier: encodeTier(request.serviceTier, loss),
  });
  const stripFence = format.words.length > 0;
  return { body, headers: {}, plan: { names, freeform, ...(stripFence && { stripFence }) } };
};

function reportMissing({ sampling, output, user, metadata, cache }: ModelRequest, loss: LossReport): void {
  const missing = {
    'sampling.logitBias': sampling.logitBias,
    'output.verbosity': output.verbosity,
    'cache.key': cache.key,
    user,
    metadata,
  };
  for (const [path, value] of Object.entries(missing)) {
    if (value !== undefined) loss.add(path, 'Gemini has no such field');
  }
}

function refuseShapes({ choices, modalities }: Output): void {
  if (choices !== undefined && choices > 1)
    refuse('output.choices', 'this upstream gives one answer per request');
  if (modalities?.some((kind) => kind !== 'text' && kind !== 'image'))
    refuse('output.modalities', 'only text and images can be asked for here');
}

function encodeOutput(output: Output, { maxOutput }: Target, loss: LossReport): JsonObject {
  const { maxTokens, stop, logprobs, modalities, choices } = output;
  const texts = stop?.filter((text) => text !== '');
  if (texts !== undefined && texts.length > 5) loss.add('output.stop[5]', 'Gemini takes five stop texts');
  return defined({
    maxOutputTokens:
      maxTokens === undefined ? undefined : Math.max(1, Math.min(maxTokens, maxOutput ?? maxTokens)),
    stopSequences: texts === undefined || texts.length === 0 ? undefined : texts.slice(0, 5),
    candidateCount: choices,
    responseLogprobs: logprobs === undefined ? undefined : true,
    logprobs: logprobs === undefined || logprobs === 0 ? undefined : logprobs,
    responseModalities: modalities?.map((kind) => kind.toUpperCase()),
  });
}

interface Placed {
  readonly config: JsonObject;
  /** Where the schema cannot stand beside tools: the same in words. */
  readonly words: readonly WirePart[];
}

/** A forced call and JSON exclude each other everywhere, functions and JSON on older models. */
function placeFormat(
  { output, tools, toolChoice }: ModelRequest,
  { rules }: Target,
  loss: LossReport,
): Placed {
  const { format } = output;
  if (format === undefined) return { config: {}, words: [] };
  if (format.kind === 'text') return { config: { responseMimeType: 'text/plain' }, words: [] };
  const forced =
    toolChoice?.kind === 'required' ||
    toolChoice?.kind === 'tool' ||
    (toolChoice?.kind === 'allowed' && toolChoice.required);
  if (tools.length > 0 && (forced || !rules.mixedTools)) {
    loss.add('output.format', 'beside tools the model is only asked for it in words');
    const what =
      format.kind === 'json'
        ? 'Answer with one JSON object and nothing else.'
        : `Answer with one JSON object that fits this JSON Schema, and nothing else:\n${JSON.stringify(format.schema)}`;
    return { config: {}, words: [{ text: what }] };
  }
  const config = { responseMimeType: 'application/json' };
  if (format.kind === 'json') return { config, words: [] };
  return { config: { ...config, responseJsonSchema: format.schema }, words: [] };
}

const tiers: ReadonlySet<string> = new Set(['flex', 'priority']);

function encodeTier(tier: string | undefined, loss: LossReport): string | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  if (tier === 'default') return 'standard';
  if (tiers.has(tier)) return tier;
  loss.add('serviceTier', `Gemini has no tier "${tier}"`);
  return undefined;
}
