// Request ids: UUID version 7 (RFC 9562), whose text sorts by time. Random ids would touch a page of the database's
// index for nearly every row; these go to its end, which halves the CPU of the index.
import { randomBytes } from 'node:crypto';

let lastTime = -1;
let prefix = '';

/** Random digits for some hundred ids: one after the other they cost a third of `randomUUID`. */
let digits = '';
let used = 0;
const digitsPerId = 19;

const variants = ['8', '9', 'a', 'b'] as const;

/** The time that an id was made at, epoch milliseconds; undefined for what is none of our ids. */
export function readRequestTime(id: string): number | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/.exec(id);
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : undefined;
}

/** A new id; `now` is epoch milliseconds. */
export function createRequestId(now: number): string {
  if (now !== lastTime) {
    lastTime = now;
    // In halves that are small integers: for others the conversion to hexadecimal digits is the general one of doubles.
    const high = Math.floor(now / 65_536);
    const low = Math.floor(now) - high * 65_536;
    prefix = `${high.toString(16).padStart(8, '0')}-${low.toString(16).padStart(4, '0')}-7`;
  }
  if (used + digitsPerId > digits.length) {
    digits = randomBytes(4096).toString('hex');
    used = 0;
  }
  const at = used;
  used += digitsPerId;
  // Two bits of this digit say that it is a UUID of the RFC.
  const variant = variants[digits.charCodeAt(at + 3) & 3]!;
  return `${prefix}${digits.slice(at, at + 3)}-${variant}${digits.slice(at + 4, at + 7)}-${digits.slice(at + 7, at + 19)}`;
}
