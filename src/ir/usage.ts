// Token counts of one answer. Parts are always inside their whole: cached and audio tokens inside `input`, reasoning
// inside `output`, `cacheWrite1h` inside `cacheWrite`. No count is ever negative; what nobody reported is absent.

export interface Usage {
  /** All prompt tokens: fresh, read from cache and written to cache. */
  readonly input?: number;
  /** All answer tokens, reasoning included. */
  readonly output?: number;
  readonly cacheRead?: number;
  /** Written to the cache for any time to live. */
  readonly cacheWrite?: number;
  /** The part of `cacheWrite` that is kept for an hour, which costs more. */
  readonly cacheWrite1h?: number;
  readonly reasoning?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
  readonly acceptedPrediction?: number;
  readonly rejectedPrediction?: number;
  /** Searches that the provider ran and bills by number. */
  readonly webSearches?: number;
}

/** Later reports replace earlier ones field by field; a zero never erases a count (proxies send empty objects). */
export function mergeUsage(earlier: Usage | undefined, later: Usage): Usage {
  if (earlier === undefined) return later;
  const merged: Record<string, number> = { ...earlier };
  for (const [kind, count] of Object.entries(later) as [string, number][]) {
    if (count > 0 || merged[kind] === undefined) merged[kind] = count;
  }
  return merged;
}

/** No answer comes near it; what a broken upstream reports beyond would overflow sums and columns. */
const mostTokens = 1e9;

/** A count as a wire sent it, or undefined when it is not a usable number. */
export function readCount(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= mostTokens ? Math.trunc(value) : undefined;
}

/** Prompt tokens that were neither read from nor written to a cache; never negative. */
export function freshInput(usage: Usage): number {
  return Math.max(0, (usage.input ?? 0) - (usage.cacheRead ?? 0) - (usage.cacheWrite ?? 0));
}
