// Request ids: UUID version 7 (RFC 9562). They say when they were made, so that the row of one is found by its time and
// needs no index of its own.
import { randomBytes } from 'node:crypto';

let lastTime = -1;
let prefix = '';

/** Random ends of ids to come, made hundreds at a time: one made between two requests takes three times as long. */
let ends: string[] = [];
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
  if (ends.length === 0) ends = makeEnds();
  return prefix + ends.pop()!;
}

/** All that stands behind the version digit. */
function makeEnds(): string[] {
  const digits = randomBytes(4096).toString('hex');
  const made: string[] = [];
  for (let at = 0; at + digitsPerId <= digits.length; at += digitsPerId) {
    // Two bits of this digit say that it is a UUID of the RFC.
    const variant = variants[digits.charCodeAt(at + 3) & 3]!;
    made.push(
      `${digits.slice(at, at + 3)}-${variant}${digits.slice(at + 4, at + 7)}-${digits.slice(at + 7, at + 19)}`,
    );
  }
  return made;
}
