// Cooldowns: how long an account (for one model, or altogether) rests after a failure, with exponential back-off.
import type { FailureClass, UpstreamFailure } from '../../errors.ts';
import { failureEffects } from './failures.ts';

export interface Cooldown {
  /** Epoch milliseconds; `forever` waits for an operator or a reset that somebody reports. */
  readonly until: number;
  /** How often in a row it was begun; the next one is longer. */
  readonly level: number;
  readonly class: FailureClass;
  /** Epoch milliseconds of the failure that began it. */
  readonly since: number;
}

/** Numbers of a resilience profile, in milliseconds. */
export interface CooldownSettings {
  readonly transient: number;
  /** A fixed rest after a 429, or `hint`: what the provider says, else back-off from one second. */
  readonly rateLimit: number | 'hint';
  readonly maxLevel: number;
}

export type CooldownEvent =
  | {
      readonly kind: 'failure';
      readonly failure: UpstreamFailure;
      readonly settings: CooldownSettings;
      readonly random: number;
    }
  | { readonly kind: 'success' }
  | { readonly kind: 'cleared' };

/** Far enough for any clock, and an exact integer in JSON. */
export const forever = 8_640_000_000_000_000;

/** A provider that asks for more than this is believed for this long only; a wrong header must not end an account. */
const longestHint = 24 * 3_600_000;
const longestTransient = 60_000;
const longestRateLimit = 120_000;
const firstRateLimit = 1000;
const lockTime = 120_000;
const longestLock = 30 * 60_000;
const missingTime = 120_000;
/** Rests are stretched by up to this share, so that accounts that failed together do not come back together. */
const jitter = 0.2;

/**
 * The cooldown after an event. A failure that arrives while the rest lasts (calls that ran in parallel) does not raise
 * the level; it can only lengthen the rest by a longer hint.
 */
export function reduceCooldown(
  state: Cooldown | undefined,
  event: CooldownEvent,
  now: number,
): Cooldown | undefined {
  if (event.kind !== 'failure') return undefined;
  const { failure, settings, random } = event;
  const { cooldown } = failureEffects[failure.class];
  if (cooldown === undefined) return state;
  const hint = failure.retryAfter === undefined ? 0 : Math.min(failure.retryAfter, longestHint);
  if (state && state.until > now) {
    const until = Math.max(state.until, cooldown === 'exhausted' && hint === 0 ? forever : now + hint);
    return until === state.until ? state : { ...state, until };
  }
  const level = Math.min(state?.level ?? 0, settings.maxLevel);
  const rest = measureRest(cooldown, hint, level, settings);
  const until =
    rest === forever ? forever : Math.round(now + rest * (hint >= rest ? 1 : 1 + jitter * random));
  return { until, level: level + 1, class: failure.class, since: now };
}

/** Whether a failure concerns every model of the account rather than the one that was called. */
export function coversAccount(failure: UpstreamFailure): boolean {
  const { cooldown } = failureEffects[failure.class];
  return cooldown === 'locked' || cooldown === 'exhausted';
}

function measureRest(
  kind: 'transient' | 'rate-limit' | 'locked' | 'exhausted' | 'missing',
  hint: number,
  level: number,
  settings: CooldownSettings,
): number {
  const doubled = 2 ** level;
  switch (kind) {
    case 'transient':
      return Math.max(hint, Math.min(settings.transient * doubled, longestTransient));
    case 'rate-limit':
      if (settings.rateLimit !== 'hint') return Math.max(hint, settings.rateLimit);
      return hint > 0 ? hint : Math.min(firstRateLimit * doubled, longestRateLimit);
    case 'locked':
      return Math.max(hint, Math.min(lockTime * doubled, longestLock));
    case 'missing':
      return Math.max(hint, missingTime);
    case 'exhausted':
      return hint > 0 ? hint : forever;
  }
}
