// Prompt caching as OpenAI's wires ask for it ⇄ the hub.
import type { CacheMark, CachePolicy } from '../../ir/cache.ts';
import { readObject, readString } from '../../ir/read.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** OpenAI caches on its own unless the client says that it marks the places itself. */
export function decodeCache(body: JsonObject): CachePolicy {
  const options = readObject(body, 'prompt_cache_options', '');
  const retention = readString(body, 'prompt_cache_retention', '');
  const ttl =
    options?.['ttl'] === '30m' ? ('30m' as const) : retention === '24h' ? ('12h' as const) : undefined;
  return defined({
    automatic: options?.['mode'] !== 'explicit',
    ttl,
    key: readString(body, 'prompt_cache_key', ''),
  });
}

/** `prompt_cache_breakpoint`, or `cache_control` as OpenRouter and LiteLLM spell it. */
export function decodeMark(part: JsonObject, at: string): CacheMark | undefined {
  const own = readObject(part, 'prompt_cache_breakpoint', at);
  const foreign = part['cache_control'];
  if (own === undefined && !isObject(foreign)) return undefined;
  const ttl = (own ?? (foreign as JsonObject))['ttl'];
  return defined({ ttl: (['5m', '30m', '1h', '12h'] as const).find((known) => known === ttl) });
}

export function encodeMark(mark: CacheMark | undefined): JsonObject {
  if (mark === undefined) return {};
  const ttl = mark.ttl === undefined || mark.ttl === '5m' ? undefined : mark.ttl === '1h' ? '30m' : mark.ttl;
  return { prompt_cache_breakpoint: defined({ mode: 'explicit', ttl }) };
}
