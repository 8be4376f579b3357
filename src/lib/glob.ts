// Anchored, case-insensitive globs over model names: `*` any run of characters, `?` one character.
// Matched by two pointers with one backtrack point: linear memory, O(n·m) worst case, no regular expression,
// so that no pattern can block the event loop.

/** Whether `text` matches the whole of `pattern`. */
export function matchGlob(pattern: string, text: string): boolean {
  return captureGlob(pattern, text) !== undefined;
}

/** What each `*` and `?` of `pattern` matched, in order, or undefined when `text` does not match. */
export function captureGlob(pattern: string, text: string): string[] | undefined {
  const wanted = pattern.toLowerCase();
  const given = text.toLowerCase();
  let p = 0;
  let t = 0;
  let star = -1;
  let starText = 0;
  while (t < given.length) {
    if (p < wanted.length && wanted[p] === '*') {
      star = p++;
      starText = t;
    } else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === given[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++starText;
    } else {
      return undefined;
    }
  }
  while (p < wanted.length && wanted[p] === '*') p++;
  return p === wanted.length ? readCaptures(wanted, given, text) : undefined;
}

/** Whether the pattern holds a wildcard at all. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/**
 * How specific a pattern is; the highest wins, ties fall to definition order.
 * Source: HTTP contract §15.2. Literal text is what remains after splitting at `/`, `*`, `?`.
 */
export function scoreGlob(pattern: string): number {
  const stars = pattern.split('*').length - 1;
  const marks = pattern.split('?').length - 1;
  const literal = pattern.replaceAll(/[/*?]/g, '').length;
  return 10 * literal + pattern.length - 50 * stars - 5 * marks;
}

// Shortest-first capture of each wildcard, which is what a person expects of `claude-*` → `anthropic/claude-*`.
function readCaptures(wanted: string, given: string, text: string): string[] {
  const captures: string[] = [];
  let at = 0;
  for (let p = 0; p < wanted.length; p++) {
    const sign = wanted[p];
    if (sign === '?') {
      captures.push(text.slice(at, at + 1));
      at++;
    } else if (sign === '*') {
      const rest = wanted.slice(p + 1);
      let end = at;
      while (!matchRest(rest, given.slice(end))) end++;
      captures.push(text.slice(at, end));
      at = end;
    } else {
      at++;
    }
  }
  return captures;
}

function matchRest(pattern: string, given: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let starText = 0;
  while (t < given.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      starText = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === given[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++starText;
    } else return false;
  }
  while (p < pattern.length && pattern[p] === '*') p++;
  return p === pattern.length;
}
