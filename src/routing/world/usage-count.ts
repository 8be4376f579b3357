// How often something was used, and when last: what least-used, fill-first with stickiness and lkgp look at.
export interface UsageCount {
  readonly calls: number;
  readonly successes: number;
  /** Epoch milliseconds of the last begin; 0 when never. */
  readonly lastUsed: number;
  /** Epoch milliseconds of the last success; 0 when never. */
  readonly lastSuccess: number;
}

export function reduceUsageCount(
  state: UsageCount | undefined,
  event: 'begin' | 'success',
  now: number,
): UsageCount {
  const { calls, successes, lastUsed, lastSuccess } = state ?? {
    calls: 0,
    successes: 0,
    lastUsed: 0,
    lastSuccess: 0,
  };
  return event === 'begin'
    ? { calls: calls + 1, successes, lastUsed: now, lastSuccess }
    : { calls, successes: successes + 1, lastUsed, lastSuccess: now };
}
