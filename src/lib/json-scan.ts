// One pass over the bytes of a JSON object: is it well-formed, in UTF-8, not too deep, and where do the wanted top-level
// keys stand? Never parses into objects and never copies the body (performance §1.7: parsing is the bill of a large body).
import { Buffer, isUtf8 } from 'node:buffer';
import { asBuffer } from './bytes.ts';
import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  COLON,
  COMMA,
  END,
  JsonFault,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  MINUS,
  NINE,
  QUOTE,
  SPACE,
  ZERO,
  fault,
  littleEndian,
  signAt,
  skipLiteral,
  skipNumber,
  skipSpace,
  skipString,
  viewWords,
} from './json-tokens.ts';

export { JsonFault, type JsonFaultKind } from './json-tokens.ts';

/** A byte range, end exclusive. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/** Keys that a scan looks for, prepared once: by length, as bytes. */
export interface JsonKeys<Name extends string = string> {
  readonly names: readonly Name[];
  /** Indexes into `names` by the key's length in bytes. */
  readonly byLength: readonly (readonly number[] | undefined)[];
  readonly bytes: readonly Uint8Array[];
}

/** Value spans of the wanted keys that were found. */
export type JsonSpans<Name extends string = string> = { readonly [key in Name]?: JsonSpan };

/** Prepares the keys of interest, at most 32; they must be ASCII. */
export function prepareKeys<const Name extends string>(names: readonly Name[]): JsonKeys<Name> {
  if (names.length > 32) throw new RangeError('a scan looks for 32 keys at most');
  const byLength: (number[] | undefined)[] = [];
  names.forEach((name, index) => (byLength[name.length] ??= []).push(index));
  return { names, byLength, bytes: names.map((name) => Buffer.from(name)) };
}

/**
 * Scans one JSON object that fills `bytes` from `from` to `to`. Objects and arrays may nest `maxDepth` deep, the object
 * itself counts. Accepts exactly what `JSON.parse` accepts; a part of `bytes` is taken to be valid UTF-8, because the scan
 * of the whole has seen it. Throws JsonFault; a wanted key that stands twice is a fault,
 * because two readers that pick different duplicates would disagree about what was asked.
 */
export function scanObject<Name extends string>(
  bytes: Uint8Array,
  keys: JsonKeys<Name>,
  maxDepth: number,
  from = 0,
  to = bytes.length,
): JsonSpans<Name> {
  const part = to - from < bytes.length;
  if (!part && !isUtf8(bytes)) throw new JsonFault('utf8', 0, 'is not valid UTF-8');
  const shift = bytes.byteOffset & 3;
  // Words pay off only where strings are long; a part is a small object as a rule, and the view has its price.
  const wordEnd = littleEndian && !(part && to - from < 1024) ? (to + shift) >> 2 : 0;
  const words = wordEnd === 0 ? noWords : viewWords(bytes);
  const spans: { [key in Name]?: JsonSpan } = {};
  // The stack holds the closing sign of each level around; the scan is synchronous, so one scratch area serves all.
  if (stack.length <= maxDepth) stack = new Uint8Array(maxDepth + 1);
  let depth = 0;
  let close = END;
  let wanted = -1;
  // One bit for each wanted key that was met.
  let seen = 0;
  let valueStart = 0;
  let i = skipSpace(bytes, from, to);
  // The sign at `i`, read once: what comes next is decided by it in several places.
  let sign = signAt(bytes, i, to);
  if (sign !== BRACE_OPEN) throw fault(i, to, 'a JSON object', from);

  value: for (;;) {
    let opened = false;
    if (sign === QUOTE) i = skipString(bytes, words, shift, wordEnd, i + 1, to, from);
    else if (sign === BRACE_OPEN || sign === BRACKET_OPEN) {
      if (depth >= maxDepth) throw new JsonFault('depth', i - from, `nests deeper than ${maxDepth} levels`);
      close = sign === BRACE_OPEN ? BRACE_CLOSE : BRACKET_CLOSE;
      stack[++depth] = close;
      i++;
      opened = true;
    } else if (sign === MINUS || (sign >= ZERO && sign <= NINE)) i = skipNumber(bytes, i, to, from);
    else i = skipLiteral(bytes, i, to, from, sign);

    // After a value, or right behind an opening sign.
    for (;;) {
      if (depth === 1 && wanted >= 0 && !opened) {
        spans[keys.names[wanted]!] = { start: valueStart, end: i };
        wanted = -1;
      }
      sign = signAt(bytes, i, to);
      if (sign <= SPACE) sign = signAt(bytes, (i = skipSpace(bytes, i, to)), to);
      if (sign === close) {
        i++;
        if (--depth === 0) break value;
        close = stack[depth]!;
        opened = false;
        continue;
      }
      if (!opened) {
        if (sign !== COMMA) throw fault(i, to, close === BRACE_CLOSE ? '"," or "}"' : '"," or "]"', from);
        sign = signAt(bytes, ++i, to);
        if (sign <= SPACE) sign = signAt(bytes, (i = skipSpace(bytes, i, to)), to);
      }
      if (close === BRACKET_CLOSE) continue value;
      if (sign !== QUOTE) throw fault(i, to, 'a key in quotes', from);
      const keyStart = i + 1;
      i = skipString(bytes, words, shift, wordEnd, keyStart, to, from);
      if (depth === 1) {
        wanted = findKey(bytes, keyStart, i - 1, keys);
        if (wanted >= 0) {
          if ((seen & (1 << wanted)) !== 0) {
            const name = keys.names[wanted]!;
            throw new JsonFault('duplicate', keyStart - 1 - from, `has the key "${name}" twice`, name);
          }
          seen |= 1 << wanted;
        }
      }
      sign = signAt(bytes, i, to);
      if (sign <= SPACE) sign = signAt(bytes, (i = skipSpace(bytes, i, to)), to);
      if (sign !== COLON) throw fault(i, to, '":"', from);
      sign = signAt(bytes, ++i, to);
      if (sign <= SPACE) sign = signAt(bytes, (i = skipSpace(bytes, i, to)), to);
      if (depth === 1) valueStart = i;
      continue value;
    }
  }
  i = skipSpace(bytes, i, to);
  if (i < to) throw fault(i, to, 'the end', from);
  return spans;
}

/** What kind of value stands at a span that a scan has found. */
export function typeAt(
  bytes: Uint8Array,
  span: JsonSpan,
): 'string' | 'object' | 'array' | 'boolean' | 'null' | 'number' {
  switch (bytes[span.start]) {
    case QUOTE:
      return 'string';
    case BRACE_OPEN:
      return 'object';
    case BRACKET_OPEN:
      return 'array';
    case LETTER_T:
    case LETTER_F:
      return 'boolean';
    case LETTER_N:
      return 'null';
    default:
      return 'number';
  }
}

/** The string at a span whose type is string. */
export function stringAt(bytes: Uint8Array, { start, end }: JsonSpan): string {
  const from = start + 1;
  const length = end - 1 - from;
  if (length >= mostRepeated) return decodeString(bytes, from, end - 1);
  const before = repeated[length];
  if (before !== undefined) {
    let k = 0;
    while (k < length && before.charCodeAt(k) === bytes[from + k]) k++;
    if (k === length) return before;
  }
  const value = decodeString(bytes, from, end - 1);
  // A sign for each byte: nothing in it is escaped or takes several bytes.
  if (value.length === length) repeated[length] = value;
  return value;
}

/**
 * The last short string of each length, because clients ask for the same few models: giving it again costs less than making
 * it, and what has been looked up once is not hashed anew.
 */
const repeated: string[] = [];
const mostRepeated = 64;

/** The number at a span whose type is number. */
export function numberAt(bytes: Uint8Array, { start, end }: JsonSpan): number {
  // Counts are short and whole: no text is made for them.
  let value = 0;
  for (let k = start; k < end; k++) {
    const digit = bytes[k]! - ZERO;
    if (digit < 0 || digit > 9 || k - start > 14) return Number(text(bytes, start, end));
    value = value * 10 + digit;
  }
  return value;
}

/** Whether `true` stands at the span. */
export function isTrueAt(bytes: Uint8Array, span: JsonSpan): boolean {
  return bytes[span.start] === LETTER_T;
}

let stack = new Uint8Array(129);

const noWords = new Int32Array(0);

/** Index of the wanted key between two offsets, or -1. A key may be spelled with escapes (`mod\u0065l`). */
function findKey(bytes: Uint8Array, start: number, end: number, keys: JsonKeys): number {
  const candidates = keys.byLength[end - start];
  if (candidates !== undefined) {
    for (const index of candidates) {
      const name = keys.bytes[index]!;
      let k = 0;
      while (k < name.length && bytes[start + k] === name[k]) k++;
      if (k === name.length) return index;
    }
  }
  for (let k = start; k < end; k++) {
    if (bytes[k] === BACKSLASH) return keys.names.indexOf(decodeString(bytes, start, end));
  }
  return -1;
}

// The content of a string that the scan has accepted. Only a string with escapes is parsed.
function decodeString(bytes: Uint8Array, start: number, end: number): string {
  for (let k = start; k < end; k++) {
    if (bytes[k] === BACKSLASH) return JSON.parse(`"${text(bytes, start, end)}"`) as string;
  }
  return text(bytes, start, end);
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return asBuffer(bytes).toString('utf8', start, end);
}
