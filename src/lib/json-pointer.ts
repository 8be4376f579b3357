// JSON pointers (RFC 6901) as strings; the one spelling of "where in the config" that every layer shares.

/** Path segments → pointer: `['a/b', 0]` → `/a~1b/0`. */
export function renderPointer(segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${escapeSegment(String(segment))}`).join('');
}

/** Pointer → segments; numbers stay strings because only the tree knows whether a list is meant. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** One segment, escaped. */
export function escapeSegment(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}
