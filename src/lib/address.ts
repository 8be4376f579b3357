// IP addresses and CIDR ranges as numbers, without Node: `10.0.0.0/8`, `::1`, `::ffff:10.1.2.3`.
// An IPv4 address and its IPv4-mapped IPv6 form are the same address, or a filter could be walked around.

/** An address as eight 16-bit groups; IPv4 lives in the last two behind `::ffff:0:0/96`. */
export type Address = readonly number[];

/** A range of addresses. */
export interface AddressRange {
  readonly text: string;
  contains(address: Address): boolean;
}

/** Parses IPv4 or IPv6 text (a zone such as `%eth0` is ignored); undefined when it is neither. */
export function parseAddress(text: string): Address | undefined {
  const [bare = ''] = text.split('%');
  const v4 = parseV4(bare);
  if (v4) return [0, 0, 0, 0, 0, 0xffff, v4[0], v4[1]];
  return bare.includes(':') ? parseV6(bare) : undefined;
}

/**
 * Parses one address, a CIDR range, or IPv4 with `*` for whole octets; undefined when it is malformed. Bits behind the
 * prefix are ignored, as routers do.
 */
export function parseAddressRange(text: string): AddressRange | undefined {
  if (text.includes('*')) return parseOctets(text);
  const [base = '', prefixText, ...rest] = text.split('/');
  const address = parseAddress(base);
  if (!address || rest.length > 0) return undefined;
  const width = base.includes(':') ? 128 : 32;
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefix = prefixText === undefined ? width : Number(prefixText);
  if (prefix > width) return undefined;
  const bits = prefix + 128 - width;
  return { text, contains: (other) => sharesPrefix(address, other, bits) };
}

function parseOctets(text: string): AddressRange | undefined {
  const octets = text.split('.');
  const base = parseV4(octets.map((octet) => (octet === '*' ? '0' : octet)).join('.'));
  if (!base) return undefined;
  const [a, b, c, d] = octets.map((octet) => (octet === '*' ? 0 : 0xff));
  const masks = [0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, pair(a, b), pair(c, d)];
  const wanted = [0, 0, 0, 0, 0, 0xffff, ...base];
  return {
    text,
    contains: (other) => masks.every((mask, at) => ((other[at] ?? 0) & mask) === wanted[at]),
  };
}

function pair(high = 0, low = 0): number {
  return high * 256 + low;
}

function sharesPrefix(a: Address, b: Address, bits: number): boolean {
  const whole = bits >> 4;
  for (let group = 0; group < whole; group++) if (a[group] !== b[group]) return false;
  const rest = bits & 15;
  if (rest === 0) return true;
  const mask = (0xffff << (16 - rest)) & 0xffff;
  return ((a[whole] ?? 0) & mask) === ((b[whole] ?? 0) & mask);
}

function parseV4(text: string): readonly [number, number] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  if (bytes.some((byte) => byte > 255)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return [a * 256 + b, c * 256 + d];
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = readGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? readGroups(halves[1] ?? '', true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

// Only the very end of an address may be written as IPv4.
function readGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const v4 = atEnd && index === parts.length - 1 && part.includes('.') ? parseV4(part) : undefined;
    if (v4) groups.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}
