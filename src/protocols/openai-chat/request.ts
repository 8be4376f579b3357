// A Chat request body ⇄ the hub's request.
import { extend } from '../../ir/extensions.ts';
import { refuse, reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { clampEffort, effortOfBudget, isEffort } from '../../ir/options.ts';
import type { Output, Reasoning, ResponseFormat, Sampling } from '../../ir/options.ts';
import {
  demandObject,
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
import { decodeMessages, encodeMessages } from './messages.ts';
import { decodeChoice, decodeTools, encodeTools } from './tools.ts';
import { decodeCache } from '../openai/cache.ts';
import { encodeIdentity, readPairs } from '../openai/options.ts';
import { requestFields, wire } from './wire.ts';
import type { WireMessage } from './wire.ts';

export const decodeRequest: Codec['decodeRequest'] = (body) => {
  const model = demandString(body, 'model', '');
  const stream = readBoolean(body, 'stream', '') ?? false;
  const options = readObject(body, 'stream_options', '');
  const messages = readArray(body, 'messages', '') ?? wrong('messages', 'an array');
  const request: ModelRequest = defined({
    model,
    stream,
    messages: decodeMessages(messages),
    tools: decodeTools(body),
    toolChoice: decodeChoice(body),
    parallelTools: readBoolean(body, 'parallel_tool_calls', ''),
    sampling: decodeSampling(body),
    output: decodeOutput(body),
    reasoning: decodeReasoning(body),
    cache: decodeCache(body),
    user: readString(body, 'safety_identifier', '') ?? readString(body, 'user', ''),
    metadata: readPairs(body),
    serviceTier: readString(body, 'service_tier', ''),
    extensions: extend(wire, omitKnown(body, requestFields)),
  });
  const legacyFunctions = body['functions'] !== undefined && body['tools'] === undefined;
  const includeUsage =
    options !== undefined && readBoolean(options, 'include_usage', 'stream_options') === true;
  return { request, client: { model, stream, includeUsage, legacyFunctions } };
};

function decodeSampling(body: JsonObject): Sampling {
  return defined({
    temperature: readNumber(body, 'temperature', ''),
    topP: readNumber(body, 'top_p', ''),
    topK: readNumber(body, 'top_k', ''),
    frequencyPenalty: readNumber(body, 'frequency_penalty', ''),
    presencePenalty: readNumber(body, 'presence_penalty', ''),
    seed: readNumber(body, 'seed', ''),
    logitBias: readObject(body, 'logit_bias', ''),
  });
}

function decodeOutput(body: JsonObject): Output {
  const { stop } = body;
  const asked = readBoolean(body, 'logprobs', '') === true;
  return defined({
    maxTokens: readNumber(body, 'max_completion_tokens', '') ?? readNumber(body, 'max_tokens', ''),
    stop: typeof stop === 'string' ? [stop] : readTexts(readArray(body, 'stop', ''), 'stop'),
    choices: readNumber(body, 'n', ''),
    logprobs: asked ? (readNumber(body, 'top_logprobs', '') ?? 0) : undefined,
    verbosity: readOneOf(body, 'verbosity', ['low', 'medium', 'high'], ''),
    modalities: readTexts(readArray(body, 'modalities', ''), 'modalities'),
    format: decodeFormat(readObject(body, 'response_format', '')),
  });
}

function decodeFormat(format: JsonObject | undefined): ResponseFormat | undefined {
  if (format === undefined) return undefined;
  switch (format['type']) {
    case 'text':
      return { kind: 'text' };
    case 'json_object':
      return { kind: 'json' };
    case 'json_schema': {
      const at = 'response_format.json_schema';
      const schema = demandObject(format['json_schema'], at);
      return defined({
        kind: 'schema' as const,
        // Without a schema it is only a name for "some JSON object".
        schema: readObject(schema, 'schema', at) ?? { type: 'object' },
        name: readString(schema, 'name', at),
        description: readString(schema, 'description', at),
        strict: readBoolean(schema, 'strict', at),
      });
    }
    default:
      return wrong('response_format.type', 'one of text, json_object, json_schema');
  }
}

/** OpenAI's own field first, then the spellings of OpenRouter, of GLM and Kimi, and of Qwen. */
function decodeReasoning(body: JsonObject): Reasoning | undefined {
  const effort = readString(body, 'reasoning_effort', '');
  if (effort !== undefined)
    return isEffort(effort) ? { effort } : wrong('reasoning_effort', 'a known effort');
  const router = readObject(body, 'reasoning', '');
  if (router !== undefined) {
    const named = router['effort'];
    const budget = readNumber(router, 'max_tokens', 'reasoning');
    if (router['enabled'] === false) return { effort: 'none' };
    const display = router['exclude'] === true ? ('omitted' as const) : undefined;
    return defined({ effort: isEffort(named) ? named : undefined, budget, display });
  }
  const thinking = readObject(body, 'thinking', '');
  if (thinking !== undefined) {
    if (thinking['type'] === 'disabled') return { effort: 'none' };
    return defined({ mode: 'enabled' as const, budget: readNumber(thinking, 'budget_tokens', 'thinking') });
  }
  const switched = readBoolean(body, 'enable_thinking', '');
  if (switched === undefined) return undefined;
  return switched ? { mode: 'enabled' } : { effort: 'none' };
}

function readTexts(values: readonly unknown[] | undefined, at: string): readonly string[] | undefined {
  return values?.map((value, index) =>
    typeof value === 'string' ? value : wrong(`${at}[${index}]`, 'a string'),
  );
}

export const encodeRequest: Codec['encodeRequest'] = (request, target, loss) => {
  const { rules } = target;
  const names = createToolNames(/^[\w-]+$/, 64);
  reportForeign(request.extensions, wire, '', loss);
  const said = encodeMessages(request.messages, { target, names, loss });
  const format = request.output.format;
  const messages = format?.kind === 'schema' && !rules.chatSchema ? describeSchema(format, said) : said;
  const body = defined({
    ...request.extensions?.[wire],
    model: target.model,
    messages,
    stream: request.stream ? true : undefined,
    stream_options: request.stream && rules.streamOptions ? { include_usage: true } : undefined,
    ...encodeSampling(request.sampling, rules, loss),
    ...encodeOutput(request.output, target, loss),
    ...encodeTools(request, names, rules, loss),
    ...encodeReasoning(request.reasoning, rules, loss),
    prompt_cache_key: request.cache.key,
    ...encodeIdentity(request, rules, loss),
    service_tier: request.serviceTier,
  });
  const cut = cutTexts(request.output.stop, rules);
  return { body, headers: {}, plan: cut.length === 0 ? { names } : { names, stop: cut } };
};

function encodeSampling(sampling: Sampling, rules: ModelRules, loss: LossReport): JsonObject {
  const { topK, ...wanted } = sampling;
  if (topK !== undefined) loss.add('sampling.topK', 'Chat has no such field');
  if (rules.sampling === 'none') {
    for (const name of Object.keys(wanted))
      loss.add(`sampling.${name}`, 'the model only takes its own value');
    return {};
  }
  return defined({
    temperature: wanted.temperature,
    top_p: wanted.topP,
    frequency_penalty: wanted.frequencyPenalty,
    presence_penalty: wanted.presencePenalty,
    seed: wanted.seed,
    logit_bias: wanted.logitBias,
  });
}

const mostStops = 4;

function encodeOutput(output: Output, { rules, maxOutput }: Target, loss: LossReport): JsonObject {
  const { maxTokens, stop, format } = output;
  if (output.modalities?.some((kind) => kind !== 'text'))
    refuse('output.modalities', 'only text can be asked for here');
  return defined({
    [rules.maxTokensField]:
      maxTokens === undefined ? undefined : Math.max(1, Math.min(maxTokens, maxOutput ?? maxTokens)),
    stop: rules.stop && stop !== undefined && stop.length > 0 ? stop.slice(0, mostStops) : undefined,
    n: output.choices,
    logprobs: output.logprobs === undefined ? undefined : true,
    top_logprobs: output.logprobs === undefined || output.logprobs === 0 ? undefined : output.logprobs,
    verbosity: output.verbosity,
    response_format: format === undefined ? undefined : encodeFormat(format, rules, loss),
  });
}

/** Stop texts that are not sent: the gateway cuts the answer at them itself. */
function cutTexts(stop: readonly string[] | undefined, rules: ModelRules): readonly string[] {
  return (rules.stop ? stop?.slice(mostStops) : stop)?.filter((text) => text !== '') ?? [];
}

function encodeFormat(format: ResponseFormat, rules: ModelRules, loss: LossReport): JsonObject {
  if (format.kind === 'text') return { type: 'text' };
  if (format.kind === 'schema' && !rules.chatSchema)
    loss.add('output.format', 'the schema is only asked for in words');
  if (format.kind === 'json' || !rules.chatSchema) return { type: 'json_object' };
  const { schema, name, description } = format;
  // Strict mode refuses optional properties, which other wires allow in a guaranteed schema.
  const strict = format.strict !== false && isStrictSchema(schema);
  if (format.strict && !strict)
    loss.add('output.format.strict', 'the strict mode of Chat wants every property required');
  return {
    type: 'json_schema',
    json_schema: defined({
      name: name ?? 'answer',
      description,
      schema,
      strict,
    }),
  };
}

/** For hosts that only promise some JSON object: the schema is put into words, behind the system text. */
function describeSchema(
  { schema }: Extract<ResponseFormat, { kind: 'schema' }>,
  messages: readonly WireMessage[],
): readonly WireMessage[] {
  const content = `Answer with one JSON object that fits this JSON Schema:\n${JSON.stringify(schema)}`;
  const first = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer');
  const at = first === -1 ? messages.length : first;
  return [...messages.slice(0, at), { role: 'system', content }, ...messages.slice(at)];
}

function encodeReasoning(reasoning: Reasoning | undefined, rules: ModelRules, loss: LossReport): JsonObject {
  if (reasoning === undefined) return {};
  const off = reasoning.mode === 'disabled' || reasoning.effort === 'none';
  if (rules.thinkingSwitch) return { thinking: { type: off ? 'disabled' : 'enabled' } };
  const { effort, budget } = reasoning;
  const wanted = off ? 'none' : (effort ?? (budget === undefined ? undefined : effortOfBudget(budget)));
  if (wanted === undefined) return {};
  if (rules.efforts.length === 0) {
    if (!off) loss.add('reasoning', 'the model does not take an effort');
    return {};
  }
  const given = clampEffort(wanted, rules.efforts);
  if (given !== wanted) loss.add('reasoning.effort', `${wanted} became ${given}`);
  return { reasoning_effort: given };
}
