// Whose request it is behind trusted proxies.
import { parseAddress, parseAddressRange, type AddressRange } from '../lib/address.ts';
import type { Snapshot } from '../routing/snapshot.ts';

type Access = Snapshot['access'];

/**
 * Walks X-Forwarded-For from the nearest hop outwards, as far as each hop is one of `trustedProxies`; beyond that anybody
 * may have written anything.
 */
export function findAddress(peer: string, forwarded: string | undefined, access: Access): string {
  let address = peer.startsWith('::ffff:') ? peer.slice(7) : peer;
  if (forwarded === undefined || access.trustedProxies.length === 0) return address;
  const trusted = rangesOf(access);
  for (const hop of forwarded.split(',').reverse()) {
    if (!isTrusted(address, trusted)) return address;
    const next = stripPort(hop.trim());
    if (!parseAddress(next)) return address;
    address = next.startsWith('::ffff:') ? next.slice(7) : next;
  }
  return address;
}

// Compiled once per snapshot: a reload brings a new object, and the old ranges go with the old one.
const compiled = new WeakMap<Access, readonly AddressRange[]>();

function rangesOf(access: Access): readonly AddressRange[] {
  const known = compiled.get(access);
  if (known) return known;
  const ranges = access.trustedProxies
    .map(parseAddressRange)
    .filter((range): range is AddressRange => range !== undefined);
  compiled.set(access, ranges);
  return ranges;
}

function isTrusted(text: string, ranges: readonly AddressRange[]): boolean {
  const address = parseAddress(text);
  return address !== undefined && ranges.some((range) => range.contains(address));
}

/** `1.2.3.4:5678` and `[::1]:5678`, as some proxies write them. */
function stripPort(hop: string): string {
  return hop.replace(/^\[(.*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
}
