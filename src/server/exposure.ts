// The rules of safe exposure that are checked before a socket is bound, and before a reload opens what was closed.
import type { Diagnostic } from '../diagnostics.ts';
import type { ListenAddress } from '../lib/listen-address.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { isLoopback } from './listen.ts';

/** A configuration that must not be exposed at this address; the message says what to change. */
export class ExposureError extends Error {
  override readonly name = 'ExposureError';
}

/** How others than this machine reach the gateway, as the beginning of a message; undefined when they do not. */
export function describeReach({ host }: ListenAddress, { access }: Snapshot): string | undefined {
  if (!isLoopback(host)) return `server.listen ${host} is reachable from other machines`;
  if (access.trustedProxies.length === 0) return undefined;
  return 'server.trustedProxies says that a proxy brings requests of others';
}

/** Why this configuration must not listen on this address; undefined when it may. */
export function findExposure(address: ListenAddress, snapshot: Snapshot): string | undefined {
  const { access, keys } = snapshot;
  const reach = describeReach(address, snapshot);
  if (!reach) return undefined;
  if (!access.requireApiKey) return `${reach}: set auth.requireApiKey: true, or listen on 127.0.0.1.`;
  if (keys.size === 0) return `${reach} and auth.requireApiKey is on, but no key is declared under keys.`;
  return undefined;
}

/** Why a reload must not make the gateway reachable while nobody has set a password; undefined when it may. */
export function findOpenDoor(
  address: ListenAddress,
  snapshot: Snapshot,
  hasPassword: boolean,
): Diagnostic | undefined {
  const reach = hasPassword ? undefined : describeReach(address, snapshot);
  if (reach === undefined) return undefined;
  return {
    code: 'server/exposed-without-password',
    severity: 'error',
    message: `${reach}, but no admin password is set`,
    suggestion: 'run `omniroute password reset`, then reload',
  };
}
