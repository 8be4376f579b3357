// Repeated bad credentials from one address: after so many of them nothing that it sends is looked at for a while.
import { GatewayError } from '../errors.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { MutableWorld } from '../routing/world/world.ts';

/** Throws `locked_out` with the seconds that are left, before the credential is compared with anything. */
export function checkLock(world: MutableWorld, address: string, now: number): void {
  const until = world.lockedUntil(address, now);
  if (until === undefined) return;
  throw new GatewayError('locked_out', 'Too many bad credentials came from this address.', {
    retryAfter: Math.max(1, Math.ceil((until - now) / 1000)),
  });
}

/** Counts a credential that nobody declared. */
export function countBadCredential(
  world: MutableWorld,
  address: string,
  { access }: Snapshot,
  now: number,
): void {
  world.record({ kind: 'credential-refused', address, settings: access.lockout }, now);
}

/** A good credential forgives the ones before it. */
export function forgive(world: MutableWorld, address: string, now: number): void {
  world.record({ kind: 'lock-cleared', address }, now);
}
