// The `usage` object of a response ⇄ counts of the hub.
import { readCount, type Usage } from '../../ir/usage.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** Undefined for what is no usage, or holds no count. `tools`: the `tool_usage` beside it. */
export function decodeUsage(value: unknown, tools?: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const prompt = isObject(value['input_tokens_details']) ? value['input_tokens_details'] : {};
  const answer = isObject(value['output_tokens_details']) ? value['output_tokens_details'] : {};
  const cacheRead = readCount(prompt['cached_tokens']);
  const cacheWrite = readCount(prompt['cache_write_tokens']);
  const input = readCount(value['input_tokens']);
  const output = readCount(value['output_tokens']);
  if (input === undefined && output === undefined) return undefined;
  const search = isObject(tools) && isObject(tools['web_search']) ? tools['web_search'] : {};
  const searches = readCount(search['num_requests']);
  const cached = (cacheRead ?? 0) + (cacheWrite ?? 0);
  return defined({
    // A cached part larger than the whole was counted beside it.
    input: input !== undefined && cached > input ? input + cached : input,
    output,
    cacheRead,
    cacheWrite,
    reasoning: readCount(answer['reasoning_tokens']),
    webSearches: searches === 0 ? undefined : searches,
  });
}

/** Cached tokens inside the prompt, reasoning inside the answer: OpenAI's way. Every member is required by its types. */
export function encodeUsage(usage: Usage): JsonObject {
  const input = usage.input ?? 0;
  const output = usage.output ?? 0;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead ?? 0,
      cache_write_tokens: usage.cacheWrite ?? 0,
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: input + output,
  };
}
