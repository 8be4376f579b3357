// Anchored globs over model names: `*` any run of characters, `?` one character; ASCII letters match in either case.
// Matched by two pointers with one backtrack point: linear memory, O(n·m) worst case, no regular expression,
// so that no pattern can block the event loop.

const star = 42;
const mark = 63;

/** Whether `text` matches the whole of `pattern`. */
export function matchGlob(pattern: string, text: string): boolean {
  return scan(pattern, text, undefined);
}

/**
 * What each `*` and `?` of `pattern` matched, in order, or undefined when `text` does not match. A `*` takes as little
 * as it can and the last one the rest, which is what a person expects of `claude-*` → `anthropic/claude-*`.
 */
export function captureGlob(pattern: string, text: string): string[] | undefined {
  const starEnds: number[] = [];
  if (!scan(pattern, text, starEnds)) return undefined;
  const captures: string[] = [];
  let at = 0;
  let stars = 0;
  for (let p = 0; p < pattern.length; p++) {
    const sign = pattern.charCodeAt(p);
    const end = sign === star ? starEnds[stars++]! : at + 1;
    if (sign === star || sign === mark) captures.push(text.slice(at, end));
    at = end;
  }
  return captures;
}

/** Whether the pattern holds a wildcard at all. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/** Replaces each `*` of `template` by the capture at the same place; a `*` without a capture becomes nothing. */
export function fillGlob(template: string, captures: readonly string[]): string {
  let filled = 0;
  return template.replaceAll('*', () => captures[filled++] ?? '');
}

/**
 * How specific a pattern is; the highest wins, ties fall to definition order.
 * Source: HTTP contract §15.2. Literal text is what remains after splitting at `/`, `*`, `?`.
 */
export function scoreGlob(pattern: string): number {
  let literal = 0;
  let stars = 0;
  let marks = 0;
  for (const sign of pattern) {
    if (sign === '*') stars++;
    else if (sign === '?') marks++;
    else if (sign !== '/') literal += sign.length;
  }
  return 10 * literal + pattern.length - 50 * stars - 5 * marks;
}

/** ASCII letters to lower case, every other character as it is: never changes a length, unlike `toLowerCase`. */
export function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

// Writes where each `*` ended into `starEnds`. Only the last star ever backtracks: once the text after a star has
// matched, giving that star more can never help a later one.
function scan(pattern: string, text: string, starEnds: number[] | undefined): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1;
  let stars = -1;
  let starEnd = 0;
  while (t < text.length) {
    const sign = p < pattern.length ? pattern.charCodeAt(p) : -1;
    if (sign === star) {
      starAt = p++;
      starEnd = t;
      stars++;
    } else if (sign === mark || (sign !== -1 && fold(sign) === fold(text.charCodeAt(t)))) {
      p++;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++starEnd;
    } else {
      return false;
    }
    if (starEnds && stars >= 0) starEnds[stars] = starEnd;
  }
  while (p < pattern.length && pattern.charCodeAt(p) === star) {
    p++;
    stars++;
    if (starEnds) starEnds[stars] = t;
  }
  return p === pattern.length;
}

function fold(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}
