// Edits of JSON text as splices: what does not change is not parsed, and in a large body not copied either.
import { asBuffer } from './bytes.ts';
import type { JsonSpan } from './json-scan.ts';

/** Replaces the bytes of a span; an empty span inserts. */
export interface Edit extends JsonSpan {
  readonly text: string;
}

/** Puts members (`"a":1,"b":2`) first into the object whose brace stands at or after `from`. */
export function insertMembers(body: Uint8Array, from: number, members: string): Edit {
  const brace = body.indexOf(0x7b, from);
  let next = brace + 1;
  while (body[next]! <= 0x20) next++;
  return { start: brace + 1, end: brace + 1, text: body[next] === 0x7d ? members : `${members},` };
}

/** Up to here one copy costs less than views of what stands between the edits, and their joining for the socket. */
const copyBelow = 8 * 1024;

/** The body with every edit made, a small one in one piece and a large one in several. Edits must not overlap. */
export function applyEdits(body: Uint8Array, edits: readonly Edit[]): readonly Uint8Array[] {
  if (edits.length === 0) return [body];
  const ordered = edits.length === 1 ? edits : edits.toSorted((a, b) => a.start - b.start);
  return body.length <= copyBelow ? [copyEdited(body, ordered)] : cutEdited(body, ordered);
}

function copyEdited(body: Uint8Array, ordered: readonly Edit[]): Uint8Array {
  const source = asBuffer(body);
  let size = body.length;
  // A character takes three bytes at most.
  for (const { text } of ordered) size += text.length * 3;
  const copy = Buffer.allocUnsafe(size);
  let used = 0;
  let at = 0;
  for (const { start, end, text } of ordered) {
    used += source.copy(copy, used, at, start);
    used += copy.write(text, used);
    at = end;
  }
  used += source.copy(copy, used, at);
  return copy.subarray(0, used);
}

function cutEdited(body: Uint8Array, ordered: readonly Edit[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, text } of ordered) {
    if (start > at) pieces.push(body.subarray(at, start));
    pieces.push(Buffer.from(text));
    at = end;
  }
  if (at < body.length) pieces.push(body.subarray(at));
  return pieces;
}
