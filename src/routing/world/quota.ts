// What is known about an account's quota, window by window: observed from headers and probes, or declared in the file.
export interface QuotaWindow {
  /** `requests`, `tokens`, `input-tokens`, `output-tokens`, `5h`, `weekly` …: one per counter of the provider. */
  readonly window: string;
  readonly used?: number;
  readonly limit?: number;
  /** Epoch milliseconds; undefined when the provider does not say. */
  readonly resetAt?: number;
  readonly source: 'header' | 'declared' | 'probe';
  /** Epoch milliseconds of the observation. */
  readonly at: number;
}

/** Windows of one account, by name. */
export type Quota = Readonly<Record<string, QuotaWindow>>;

export type QuotaEvent =
  | { readonly kind: 'observed'; readonly windows: readonly QuotaWindow[] }
  /** Tokens or requests that a declared window counts by itself. */
  | {
      readonly kind: 'spent';
      readonly window: string;
      readonly amount: number;
      readonly limit: number;
      readonly resetAt: number;
    };

export function reduceQuota(state: Quota | undefined, event: QuotaEvent, now: number): Quota {
  const windows: Record<string, QuotaWindow> = Object.assign(Object.create(null), state);
  for (const name of Object.keys(windows)) {
    const resetAt = windows[name]?.resetAt;
    if (resetAt !== undefined && resetAt <= now) delete windows[name];
  }
  if (event.kind === 'observed') {
    // Of two observations the newer one counts; answers may arrive out of order.
    for (const seen of event.windows) {
      const known = windows[seen.window];
      if (!known || known.at <= seen.at) windows[seen.window] = seen;
    }
    return windows;
  }
  const known = windows[event.window];
  windows[event.window] = {
    window: event.window,
    used: (known?.used ?? 0) + event.amount,
    limit: event.limit,
    resetAt: known?.resetAt ?? event.resetAt,
    source: 'declared',
    at: now,
  };
  return windows;
}

/** The largest used share over all windows that are still running, 0…1; undefined when no window says both numbers. */
export function readUsedShare(quota: Quota | undefined, now: number): number | undefined {
  let share: number | undefined;
  for (const { used, limit, resetAt } of Object.values(quota ?? {})) {
    if (used === undefined || limit === undefined || limit <= 0 || (resetAt !== undefined && resetAt <= now))
      continue;
    share = Math.max(share ?? 0, Math.min(1, used / limit));
  }
  return share;
}

/**
 * The window for which an account is left alone until its reset: one that its provider says is used up, or a declared one
 * that has reached `threshold` (absent: nothing is declared, and what was counted before does not matter).
 */
export function readSpent(
  quota: Quota | undefined,
  threshold: number | undefined,
  now: number,
): QuotaWindow | undefined {
  if (!quota) return undefined;
  let latest: QuotaWindow | undefined;
  for (const name in quota) {
    const window = quota[name]!;
    const { used, limit, resetAt, source, at } = window;
    if (used === undefined || limit === undefined || limit <= 0 || resetAt === undefined || resetAt <= now)
      continue;
    if (source === 'declared' && threshold === undefined) continue;
    // A header that is wrong about its reset must not end an account.
    if (source === 'header' && now - at > longestTrust) continue;
    if (used < limit * (source === 'declared' ? threshold! : 1)) continue;
    if (latest === undefined || resetAt > latest.resetAt!) latest = window;
  }
  return latest;
}

/** Milliseconds for which a header that says "nothing left" is believed without asking again. */
const longestTrust = 3_600_000;

/** The soonest reset (epoch milliseconds) of any running window; undefined when none is known. */
export function readNextReset(quota: Quota | undefined, now: number): number | undefined {
  const resets = Object.values(quota ?? {}).flatMap(({ resetAt }) =>
    resetAt !== undefined && resetAt > now ? [resetAt] : [],
  );
  return resets.length === 0 ? undefined : Math.min(...resets);
}
