// A name that may stand in a URL's path: slashes and colons stay, nothing else can end the path or begin an escape.

/** `a/b:c?d` → `a/b:c%3Fd`. A lone surrogate, which no URL can carry, becomes U+FFFD. */
export function encodePath(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll('%2F', '/').replaceAll('%3A', ':');
}
