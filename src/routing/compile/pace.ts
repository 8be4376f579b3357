// `pace` and `quota` of an account, with rates and durations as numbers.
import type { ResolvedConnection, ResolvedLimits, ResolvedPace } from '../../config/generated/types.ts';
import { parseDuration } from '../../lib/duration.ts';
import type { DeclaredQuota, KeyLimits, Pace, Rate } from '../snapshot.ts';

export function compilePace({ requests, spacing, concurrent }: ResolvedPace): Pace {
  return { concurrent, spacing: milliseconds(spacing), rate: parseRate(requests) };
}

export function compileQuota({
  window,
  tokens,
  requests,
  threshold,
}: NonNullable<ResolvedConnection['quota']>): DeclaredQuota {
  return {
    window: milliseconds(window),
    threshold,
    ...(tokens !== undefined && { tokens }),
    ...(requests !== undefined && { requests }),
  };
}

export function compileLimits({ requests, tokens, concurrent, sessions }: ResolvedLimits): KeyLimits {
  return {
    ...(requests !== undefined && { requests: parseRate(requests) }),
    ...(tokens !== undefined && { tokens: parseRate(tokens) }),
    ...(concurrent !== undefined && { concurrent }),
    ...(sessions !== undefined && { sessions }),
  };
}

/** `60/min`, `1000/5h`. */
function parseRate(text: string): Rate {
  const slash = text.indexOf('/');
  const unit = text.slice(slash + 1).replace('min', 'm');
  return { count: Number(text.slice(0, slash)), per: milliseconds(/^\d/.test(unit) ? unit : `1${unit}`) };
}

// The schema has checked the spelling; a text that gets here all the same is a fault of ours.
function milliseconds(text: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw new Error(`not a duration: ${text}`);
  return value;
}
