// The `usage` object of a Chat answer ⇄ counts of the hub; on a pass-through read from bytes without a parse.
import {
  numberAt,
  prepareKeys,
  scanObject,
  typeAt,
  type JsonKeys,
  type JsonSpan,
  type JsonSpans,
} from '../../lib/json-scan.ts';
import { defined, isObject, type JsonObject } from '../../lib/json.ts';
import { readCount, type Usage } from '../../ir/usage.ts';

const usageKeys = prepareKeys([
  'prompt_tokens',
  'completion_tokens',
  'prompt_tokens_details',
  'completion_tokens_details',
  'total_tokens',
  // DeepSeek's and Moonshot's spellings of cached tokens.
  'prompt_cache_hit_tokens',
  'cached_tokens',
]);
const promptKeys = prepareKeys(['cached_tokens', 'cache_write_tokens', 'audio_tokens']);
const completionKeys = prepareKeys([
  'reasoning_tokens',
  'audio_tokens',
  'accepted_prediction_tokens',
  'rejected_prediction_tokens',
]);

/** Counts at the span of a `usage` value; undefined when it is null or holds none. */
export function readUsage(bytes: Uint8Array, span: JsonSpan): Usage | undefined {
  if (typeAt(bytes, span) !== 'object') return undefined;
  const spans = scan(bytes, span, usageKeys);
  return collectUsage(
    spans,
    readDetails(bytes, spans.prompt_tokens_details, promptKeys),
    readDetails(bytes, spans.completion_tokens_details, completionKeys),
    (count) =>
      count !== undefined && typeAt(bytes, count) === 'number'
        ? readCount(numberAt(bytes, count))
        : undefined,
  );
}

/** The counts of a parsed `usage` object. */
export function decodeUsage(value: JsonObject): Usage | undefined {
  const prompt = value['prompt_tokens_details'];
  const completion = value['completion_tokens_details'];
  return collectUsage(
    value,
    isObject(prompt) ? prompt : {},
    isObject(completion) ? completion : {},
    readCount,
  );
}

type Members<Value> = { readonly [name: string]: Value };

/** Members by the wire's names → what they count, with the deviations of DeepSeek, Moonshot and xAI. */
function collectUsage<Value>(
  value: Members<Value>,
  prompt: Members<Value>,
  completion: Members<Value>,
  read: (member: Value | undefined) => number | undefined,
): Usage | undefined {
  const input = read(value['prompt_tokens']);
  const output = read(value['completion_tokens']);
  if (input === undefined && output === undefined) return undefined;
  const cacheRead =
    read(prompt['cached_tokens']) ?? read(value['prompt_cache_hit_tokens']) ?? read(value['cached_tokens']);
  const cacheWrite = read(prompt['cache_write_tokens']);
  const reasoning = read(completion['reasoning_tokens']);
  const cached = (cacheRead ?? 0) + (cacheWrite ?? 0);
  const isApart = isReasoningApart(input, output, reasoning, read(value['total_tokens']));
  return defined({
    // A cached part larger than the whole was counted beside it.
    input: input !== undefined && cached > input ? input + cached : input,
    output: isApart ? output! + reasoning! : output,
    cacheRead,
    cacheWrite,
    reasoning,
    audioInput: read(prompt['audio_tokens']),
    audioOutput: read(completion['audio_tokens']),
    acceptedPrediction: read(completion['accepted_prediction_tokens']),
    rejectedPrediction: read(completion['rejected_prediction_tokens']),
  });
}

/** Cached tokens inside the prompt, reasoning inside the completion: OpenAI's way. */
export function encodeUsage(usage: Usage): JsonObject {
  const input = usage.input ?? 0;
  const output = usage.output ?? 0;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: defined({
      cached_tokens: usage.cacheRead ?? 0,
      cache_write_tokens: usage.cacheWrite,
      audio_tokens: usage.audioInput,
    }),
    completion_tokens_details: defined({
      reasoning_tokens: usage.reasoning ?? 0,
      audio_tokens: usage.audioOutput,
      accepted_prediction_tokens: usage.acceptedPrediction,
      rejected_prediction_tokens: usage.rejectedPrediction,
    }),
  };
}

/** xAI counts reasoning beside the completion; its total tells. */
function isReasoningApart(
  input: number | undefined,
  output: number | undefined,
  reasoning: number | undefined,
  total: number | undefined,
): boolean {
  if (output === undefined || reasoning === undefined || reasoning === 0) return false;
  return reasoning > output || (total !== undefined && total === (input ?? 0) + output + reasoning);
}

function readDetails<Name extends string>(
  bytes: Uint8Array,
  span: JsonSpan | undefined,
  keys: JsonKeys<Name>,
): JsonSpans<Name> {
  return span && typeAt(bytes, span) === 'object' ? scan(bytes, span, keys) : {};
}

// A count that stands twice is no count; the answer itself is fine.
function scan<Name extends string>(bytes: Uint8Array, span: JsonSpan, keys: JsonKeys<Name>): JsonSpans<Name> {
  try {
    return scanObject(bytes, keys, 64, span.start, span.end);
  } catch {
    return {};
  }
}
