// The `usage` object of a chat answer, read from bytes without a parse.
import {
  numberAt,
  prepareKeys,
  scanObject,
  typeAt,
  type JsonKeys,
  type JsonSpan,
  type JsonSpans,
} from '../../lib/json-scan.ts';
import type { WireUsage } from '../protocol.ts';

const usageKeys = prepareKeys([
  'prompt_tokens',
  'completion_tokens',
  'prompt_tokens_details',
  'completion_tokens_details',
  // DeepSeek's spelling of cached tokens.
  'prompt_cache_hit_tokens',
]);
const promptKeys = prepareKeys(['cached_tokens', 'cache_write_tokens', 'audio_tokens']);
const completionKeys = prepareKeys(['reasoning_tokens', 'audio_tokens']);

/** Counts at the span of a `usage` value; undefined when it is null or holds none. */
export function readUsage(bytes: Uint8Array, span: JsonSpan): WireUsage | undefined {
  if (typeAt(bytes, span) !== 'object') return undefined;
  const spans = scan(bytes, span, usageKeys);
  const prompt = readDetails(bytes, spans.prompt_tokens_details, promptKeys);
  const completion = readDetails(bytes, spans.completion_tokens_details, completionKeys);
  const usage = {
    input: readCount(bytes, spans.prompt_tokens),
    output: readCount(bytes, spans.completion_tokens),
    cacheRead: readCount(bytes, prompt.cached_tokens) ?? readCount(bytes, spans.prompt_cache_hit_tokens),
    cacheWrite: readCount(bytes, prompt.cache_write_tokens),
    audioInput: readCount(bytes, prompt.audio_tokens),
    reasoning: readCount(bytes, completion.reasoning_tokens),
    audioOutput: readCount(bytes, completion.audio_tokens),
  };
  if (usage.input === undefined && usage.output === undefined) return undefined;
  return dropAbsent(usage);
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

function readCount(bytes: Uint8Array, span: JsonSpan | undefined): number | undefined {
  if (!span || typeAt(bytes, span) !== 'number') return undefined;
  const count = numberAt(bytes, span);
  return count >= 0 && Number.isFinite(count) ? Math.trunc(count) : undefined;
}

function dropAbsent(counts: { readonly [kind in keyof WireUsage]: number | undefined }): WireUsage {
  const present: { -readonly [kind in keyof WireUsage]: WireUsage[kind] } = {};
  for (const kind of Object.keys(counts) as (keyof WireUsage)[]) {
    const count = counts[kind];
    if (count !== undefined) present[kind] = count;
  }
  return present;
}
