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
  return decodeUsage({
    ...readCounts(bytes, spans),
    prompt_tokens_details: readDetails(bytes, spans.prompt_tokens_details, promptKeys),
    completion_tokens_details: readDetails(bytes, spans.completion_tokens_details, completionKeys),
  });
}

/** The counts of a parsed `usage` object, with the deviations of DeepSeek, Moonshot and xAI. */
export function decodeUsage(value: JsonObject): Usage | undefined {
  const prompt = isObject(value['prompt_tokens_details']) ? value['prompt_tokens_details'] : {};
  const completion = isObject(value['completion_tokens_details']) ? value['completion_tokens_details'] : {};
  const cacheRead =
    readCount(prompt['cached_tokens']) ??
    readCount(value['prompt_cache_hit_tokens']) ??
    readCount(value['cached_tokens']);
  const cacheWrite = readCount(prompt['cache_write_tokens']);
  const reasoning = readCount(completion['reasoning_tokens']);
  const input = readCount(value['prompt_tokens']);
  const output = readCount(value['completion_tokens']);
  if (input === undefined && output === undefined) return undefined;
  return defined({
    // A cached part larger than the whole was counted beside it.
    input:
      input !== undefined && (cacheRead ?? 0) + (cacheWrite ?? 0) > input
        ? input + (cacheRead ?? 0) + (cacheWrite ?? 0)
        : input,
    output: isReasoningApart(input, output, reasoning, readCount(value['total_tokens']))
      ? output! + reasoning!
      : output,
    cacheRead,
    cacheWrite,
    reasoning,
    audioInput: readCount(prompt['audio_tokens']),
    audioOutput: readCount(completion['audio_tokens']),
    acceptedPrediction: readCount(completion['accepted_prediction_tokens']),
    rejectedPrediction: readCount(completion['rejected_prediction_tokens']),
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
): JsonObject {
  return span && typeAt(bytes, span) === 'object' ? readCounts(bytes, scan(bytes, span, keys)) : {};
}

function readCounts<Name extends string>(bytes: Uint8Array, spans: JsonSpans<Name>): JsonObject {
  const counts: { [name in Name]?: number } = {};
  for (const name of Object.keys(spans) as Name[]) {
    const span = spans[name];
    if (span && typeAt(bytes, span) === 'number') counts[name] = numberAt(bytes, span);
  }
  return counts;
}

// A count that stands twice is no count; the answer itself is fine.
function scan<Name extends string>(bytes: Uint8Array, span: JsonSpan, keys: JsonKeys<Name>): JsonSpans<Name> {
  try {
    return scanObject(bytes, keys, 64, span.start, span.end);
  } catch {
    return {};
  }
}
