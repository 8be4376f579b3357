// A Messages request body ⇄ the hub's request.
import { extend } from '../../ir/extensions.ts';
import { refuse, reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { isBlank } from '../../ir/parts.ts';
import type { Message } from '../../ir/message.ts';
import type { Output, ResponseFormat, Sampling } from '../../ir/options.ts';
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
import { createToolNames } from '../../ir/tool-names.ts';
import type { FunctionTool } from '../../ir/tools.ts';
import { defined, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Codec, ModelRules, Target } from '../protocol.ts';
import { limitMarks } from './cache-marks.ts';
import { decodeMessages, decodeSystem, encodeConversation } from './messages.ts';
import { decodeMark, encodeMark } from './parts.ts';
import { restrictForAnthropic } from './schema.ts';
import { decodeThinking, encodeThinking } from './thinking.ts';
import { decodeChoice, decodeTools, encodeTools } from './tools.ts';
import { requestFields, strictVersion, wire } from './wire.ts';
import type { WireBlock } from './wire.ts';

export const decodeRequest: Codec['decodeRequest'] = (body) => {
  const model = demandString(body, 'model', '');
  const stream = readBoolean(body, 'stream', '') ?? false;
  const messages = readArray(body, 'messages', '') ?? wrong('messages', 'an array');
  const metadata = readObject(body, 'metadata', '');
  const automatic = readObject(body, 'cache_control', '');
  const request: ModelRequest = defined({
    model,
    stream,
    messages: [...decodeSystem(body['system']), ...decodeMessages(messages)],
    tools: decodeTools(body),
    ...decodeChoice(body),
    sampling: defined({
      temperature: readNumber(body, 'temperature', ''),
      topP: readNumber(body, 'top_p', ''),
      topK: readNumber(body, 'top_k', ''),
    }),
    output: defined({
      maxTokens: readNumber(body, 'max_tokens', ''),
      stop: readArray(body, 'stop_sequences', '')?.map((text, i) =>
        typeof text === 'string' ? text : wrong(`stop_sequences[${i}]`, 'a string'),
      ),
      format: decodeFormat(body),
    }),
    reasoning: decodeThinking(body),
    cache: defined({ automatic: automatic !== undefined, ttl: decodeMark(automatic)?.ttl }),
    user: metadata === undefined ? undefined : readString(metadata, 'user_id', 'metadata'),
    extensions: extend(wire, omitKnown(body, requestFields)),
  });
  return { request, client: { model, stream, includeUsage: true, legacyFunctions: false } };
};

/** `output_config.format`, or `output_format` as it was called in the beta. */
function decodeFormat(body: JsonObject): ResponseFormat | undefined {
  const config = readObject(body, 'output_config', '');
  const inner = config === undefined ? undefined : readObject(config, 'format', 'output_config');
  const format = inner ?? readObject(body, 'output_format', '');
  const schema = format === undefined ? undefined : readObject(format, 'schema', 'output_config.format');
  return schema === undefined ? undefined : { kind: 'schema', schema, strict: true };
}

/** Name of the forced tool that stands for structured output on older models. */
const answerTool = 'structured_answer';

export const encodeRequest: Codec['encodeRequest'] = (request, target, loss) => {
  const { rules, issuer } = target;
  const names = createToolNames(/^[\w-]+$/, 128);
  const format = request.output.format;
  const schemaTool = format?.kind === 'schema' && !rules.nativeSchema ? answerToolOf(format) : undefined;
  reportForeign(request.extensions, wire, '', loss);
  refuseShapes(request.output);

  const limit = target.maxOutput ?? Number.POSITIVE_INFINITY;
  const wanted = Math.min(request.output.maxTokens ?? target.maxOutput ?? rules.maxOutput, limit);
  const refused =
    schemaTool !== undefined
      ? 'the structured answer is forced by a tool, which excludes thinking'
      : rules.thinking === 'budget' && hasUnprovenCalls(request.messages, issuer)
        ? 'the running turn has calls whose signed reasoning is gone'
        : undefined;
  const thinking = encodeThinking(request.reasoning, target, wanted, refused, loss);
  const tools = encodeTools(request, { names, rules, loss, thinking: thinking.active, schemaTool });
  const { system, messages } = encodeConversation(request.messages, { issuer, names, loss, rules });
  if (format?.kind === 'json') system.push(jsonInstruction);
  const automatic = limitMarks(system, tools.tools, messages, request.cache, rules.cacheMarks, loss);
  reportUnknown(request, loss);

  const body = defined({
    ...request.extensions?.[wire],
    model: target.model,
    max_tokens: thinking.maxTokens,
    stream: request.stream ? true : undefined,
    system: system.length === 0 ? undefined : system,
    messages,
    ...encodeSampling(request.sampling, target, thinking.active, loss),
    stop_sequences: encodeStop(request.output.stop, loss),
    thinking: thinking.thinking,
    output_config: encodeOutputConfig(format, thinking.effort, rules),
    tools: tools.tools.length === 0 ? undefined : tools.tools,
    tool_choice: tools.choice,
    cache_control: automatic ? encodeMark(request.cache) : undefined,
    metadata: request.user === undefined ? undefined : { user_id: request.user },
  });
  const plan = defined({
    names,
    schemaTool: schemaTool?.name,
    freeform: tools.freeform.size === 0 ? undefined : tools.freeform,
    stripFence: format?.kind === 'json' ? true : undefined,
  });
  return { body, headers: {}, plan };
};

/** There is no JSON mode, and a schema that allows everything is refused: the wish is put into words. */
const jsonInstruction: WireBlock = {
  type: 'text',
  text: 'Answer with one valid JSON object and nothing else: no Markdown, no explanation.',
};

function answerToolOf(format: Extract<ResponseFormat, { kind: 'schema' }>): FunctionTool {
  return {
    kind: 'function',
    name: answerTool,
    description:
      `Gives the final answer${format.name === undefined ? '' : ` ("${format.name}")`}. ${format.description ?? ''}`.trim(),
    parameters: format.schema,
  };
}

function refuseShapes({ choices, modalities }: Output): void {
  if (choices !== undefined && choices > 1)
    refuse('output.choices', 'this upstream gives one answer per request');
  if (modalities?.some((kind) => kind !== 'text'))
    refuse('output.modalities', 'this upstream answers in text only');
}

function reportUnknown(
  { output, sampling, cache, metadata, serviceTier }: ModelRequest,
  loss: LossReport,
): void {
  const missing = {
    'sampling.frequencyPenalty': sampling.frequencyPenalty,
    'sampling.presencePenalty': sampling.presencePenalty,
    'sampling.seed': sampling.seed,
    'sampling.logitBias': sampling.logitBias,
    'output.logprobs': output.logprobs,
    'output.verbosity': output.verbosity,
    'cache.key': cache.key,
    metadata,
    serviceTier: serviceTier === 'auto' || serviceTier === 'default' ? undefined : serviceTier,
  };
  for (const [path, value] of Object.entries(missing)) {
    if (value !== undefined) loss.add(path, 'Messages has no such field');
  }
}

function encodeSampling(sampling: Sampling, target: Target, thinking: boolean, loss: LossReport): JsonObject {
  const { temperature, topP, topK } = sampling;
  const rule: ModelRules['sampling'] =
    (target.version ?? '') >= strictVersion ? 'none' : target.rules.sampling;
  const wanted = Object.entries({ temperature, topP, topK }).filter(([, value]) => value !== undefined);
  if (rule === 'none' || thinking) {
    const reason = rule === 'none' ? 'the model only takes its own value' : 'not together with thinking';
    for (const [name, value] of wanted)
      if (name !== 'temperature' || value !== 1) loss.add(`sampling.${name}`, reason);
    return {};
  }
  if (temperature !== undefined && temperature > 1)
    loss.add('sampling.temperature', `${temperature} became 1`);
  const both = rule === 'one' && temperature !== undefined && topP !== undefined;
  if (both) loss.add('sampling.topP', 'the model takes temperature or top_p, not both');
  return defined({
    temperature: temperature === undefined ? undefined : Math.min(1, Math.max(0, temperature)),
    top_p: both ? undefined : topP,
    top_k: topK,
  });
}

function encodeStop(stop: readonly string[] | undefined, loss: LossReport): readonly string[] | undefined {
  const usable = stop?.filter((text) => !isBlank(text)) ?? [];
  if (stop !== undefined && usable.length < stop.length)
    loss.add('output.stop', 'blank stop texts are refused here');
  return usable.length === 0 ? undefined : usable;
}

function encodeOutputConfig(
  format: ResponseFormat | undefined,
  effort: string | undefined,
  rules: ModelRules,
): JsonObject | undefined {
  const native = format?.kind === 'schema' && rules.nativeSchema;
  if (!native && effort === undefined) return undefined;
  return defined({
    effort,
    format: native ? { type: 'json_schema', schema: restrictForAnthropic(format.schema) } : undefined,
  });
}

/** Whether the turn that runs now made calls after thinking that we cannot prove; older models refuse to go on then. */
function hasUnprovenCalls(messages: readonly Message[], issuer: string): boolean {
  if (messages.at(-1)?.role !== 'tool') return false;
  const turn = messages.findLast(({ role }) => role === 'assistant');
  if (turn === undefined || !turn.parts.some(({ kind }) => kind === 'tool-call')) return false;
  return !turn.parts.some(
    (part) =>
      part.kind === 'reasoning' &&
      part.proof?.wire === wire &&
      (part.proof.issuer === undefined || part.proof.issuer === issuer),
  );
}
