// One pass over the bytes of a JSON object: is it well-formed, in UTF-8, not too deep, and where do the wanted top-level
// keys stand? Never parses into objects and never copies the body (performance §1.7: parsing is the bill of a large body).
import { isUtf8 } from 'node:buffer';

/** A byte range, end exclusive. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

export type JsonFaultKind = 'syntax' | 'utf8' | 'depth' | 'duplicate';

/** What is wrong with the bytes, and where. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly kind: JsonFaultKind;
  /** Byte offset from the start of the scanned range. */
  readonly offset: number;
  /** The key that stands twice; only with `duplicate`. */
  readonly key: string | undefined;

  constructor(kind: JsonFaultKind, offset: number, message: string, key?: string) {
    super(message);
    this.kind = kind;
    this.offset = offset;
    this.key = key;
  }
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

/** Prepares the keys of interest; they must be ASCII. */
export function prepareKeys<const Name extends string>(names: readonly Name[]): JsonKeys<Name> {
  const byLength: (number[] | undefined)[] = [];
  names.forEach((name, index) => (byLength[name.length] ??= []).push(index));
  return { names, byLength, bytes: names.map((name) => Buffer.from(name)) };
}

/**
 * Scans one JSON object that fills `bytes` from `from` to `to`. Objects and arrays may nest `maxDepth` deep, the object
 * itself counts. Accepts exactly what `JSON.parse` accepts. Throws JsonFault; a wanted key that stands twice is a fault,
 * because two readers that pick different duplicates would disagree about what was asked.
 */
export function scanObject<Name extends string>(
  bytes: Uint8Array,
  keys: JsonKeys<Name>,
  maxDepth: number,
  from = 0,
  to = bytes.length,
): JsonSpans<Name> {
  if (!isUtf8(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to))) {
    throw new JsonFault('utf8', 0, 'is not valid UTF-8');
  }
  const words = viewWords(bytes);
  const shift = bytes.byteOffset & 3;
  const wordEnd = littleEndian ? (to + shift) >> 2 : 0;
  const spans: { [key in Name]?: JsonSpan } = {};
  // Bit d of the stack tells whether level d is an array; the scan is synchronous, so one scratch area serves all.
  if (stack.length <= maxDepth) stack = new Uint8Array(maxDepth + 1);
  let depth = 0;
  let wanted = -1;
  let valueStart = 0;
  let i = skipSpace(bytes, from, to);
  if (i >= to || bytes[i] !== BRACE_OPEN) throw fault(i, to, 'a JSON object', from);

  value: for (;;) {
    const sign = i < to ? bytes[i]! : END;
    let opened = false;
    if (sign === QUOTE) i = skipString(bytes, words, shift, wordEnd, i + 1, to, from);
    else if (sign === BRACE_OPEN || sign === BRACKET_OPEN) {
      if (depth >= maxDepth) throw new JsonFault('depth', i - from, `nests deeper than ${maxDepth} levels`);
      stack[++depth] = sign;
      i = skipSpace(bytes, i + 1, to);
      opened = true;
    } else if (sign === MINUS || (sign >= ZERO && sign <= NINE)) i = skipNumber(bytes, i, to, from);
    else i = skipLiteral(bytes, i, to, from, sign);

    // After a value, or right behind an opening sign.
    for (;;) {
      if (depth === 0) break value;
      if (!opened) {
        if (depth === 1 && wanted >= 0) {
          spans[keys.names[wanted]!] = { start: valueStart, end: i };
          wanted = -1;
        }
        i = skipSpace(bytes, i, to);
      }
      const inObject = stack[depth] === BRACE_OPEN;
      const next = i < to ? bytes[i]! : END;
      if (next === (inObject ? BRACE_CLOSE : BRACKET_CLOSE)) {
        depth--;
        i++;
        opened = false;
        continue;
      }
      if (!opened) {
        if (next !== COMMA) throw fault(i, to, inObject ? '"," or "}"' : '"," or "]"', from);
        i = skipSpace(bytes, i + 1, to);
      }
      if (!inObject) continue value;
      if (i >= to || bytes[i] !== QUOTE) throw fault(i, to, 'a key in quotes', from);
      const keyStart = i + 1;
      i = skipString(bytes, words, shift, wordEnd, keyStart, to, from);
      if (depth === 1) {
        wanted = findKey(bytes, keyStart, i - 1, keys);
        const name = keys.names[wanted];
        if (name !== undefined && spans[name] !== undefined) {
          throw new JsonFault('duplicate', keyStart - 1 - from, `has the key "${name}" twice`, name);
        }
      }
      i = skipSpace(bytes, i, to);
      if (i >= to || bytes[i] !== COLON) throw fault(i, to, '":"', from);
      i = skipSpace(bytes, i + 1, to);
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
export function stringAt(bytes: Uint8Array, span: JsonSpan): string {
  return decodeString(bytes, span.start + 1, span.end - 1);
}

/** The number at a span whose type is number. */
export function numberAt(bytes: Uint8Array, span: JsonSpan): number {
  return Number(text(bytes, span.start, span.end));
}

/** Whether `true` stands at the span. */
export function isTrueAt(bytes: Uint8Array, span: JsonSpan): boolean {
  return bytes[span.start] === LETTER_T;
}

const END = -1;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BRACKET_OPEN = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_CLOSE = 0x5d;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_U = 0x75;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

let stack = new Uint8Array(129);

/** 1 for the bytes that end a run of plain string content: quote, backslash, control characters. */
const special = new Uint8Array(256);
special.fill(1, 0, 0x20);
special[QUOTE] = 1;
special[BACKSLASH] = 1;

/** 1 for the letters that may follow a backslash, 2 for `u`. */
const escapes = new Uint8Array(256);
for (const letter of '"\\/bfnrt') escapes[letter.charCodeAt(0)] = 1;
escapes[LETTER_U] = 2;

/** By the number of leading bytes of a word that are not part of the string: 0x7f is never special. */
const before = [0, 0x7f, 0x7f7f, 0x7f7f7f] as const;

/** Elsewhere the byte loop does all the work. */
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

const literals = {
  [LETTER_T]: Buffer.from('true'),
  [LETTER_F]: Buffer.from('false'),
  [LETTER_N]: Buffer.from('null'),
};

// The same bytes as 32-bit words, so that plain text is checked four bytes at a time (3.5 × faster than a byte loop).
// The view starts at the word that holds the first byte.
function viewWords(bytes: Uint8Array): Int32Array {
  const first = bytes.byteOffset & ~3;
  return new Int32Array(bytes.buffer, first, (bytes.byteOffset + bytes.length - first) >> 2);
}

function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to) {
    const sign = bytes[i]!;
    if (sign > 0x20 || (sign !== 0x20 && sign !== 0x0a && sign !== 0x0d && sign !== 0x09)) return i;
    i++;
  }
  return i;
}

/** From behind the opening quote to behind the closing one. */
function skipString(
  bytes: Uint8Array,
  words: Int32Array,
  shift: number,
  wordEnd: number,
  from: number,
  to: number,
  base: number,
): number {
  let i = from;
  for (;;) {
    let word = (i + shift) >> 2;
    if (word < wordEnd) {
      // Bytes of the first word that lie before `i` are made harmless instead of being walked over.
      let found = findSpecial(words[word]! | before[(i + shift) & 3]!);
      while (found === 0 && ++word < wordEnd) found = findSpecial(words[word]!);
      i = (word << 2) - shift;
      // The lowest mark is exact, therefore its byte is the next special one.
      if (found !== 0) i += (31 - Math.clz32(found & -found)) >> 3;
    }
    if (word >= wordEnd) while (i < to && special[bytes[i]!] === 0) i++;
    if (i >= to) throw new JsonFault('syntax', to - base, 'ends inside a string');
    const sign = bytes[i]!;
    if (sign === QUOTE) return i + 1;
    if (sign !== BACKSLASH) {
      throw new JsonFault(
        'syntax',
        i - base,
        `holds a bare control character in a string at byte ${i - base}`,
      );
    }
    i = skipEscape(bytes, i, to, base);
  }
}

function skipEscape(bytes: Uint8Array, from: number, to: number, base: number): number {
  const kind = from + 1 < to ? escapes[bytes[from + 1]!]! : 0;
  if (kind === 1) return from + 2;
  if (kind === 2 && from + 6 <= to) {
    let k = from + 2;
    while (k < from + 6 && isHex(bytes[k]!)) k++;
    if (k === from + 6) return k;
  }
  throw new JsonFault('syntax', from - base, `holds an unknown escape at byte ${from - base}`);
}

// Marks (bit 7 of each byte) the quotes, backslashes and control characters among four bytes: the classic "has a zero
// byte" test, three times. A borrow can raise a false mark only above a true one; bytes from 0x80 on raise none.
function findSpecial(word: number): number {
  const quote = word ^ 0x22222222;
  const slash = word ^ 0x5c5c5c5c;
  return (
    ((((quote - 0x01010101) | 0) & ~quote) |
      (((slash - 0x01010101) | 0) & ~slash) |
      (((word - 0x20202020) | 0) & ~word)) &
    0x80808080
  );
}

function skipNumber(bytes: Uint8Array, from: number, to: number, base: number): number {
  let i = bytes[from] === MINUS ? from + 1 : from;
  if (i < to && bytes[i] === ZERO) i++;
  else i = skipDigits(bytes, i, to, base);
  if (i < to && bytes[i] === DOT) i = skipDigits(bytes, i + 1, to, base);
  if (i < to && (bytes[i]! | 0x20) === 0x65) {
    i++;
    if (i < to && (bytes[i] === 0x2b || bytes[i] === MINUS)) i++;
    i = skipDigits(bytes, i, to, base);
  }
  return i;
}

function skipDigits(bytes: Uint8Array, from: number, to: number, base: number): number {
  let i = from;
  while (i < to && bytes[i]! >= ZERO && bytes[i]! <= NINE) i++;
  if (i === from) throw fault(i, to, 'a digit', base);
  return i;
}

function skipLiteral(bytes: Uint8Array, from: number, to: number, base: number, sign: number): number {
  const literal = literals[sign as keyof typeof literals];
  if (!literal || from + literal.length > to) throw fault(from, to, 'a value', base);
  for (let k = 1; k < literal.length; k++) {
    if (bytes[from + k] !== literal[k]) throw fault(from + k, to, 'a value', base);
  }
  return from + literal.length;
}

function isHex(sign: number): boolean {
  return (sign >= ZERO && sign <= NINE) || ((sign | 0x20) >= 0x61 && (sign | 0x20) <= 0x66);
}

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
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

function fault(at: number, to: number, expected: string, base: number): JsonFault {
  if (at >= to) return new JsonFault('syntax', at - base, `ends where ${expected} should be`);
  return new JsonFault('syntax', at - base, `does not have ${expected} at byte ${at - base}`);
}
