// Edits of JSON text as splices: what does not change is neither parsed nor copied.
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

/** The body in pieces, with every edit made. Edits must not overlap. */
export function applyEdits(body: Uint8Array, edits: readonly Edit[]): readonly Uint8Array[] {
  if (edits.length === 0) return [body];
  const ordered = edits.length === 1 ? edits : edits.toSorted((a, b) => a.start - b.start);
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
