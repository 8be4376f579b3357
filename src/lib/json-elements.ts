// The elements of a JSON array as byte spans, for bodies that a scan has found to be well-formed.
import type { JsonSpan } from './json-scan.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Spans of the values inside the array at `span`, without the white space around them. */
export function listElements(bytes: Uint8Array, { start, end }: JsonSpan): readonly JsonSpan[] {
  const spans: JsonSpan[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start + 1; at < end; at++) {
    const sign = bytes[at]!;
    if (sign === quote) at = endOfString(bytes, at);
    else if (sign === 0x7b || sign === 0x5b) depth++;
    else if (depth > 0 && (sign === 0x7d || sign === 0x5d)) depth--;
    else if (depth === 0 && (sign === comma || at === end - 1)) {
      const span = trim(bytes, from, at);
      if (span.end > span.start) spans.push(span);
      from = at + 1;
    }
  }
  return spans;
}

function endOfString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  while (bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

function trim(bytes: Uint8Array, from: number, to: number): JsonSpan {
  let start = from;
  let end = to;
  while (start < end && bytes[start]! <= 0x20) start++;
  while (end > start && bytes[end - 1]! <= 0x20) end--;
  return { start, end };
}
