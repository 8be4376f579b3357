// Bad credentials by address: so many within a window lock it for a while. And bans, which somebody pronounced by hand.
import { parseAddress } from '../../lib/address.ts';

/** `auth.lockout`, in milliseconds. */
export interface LockoutSettings {
  readonly failures: number;
  readonly within: number;
  readonly duration: number;
}

/** Absent is an address that has done nothing wrong. Times are epoch milliseconds. */
export interface Lockout {
  /** Bad credentials since `since`. */
  readonly failures: number;
  readonly since: number;
  /** The lock ends here; absent: not locked. */
  readonly until?: number;
}

export type LockoutEvent =
  | { readonly kind: 'refused'; readonly settings: LockoutSettings }
  /** A good credential, or an operator, forgives all. */
  | { readonly kind: 'cleared' };

/** Undefined: nothing is left to remember. */
export function reduceLockout(
  state: Lockout | undefined,
  event: LockoutEvent,
  now: number,
): Lockout | undefined {
  if (event.kind === 'cleared') return undefined;
  // What comes while the lock holds was not looked at; it must not prolong it either.
  if (readLock(state, now) !== undefined) return state;
  const { failures, within, duration } = event.settings;
  const fresh = state === undefined || state.until !== undefined || now - state.since >= within;
  const count = fresh ? 1 : state.failures + 1;
  const since = fresh ? now : state.since;
  return count >= failures ? { failures: count, since, until: now + duration } : { failures: count, since };
}

/** When the lock ends; undefined when there is none (any more). */
export function readLock(state: Lockout | undefined, now: number): number | undefined {
  return state?.until !== undefined && state.until > now ? state.until : undefined;
}

/** An address that nobody serves for a while. */
export interface Ban {
  readonly until: number;
  readonly reason?: string;
}

export function readBan(state: Ban | undefined, now: number): Ban | undefined {
  return state && state.until > now ? state : undefined;
}

/**
 * The id under which an address is counted: one spelling of IPv4, and for IPv6 the /64, because whoever has one address
 * there has 2^64 of them.
 */
export function addressId(text: string): string {
  const address = parseAddress(text);
  if (!address) return text.slice(0, 64);
  const isV4 = address[5] === 0xffff && address.slice(0, 5).every((group) => group === 0);
  if (isV4) {
    const [high = 0, low = 0] = address.slice(6);
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  if (address.slice(0, 7).every((group) => group === 0) && address[7] === 1) return '::1';
  return `${address
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}
