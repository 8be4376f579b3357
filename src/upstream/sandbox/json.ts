// Careful access to JSON of unknown shape. The simulator reads requests by itself, never with the gateway's codecs:
// a shared misreading would let both sides agree on something wrong.

export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object, or undefined for anything else (arrays included). */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** The value as a list; anything else is the empty list. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of a list; members of another kind are skipped. */
export function asObjects(value: unknown): readonly JsonObject[] {
  return asList(value)
    .map(asObject)
    .filter((member) => member !== undefined);
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Length in UTF-8 bytes. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
