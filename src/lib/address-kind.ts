// What an IP address is, as far as it matters to where a connection may lead.
import { parseAddress, parseAddressRange, type Address } from './address.ts';

/**
 * `private`: loopback, private and carrier-grade networks. `forbidden`: link-local, among them the metadata services of
 * clouds, and whatever is no single host of a network.
 */
export type AddressKind = 'public' | 'private' | 'forbidden';

/** The first row that contains an address decides; what none contains is forbidden. */
const table: readonly (readonly [range: string, kind: AddressKind])[] = [
  // Alibaba's metadata service lies inside the carrier-grade range.
  ['100.100.100.200', 'forbidden'],
  ['0.0.0.0/8', 'forbidden'],
  ['127.0.0.0/8', 'private'],
  ['10.0.0.0/8', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['100.64.0.0/10', 'private'],
  ['198.18.0.0/15', 'private'],
  ['169.254.0.0/16', 'forbidden'],
  ['192.0.0.0/24', 'forbidden'],
  ['192.0.2.0/24', 'forbidden'],
  ['198.51.100.0/24', 'forbidden'],
  ['203.0.113.0/24', 'forbidden'],
  ['224.0.0.0/3', 'forbidden'],
  ['::ffff:0:0/96', 'public'],
  ['::1', 'private'],
  // AWS's metadata service lies inside the unique local range.
  ['fd00:ec2::254', 'forbidden'],
  ['fc00::/7', 'private'],
  ['2001:db8::/32', 'forbidden'],
  // Teredo and the other special uses.
  ['2001::/23', 'forbidden'],
  ['2000::/3', 'public'],
];

const ranges = table.map(([text, kind]) => ({ range: parseAddressRange(text), kind }));

/** Anything that is no address is forbidden. Brackets around IPv6 are taken off. */
export function classifyAddress(text: string): AddressKind {
  const address = parseAddress(text.replace(/^\[|\]$/g, ''));
  if (!address) return 'forbidden';
  const real = findEmbedded(address) ?? address;
  return ranges.find(({ range }) => range?.contains(real))?.kind ?? 'forbidden';
}

/** Whether the host of a URL says by itself that it is on this machine or in a private network. */
export function isPrivateHost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || classifyAddress(name) === 'private';
}

/** The IPv4 address that a transition address leads to: NAT64, 6to4 and the old IPv4-compatible form. */
function findEmbedded(address: Address): Address | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = address;
  const v4 = (high: number, low: number): Address => [0, 0, 0, 0, 0, 0xffff, high, low];
  if (a === 0x64 && b === 0xff9b && (c | d | e | f) === 0) return v4(g, h);
  if (a === 0x2002) return v4(b, c);
  // `::1` and `::` are their own.
  if ((a | b | c | d | e | f) === 0 && g !== 0) return v4(g, h);
  return undefined;
}
