// What has been spent in a budget's period. A counter that was last used before the period began starts again at nothing.
export interface Spend {
  /** Nano-USD. */
  readonly spent: number;
  /** Epoch milliseconds of the last cost. */
  readonly at: number;
}

/** `since`: epoch milliseconds at which the period began. */
export function readSpend(state: Spend | undefined, since: number): number {
  return state !== undefined && state.at >= since ? state.spent : 0;
}

export function reduceSpend(state: Spend | undefined, cost: number, since: number, now: number): Spend {
  return { spent: readSpend(state, since) + cost, at: now };
}
