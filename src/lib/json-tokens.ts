// The tokens of JSON over bytes: where a string, number, literal or run of white space ends. Used by json-scan only.

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

export const END = -1;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
const DOT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const BRACKET_OPEN = 0x5b;
export const BACKSLASH = 0x5c;
export const BRACKET_CLOSE = 0x5d;
export const LETTER_F = 0x66;
export const LETTER_N = 0x6e;
export const LETTER_T = 0x74;
const LETTER_U = 0x75;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;

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
export const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

const literals = {
  [LETTER_T]: Buffer.from('true'),
  [LETTER_F]: Buffer.from('false'),
  [LETTER_N]: Buffer.from('null'),
};

// The same bytes as 32-bit words, so that plain text is checked four bytes at a time (3.5 × faster than a byte loop).
// The view starts at the word that holds the first byte.
export function viewWords(bytes: Uint8Array): Int32Array {
  const first = bytes.byteOffset & ~3;
  return new Int32Array(bytes.buffer, first, (bytes.byteOffset + bytes.length - first) >> 2);
}

/** The byte at an offset, END behind the last one. */
export function signAt(bytes: Uint8Array, i: number, to: number): number {
  return i < to ? bytes[i]! : END;
}

export function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to) {
    const sign = bytes[i]!;
    if (sign > 0x20 || (sign !== 0x20 && sign !== 0x0a && sign !== 0x0d && sign !== 0x09)) return i;
    i++;
  }
  return i;
}

/** From behind the opening quote to behind the closing one. */
export function skipString(
  bytes: Uint8Array,
  words: Int32Array,
  shift: number,
  wordEnd: number,
  from: number,
  to: number,
  base: number,
): number {
  let i = from;
  // Offset of the next quote, once something was worth looking for it.
  let quote = -1;
  for (;;) {
    let word = (i + shift) >> 2;
    if (word < wordEnd) {
      // Bytes of the first word that lie before `i` are made harmless instead of being walked over.
      let found = findSpecial(words[word]! | before[(i + shift) & 3]!);
      const near = Math.min(wordEnd, word + shortRun);
      while (found === 0 && ++word < near) found = findSpecial(words[word]!);
      if (found === 0) {
        const pause = Math.min(wordEnd, word + longRun);
        // Four at a time take two thirds of the time of one by one, but a key would only pay for the detour.
        while (
          word + 4 <= pause &&
          (findSpecial(words[word]!) |
            findSpecial(words[word + 1]!) |
            findSpecial(words[word + 2]!) |
            findSpecial(words[word + 3]!)) ===
            0
        ) {
          word += 4;
        }
        while (word < pause && (found = findSpecial(words[word]!)) === 0) word++;
      }
      i = (word << 2) - shift;
      if (found === 0 && word < wordEnd) {
        // Found anew only behind the last one: what is searched once is never searched twice.
        if (quote < i) quote = findByte(bytes, QUOTE, i, to);
        i = skipPlain(bytes, words, shift, i, quote);
        continue;
      }
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

/** Words that a key or a short value takes. */
const shortRun = 6;

/** Words of plain text after which the rest is looked at in long strides; these take a search for both signs first. */
const longRun = 512;

/** Words of a stride. */
const stride = 8;

/**
 * Part of a long text: an offset up to which nothing is special, from a word's beginning on. The machine's own search looks
 * for the backslash (30 bytes a nanosecond), so that only control characters are left to look for here (9 bytes).
 */
function skipPlain(bytes: Uint8Array, words: Int32Array, shift: number, from: number, quote: number): number {
  const end = (findByte(bytes, BACKSLASH, from, quote) + shift) >> 2;
  let word = (from + shift) >> 2;
  for (; word + stride <= end; word += stride) {
    // By hand: a loop of its own would take half as long again.
    const a = words[word]!;
    const b = words[word + 1]!;
    const c = words[word + 2]!;
    const d = words[word + 3]!;
    const e = words[word + 4]!;
    const f = words[word + 5]!;
    const g = words[word + 6]!;
    const h = words[word + 7]!;
    const marks =
      ((a - 0x20202020) & ~a) |
      ((b - 0x20202020) & ~b) |
      ((c - 0x20202020) & ~c) |
      ((d - 0x20202020) & ~d) |
      ((e - 0x20202020) & ~e) |
      ((f - 0x20202020) & ~f) |
      ((g - 0x20202020) & ~g) |
      ((h - 0x20202020) & ~h);
    if ((marks & 0x80808080) !== 0) break;
  }
  return (word << 2) - shift;
}

/** Offset of a byte between two offsets, the second one when it is not there. */
function findByte(bytes: Uint8Array, byte: number, from: number, to: number): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).indexOf(byte);
  return at < 0 ? to : from + at;
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

// Marks (bit 7 of each byte) the quotes, backslashes and control characters among four bytes: the classic "has a byte below"
// test, twice. With its second bit turned over, a quote is 0x20 and no other sign is, so that one test finds it together
// with the control characters. A borrow can raise a false mark only above a true one; bytes from 0x80 on raise none.
function findSpecial(word: number): number {
  return (((word ^ 0x02020202) - 0x21212121) | ((word ^ 0x5c5c5c5c) - 0x01010101)) & ~word & 0x80808080;
}

export function skipNumber(bytes: Uint8Array, from: number, to: number, base: number): number {
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

export function skipLiteral(bytes: Uint8Array, from: number, to: number, base: number, sign: number): number {
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

export function fault(at: number, to: number, expected: string, base: number): JsonFault {
  if (at >= to) return new JsonFault('syntax', at - base, `ends where ${expected} should be`);
  return new JsonFault('syntax', at - base, `does not have ${expected} at byte ${at - base}`);
}
