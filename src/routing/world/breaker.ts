// Circuit breakers: after a row of failures nothing is tried for a while, then exactly one probe, however many wait.
// Closed with no failures is the absence of a state, so that a healthy world stores nothing.
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: number; readonly since: number }
  | { readonly state: 'half-open'; readonly probeUntil: number; readonly since: number };

export interface BreakerSettings {
  /** Failures in a row until it opens. */
  readonly failures: number;
  /** Milliseconds until a probe is let through. */
  readonly reset: number;
}

export type BreakerEvent =
  | { readonly kind: 'failure'; readonly settings: BreakerSettings }
  | { readonly kind: 'success' }
  /** A permitted call begins; `lease` is how long (milliseconds) its answer may take before another may probe. */
  | { readonly kind: 'begin'; readonly lease: number }
  /** The probe ended without saying anything about the upstream (the client went away, or it was the client's fault). */
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'cleared' };

/** `pass`: closed. `probe`: may be tried, and is the only one. `wait`: not now. */
export type BreakerPermit = 'pass' | 'probe' | 'wait';

/** What a call that wants to begin now is told. */
export function readPermit(breaker: Breaker | undefined, now: number): BreakerPermit {
  if (!breaker || breaker.state === 'closed') return 'pass';
  const free = breaker.state === 'open' ? breaker.until <= now : breaker.probeUntil <= now;
  return free ? 'probe' : 'wait';
}

/** Epoch milliseconds from which a call can be permitted; `now` or earlier when it is permitted already. */
export function readOpening(breaker: Breaker | undefined): number {
  if (!breaker || breaker.state === 'closed') return 0;
  return breaker.state === 'open' ? breaker.until : breaker.probeUntil;
}

export function reduceBreaker(
  breaker: Breaker | undefined,
  event: BreakerEvent,
  now: number,
): Breaker | undefined {
  switch (event.kind) {
    case 'cleared':
    case 'success':
      // An answer to a call that began before the breaker opened counts too: the upstream works.
      return undefined;
    case 'begin':
      if (readPermit(breaker, now) !== 'probe') return breaker;
      return {
        state: 'half-open',
        probeUntil: now + event.lease,
        since: breaker?.state === 'closed' ? now : (breaker?.since ?? now),
      };
    case 'abandoned':
      return breaker?.state === 'half-open' ? { state: 'open', until: now, since: breaker.since } : breaker;
    case 'failure': {
      if (breaker?.state === 'open') return breaker;
      if (breaker?.state === 'half-open')
        return { state: 'open', until: now + event.settings.reset, since: breaker.since };
      const failures = (breaker?.failures ?? 0) + 1;
      return failures >= event.settings.failures
        ? { state: 'open', until: now + event.settings.reset, since: now }
        : { state: 'closed', failures };
    }
  }
}
