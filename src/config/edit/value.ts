// Plain values as the editor compares and patches them. Maps, not objects: names such as `__proto__` are only names,
// and the meaning before and after an edit can be compared without regard to key order.

/** A JSON value whose objects are Maps. */
export type Value = null | boolean | number | string | readonly Value[] | ReadonlyMap<string, Value>;

/** JSON as it comes from a request (objects) or from the parser (maps) → Value, without sharing anything. */
export function toValue(input: unknown): Value {
  if (Array.isArray(input)) return input.map(toValue);
  if (input instanceof Map)
    return new Map([...input].map(([name, member]) => [String(name), toValue(member)]));
  if (input !== null && typeof input === 'object') {
    const members = Object.entries(input).filter(([, member]) => member !== undefined);
    return new Map(members.map(([name, member]) => [name, toValue(member)]));
  }
  if (typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean') return input;
  return null;
}

/** Equal meaning: lists in order, maps in any order. */
export function isSame(a: Value, b: Value): boolean {
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false;
    for (const [name, member] of a) {
      if (!b.has(name) || !isSame(member, b.get(name) ?? null)) return false;
    }
    return true;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index] ?? null));
  }
  return Object.is(a, b) && typeof a === typeof b;
}

/** The id by which a list item is addressed; undefined for items without one. */
export function readId(item: Value | undefined): string | undefined {
  const id = item instanceof Map ? item.get('id') : undefined;
  return typeof id === 'string' ? id : undefined;
}

/** Where a pointer segment points in a list: `id:cap`, a number, or `-` for behind the last; -1 when nothing matches. */
export function findIndex(list: readonly Value[], segment: string): number {
  if (segment.startsWith('id:')) return list.findIndex((item) => readId(item) === segment.slice(3));
  if (segment === '-') return list.length;
  return /^\d+$/.test(segment) ? Number(segment) : -1;
}

/** The value at a path; undefined where it leads nowhere. */
export function readPath(root: Value, path: readonly string[]): Value | undefined {
  let at: Value | undefined = root;
  for (const segment of path) {
    if (at instanceof Map) at = at.get(segment);
    else if (Array.isArray(at)) at = at[findIndex(at, segment)];
    else return undefined;
  }
  return at;
}
