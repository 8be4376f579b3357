// Anthropic's usage object ⇄ counts of the hub. Anthropic counts cached tokens beside `input_tokens`, the hub inside.
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { freshInput, readCount } from '../../ir/usage.ts';
import type { Usage } from '../../ir/usage.ts';

export interface UsageMeter {
  /** Takes the usage object of one event; answers the counts of everything so far, or undefined while there are none. */
  read(value: unknown): Usage | undefined;
}

/**
 * An answer reports usage twice and each report may lack fields: they are merged in Anthropic's own terms, because a
 * sum of half a report would be wrong. Zeros alone never erase a count: proxies send empty objects.
 */
export function createUsageMeter(): UsageMeter {
  const counts: { [field in keyof Fields]?: number } = {};
  return {
    read(value) {
      if (!isObject(value)) return undefined;
      const fields = readFields(value);
      const hasInput = [fields.fresh, fields.cacheRead, fields.cacheWrite].some(
        (count) => count !== undefined && count > 0,
      );
      for (const [field, count] of Object.entries(fields) as [keyof Fields, number | undefined][]) {
        const told = count !== undefined && (count > 0 || (hasInput && inputFields.has(field)));
        if (told || (count !== undefined && counts[field] === undefined)) counts[field] = count;
      }
      return Object.keys(counts).length === 0 ? undefined : combine(counts);
    },
  };
}

/** Reported together: a zero among them is true when another one is not zero. */
const inputFields: ReadonlySet<string> = new Set(['fresh', 'cacheRead', 'cacheWrite', 'cacheWrite1h']);

type Fields = ReturnType<typeof readFields>;

function readFields(value: JsonObject) {
  return {
    fresh: readCount(value['input_tokens']),
    cacheRead: readCount(value['cache_read_input_tokens']),
    cacheWrite: readCount(value['cache_creation_input_tokens']) ?? sumWrites(value['cache_creation']),
    cacheWrite1h: readCount(member(value['cache_creation'], 'ephemeral_1h_input_tokens')),
    output: readCount(value['output_tokens']),
    reasoning: readCount(member(value['output_tokens_details'], 'thinking_tokens')),
    webSearches: readCount(member(value['server_tool_use'], 'web_search_requests')),
  };
}

function combine({ fresh, ...counts }: { readonly [field in keyof Fields]?: number }): Usage {
  if (fresh === undefined) return counts;
  return { input: fresh + (counts.cacheRead ?? 0) + (counts.cacheWrite ?? 0), ...counts };
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
