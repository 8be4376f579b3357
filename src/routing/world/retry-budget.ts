// A provider's retry budget: calls pay in, repeats and fallbacks toward it draw out, so that an outage is not made
// worse by everybody trying again. Both decay, or a quiet night would save up for a storm.
export interface RetryBudget {
  /** Retries that may still be made; fractional. */
  readonly tokens: number;
  /** Epoch milliseconds of the last change. */
  readonly at: number;
}

/** A provider that is hardly used may still be retried this often in a row. */
export const floor = 10;
const ceiling = 100;
/** Milliseconds in which an empty budget grows back to the floor by itself. */
const refill = 10_000;

export type RetryBudgetEvent =
  /** `share`: retries allowed per call, from `resilience.retryBudget`. */
  { readonly kind: 'call'; readonly share: number } | { readonly kind: 'retry' };

/** Tokens at hand now. */
export function readRetryTokens(state: RetryBudget | undefined, now: number): number {
  if (!state) return floor;
  const grown = state.tokens + ((now - state.at) / refill) * floor;
  return state.tokens >= floor ? state.tokens : Math.min(floor, grown);
}

/** Whether one retry may be made now. */
export function mayRetry(state: RetryBudget | undefined, now: number): boolean {
  return readRetryTokens(state, now) >= 1;
}

export function reduceRetryBudget(
  state: RetryBudget | undefined,
  event: RetryBudgetEvent,
  now: number,
): RetryBudget {
  const tokens = readRetryTokens(state, now);
  if (event.kind === 'retry') return { tokens: Math.max(0, tokens - 1), at: now };
  return { tokens: Math.min(ceiling, tokens + event.share), at: now };
}
