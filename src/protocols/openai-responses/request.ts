// A Responses request body ⇄ the hub's request.
import { extend } from '../../ir/extensions.ts';
import { refuse, reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { clampEffort, effortOfBudget, isEffort } from '../../ir/options.ts';
import type { Output, Reasoning, ResponseFormat, Sampling } from '../../ir/options.ts';
import {
  demandString,
  readArray,
  readBoolean,
  readNumber,
  readObject,
  readOneOf,
  readString,
  wrong,
} from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import { createToolNames } from '../../ir/tool-names.ts';
import { defined, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { isStrictSchema } from '../../lib/json-schema.ts';
import type { Codec, ModelRules, Target } from '../protocol.ts';
import { decodeCache } from '../openai/cache.ts';
import { encodeIdentity, readPairs } from '../openai/options.ts';
import { decodeChoice } from './choice.ts';
import { decodeInput } from './items.ts';
import { encodeInput } from './messages.ts';
import { decodeTools, encodeTools } from './tools.ts';
import { echoDefaults, requestFields, wire } from './wire.ts';

export const decodeRequest: Codec['decodeRequest'] = (body, loss) => {
  const model = demandString(body, 'model', '');
  const stream = readBoolean(body, 'stream', '') ?? false;
  const instructions = readString(body, 'instructions', '') ?? '';
  const { tools, spellings } = decodeTools(body);
  const include = (readArray(body, 'include', '') ?? []).filter((name) => typeof name === 'string');
  const unknown = omitKnown(body, requestFields);
  const others = include.filter((name) => !understood.has(name));
  const request: ModelRequest = defined({
    model,
    stream,
    messages: [
      ...(instructions === ''
        ? []
        : [{ role: 'system' as const, parts: [{ kind: 'text' as const, text: instructions }] }]),
      ...decodeInput(body['input'] ?? [], loss),
    ],
    tools,
    toolChoice: decodeChoice(body, tools),
    parallelTools: readBoolean(body, 'parallel_tool_calls', ''),
    sampling: defined({
      temperature: readNumber(body, 'temperature', ''),
      topP: readNumber(body, 'top_p', ''),
    }),
    output: decodeOutput(body, include.includes(logprobsField)),
    reasoning: decodeReasoning(body, loss),
    cache: decodeCache(body),
    user: readString(body, 'safety_identifier', '') ?? readString(body, 'user', ''),
    metadata: readPairs(body),
    serviceTier: readString(body, 'service_tier', ''),
    extensions: extend(wire, others.length === 0 ? unknown : { ...unknown, include: others }),
  });
  const echo = Object.fromEntries(
    Object.keys(echoDefaults).map((key) => [
      key,
      body[key] ?? echoDefaults[key as keyof typeof echoDefaults],
    ]),
  );
  return {
    request,
    client: { model, stream, includeUsage: true, legacyFunctions: false, tools: spellings, echo },
  };
};

const logprobsField = 'message.output_text.logprobs';
const reasoningField = 'reasoning.encrypted_content';

/** What may be included and has a place in the hub. */
const understood: ReadonlySet<string> = new Set([logprobsField, reasoningField]);

function decodeOutput(body: JsonObject, logprobs: boolean): Output {
  const text = readObject(body, 'text', '') ?? {};
  const alternatives = readNumber(body, 'top_logprobs', '') ?? 0;
  return defined({
    maxTokens: readNumber(body, 'max_output_tokens', ''),
    logprobs: logprobs || alternatives > 0 ? alternatives : undefined,
    verbosity: readOneOf(text, 'verbosity', ['low', 'medium', 'high'], 'text'),
    format: decodeFormat(readObject(text, 'format', 'text')),
  });
}

function decodeFormat(format: JsonObject | undefined): ResponseFormat | undefined {
  if (format === undefined) return undefined;
  const at = 'text.format';
  switch (format['type']) {
    case 'text':
      return { kind: 'text' };
    case 'json_object':
      return { kind: 'json' };
    case 'json_schema':
      return defined({
        kind: 'schema' as const,
        schema: readObject(format, 'schema', at) ?? { type: 'object' },
        name: readString(format, 'name', at),
        description: readString(format, 'description', at),
        strict: readBoolean(format, 'strict', at),
      });
    default:
      return wrong(`${at}.type`, 'one of text, json_object, json_schema');
  }
}

function decodeReasoning(body: JsonObject, loss: LossReport): Reasoning | undefined {
  const reasoning = readObject(body, 'reasoning', '');
  if (reasoning === undefined) return undefined;
  const effort = readString(reasoning, 'effort', 'reasoning');
  if (effort !== undefined && !isEffort(effort)) return wrong('reasoning.effort', 'a known effort');
  const summary = readString(reasoning, 'summary', 'reasoning') ?? reasoning['generate_summary'];
  const usual: JsonObject = { context: 'auto', mode: 'standard' };
  for (const field of ['context', 'mode']) {
    const value = reasoning[field];
    if (value !== undefined && value !== null && value !== usual[field])
      loss.add(`reasoning.${field}`, `only ${wire} knows it`);
  }
  const display = typeof summary === 'string' && summary !== 'none' ? ('summarized' as const) : undefined;
  return effort === undefined && display === undefined ? undefined : defined({ effort, display });
}

export const encodeRequest: Codec['encodeRequest'] = (request, target, loss) => {
  const { rules } = target;
  const { output } = request;
  const names = createToolNames(/^[\w-]+$/, 64);
  reportForeign(request.extensions, wire, '', loss);
  refuseShapes(output);
  const { include: more, ...own } = request.extensions?.[wire] ?? {};
  const include = [
    // Nothing is stored there, so that earlier reasoning must travel with the conversation.
    ...(rules.efforts.length > 0 ? [reasoningField] : []),
    ...(output.logprobs === undefined ? [] : [logprobsField]),
    ...(Array.isArray(more) ? (more as unknown[]) : []),
  ];
  // JSON mode wants to be spoken of in the items; instructions do not count.
  const itemsOnly = output.format?.kind === 'json';
  const { instructions, input } = encodeInput(request.messages, { target, names, loss, itemsOnly });
  const body = defined({
    ...own,
    model: target.model,
    instructions,
    input,
    stream: request.stream ? true : undefined,
    store: false,
    include: include.length === 0 ? undefined : include,
    ...encodeSampling(request.sampling, rules, loss),
    ...encodeOutput(output, target, loss),
    ...encodeTools(request, names, rules, loss),
    reasoning: encodeReasoning(request.reasoning, rules, loss),
    prompt_cache_key: request.cache.key,
    ...encodeIdentity(request, rules, loss),
    service_tier: request.serviceTier,
  });
  return { body, headers: {}, plan: defined({ names, stop: cutTexts(output.stop) }) };
};

function refuseShapes({ choices, modalities }: Output): void {
  if (choices !== undefined && choices > 1)
    refuse('output.choices', 'this upstream gives one answer per request');
  if (modalities?.some((kind) => kind !== 'text'))
    refuse('output.modalities', 'only text can be asked for here');
}

function encodeSampling(sampling: Sampling, rules: ModelRules, loss: LossReport): JsonObject {
  const { temperature, topP, ...others } = sampling;
  for (const name of Object.keys(others)) loss.add(`sampling.${name}`, 'Responses has no such field');
  if (rules.sampling !== 'none') return defined({ temperature, top_p: topP });
  for (const name of Object.keys(defined({ temperature, topP })))
    loss.add(`sampling.${name}`, 'the model only takes its own value');
  return {};
}

/** OpenAI refuses limits below it. */
const smallestLimit = 16;

function encodeOutput(output: Output, { maxOutput }: Target, loss: LossReport): JsonObject {
  const { maxTokens, format, verbosity, logprobs } = output;
  if (maxTokens !== undefined && maxTokens < smallestLimit)
    loss.add('output.maxTokens', `${maxTokens} became ${smallestLimit}, the least that Responses takes`);
  const text = defined({
    format: format === undefined ? undefined : encodeFormat(format, loss),
    verbosity,
  });
  return defined({
    max_output_tokens:
      maxTokens === undefined
        ? undefined
        : Math.max(smallestLimit, Math.min(maxTokens, maxOutput ?? maxTokens)),
    text: Object.keys(text).length === 0 ? undefined : text,
    top_logprobs: logprobs === undefined || logprobs === 0 ? undefined : logprobs,
  });
}

/** Responses takes no stop texts: the gateway cuts the answer itself. */
function cutTexts(stop: readonly string[] | undefined): readonly string[] | undefined {
  const texts = stop?.filter((text) => text !== '') ?? [];
  return texts.length === 0 ? undefined : texts;
}

function encodeFormat(format: ResponseFormat, loss: LossReport): JsonObject {
  if (format.kind === 'text') return { type: 'text' };
  if (format.kind === 'json') return { type: 'json_object' };
  const { schema, name, description } = format;
  // Strict mode refuses optional properties, which other wires allow in a guaranteed schema.
  const strict = format.strict !== false && isStrictSchema(schema);
  if (format.strict && !strict)
    loss.add('output.format.strict', 'the strict mode of Responses wants every property required');
  return defined({ type: 'json_schema', name: name ?? 'answer', description, schema, strict });
}

function encodeReasoning(
  reasoning: Reasoning | undefined,
  rules: ModelRules,
  loss: LossReport,
): JsonObject | undefined {
  if (reasoning === undefined) return undefined;
  const off = reasoning.mode === 'disabled' || reasoning.effort === 'none';
  const { effort, budget, display, mode } = reasoning;
  const wanted = off ? 'none' : (effort ?? (budget === undefined ? undefined : effortOfBudget(budget)));
  if (rules.efforts.length === 0) {
    if (!off && wanted !== undefined) loss.add('reasoning', 'the model does not take an effort');
    return undefined;
  }
  const given = wanted === undefined ? undefined : clampEffort(wanted, rules.efforts);
  if (given !== wanted) loss.add('reasoning.effort', `${wanted} became ${given}`);
  // Who switches thinking on, as Messages does, wants to read it.
  const reads = display === 'summarized' || (mode !== undefined && display === undefined);
  const summary = reads && !off ? 'auto' : undefined;
  return given === undefined && summary === undefined ? undefined : defined({ effort: given, summary });
}
