// Latency of a target as an exponentially weighted mean and deviation of the time to the first token.
export interface Latency {
  /** Milliseconds. */
  readonly mean: number;
  /** Mean absolute deviation in milliseconds. */
  readonly deviation: number;
  /** Samples seen, so that a reader can tell one lucky answer from a habit. */
  readonly count: number;
  /** Epoch milliseconds of the last sample. */
  readonly at: number;
}

/** Weight of a new sample; about the last ten count. */
const weight = 0.2;

export function reduceLatency(state: Latency | undefined, sample: number, now: number): Latency {
  if (!state) return { mean: sample, deviation: 0, count: 1, at: now };
  const error = sample - state.mean;
  return {
    mean: state.mean + weight * error,
    deviation: state.deviation + weight * (Math.abs(error) - state.deviation),
    count: state.count + 1,
    at: now,
  };
}
