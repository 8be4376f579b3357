// A canonical text of plain data, so that equal meaning gives equal hashes on every machine.
// The digest itself is injected by the caller: routing runs in a browser, where node:crypto does not exist.

/** Canonical JSON: keys sorted by code point, no white space, undefined members dropped. */
export function renderCanonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(renderCanonical).join(',')}]`;
  const record = value as Record<string, unknown>;
  const members: string[] = [];
  for (const key of Object.keys(record).sort()) {
    if (record[key] !== undefined) members.push(`${JSON.stringify(key)}:${renderCanonical(record[key])}`);
  }
  return `{${members.join(',')}}`;
}
