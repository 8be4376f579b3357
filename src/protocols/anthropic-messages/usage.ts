// Anthropic's usage object ⇄ counts of the hub. Anthropic counts cached tokens beside `input_tokens`, the hub inside.
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { freshInput, readCount } from '../../ir/usage.ts';
import type { Usage } from '../../ir/usage.ts';

/** The counts of one usage object; a later, smaller object of the same answer may lack some. */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const fresh = readCount(value['input_tokens']);
  const cacheRead = readCount(value['cache_read_input_tokens']);
  const cacheWrite = readCount(value['cache_creation_input_tokens']) ?? sumWrites(value['cache_creation']);
  const counts = {
    input: fresh === undefined ? undefined : fresh + (cacheRead ?? 0) + (cacheWrite ?? 0),
    output: readCount(value['output_tokens']),
    cacheRead,
    cacheWrite,
    cacheWrite1h: readCount(member(value['cache_creation'], 'ephemeral_1h_input_tokens')),
    reasoning: readCount(member(value['output_tokens_details'], 'thinking_tokens')),
    webSearches: readCount(member(value['server_tool_use'], 'web_search_requests')),
  };
  return Object.values(counts).every((count) => count === undefined) ? undefined : defined(counts);
}

/** The object that every SDK of Anthropic insists on. */
export function encodeUsage(usage: Usage): JsonObject {
  const written = usage.cacheWrite;
  return defined({
    input_tokens: freshInput(usage),
    cache_creation_input_tokens: written ?? 0,
    cache_read_input_tokens: usage.cacheRead ?? 0,
    cache_creation:
      usage.cacheWrite1h === undefined
        ? undefined
        : {
            ephemeral_5m_input_tokens: Math.max(0, (written ?? 0) - usage.cacheWrite1h),
            ephemeral_1h_input_tokens: usage.cacheWrite1h,
          },
    output_tokens: usage.output ?? 0,
    output_tokens_details: usage.reasoning === undefined ? undefined : { thinking_tokens: usage.reasoning },
    server_tool_use: usage.webSearches === undefined ? undefined : { web_search_requests: usage.webSearches },
  });
}

function sumWrites(value: unknown): number | undefined {
  const short = readCount(member(value, 'ephemeral_5m_input_tokens'));
  const long = readCount(member(value, 'ephemeral_1h_input_tokens'));
  return short === undefined && long === undefined ? undefined : (short ?? 0) + (long ?? 0);
}

function member(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}
