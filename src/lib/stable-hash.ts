// A canonical text of plain data, so that equal meaning gives equal hashes on every machine.
// The digest itself is injected by the caller: routing runs in a browser, where node:crypto does not exist.

/** Canonical JSON: keys sorted by UTF-16 unit, no white space, undefined members dropped. */
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

/** 32 bits of FNV-1a over UTF-16 units, mixed: for spreading load, never for secrets or identity. */
export function hashText(text: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  }
  // FNV leaves the high bits of short texts nearly alike; the finalizer of MurmurHash3 spreads them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
