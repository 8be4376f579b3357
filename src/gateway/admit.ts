// A key's own limits at the door; what they are and how they are counted is routing's.
import { GatewayError } from '../errors.ts';
import { admitKey, describeFault } from '../routing/admission.ts';
import { spendKeyTokens } from '../routing/limits.ts';
import type { Exchange } from './exchange.ts';
import { findSession } from './facts.ts';
import type { Gateway } from './gateway.ts';

/** Takes the place that the key has for this request; the exchange gives it back. Throws 429 with Retry-After. */
export function admit({ world, slots, clock }: Gateway, exchange: Exchange): void {
  const { principal, snapshot, incoming } = exchange;
  if (principal?.limits === undefined) return;
  const admitted = admitKey({
    principal,
    world,
    slots,
    session: () => {
      const named = findSession(incoming);
      return named === undefined ? undefined : `ext:${named}`;
    },
    ttl: snapshot.sessions.ttl,
    now: clock.now(),
  });
  if (!admitted) return;
  if ('limit' in admitted) {
    const { message, retryAfter } = admitted;
    exchange.reasons = [describeFault(admitted, principal, snapshot, clock.now())];
    throw new GatewayError('rate_limit_exceeded', message, { retryAfter });
  }
  exchange.place = admitted;
}

/** Counts what an answer cost against the key's window. */
export function chargeTokens({ world, clock }: Gateway, { principal }: Exchange, tokens: number): void {
  if (principal) spendKeyTokens(world, principal, tokens, clock.now());
}
