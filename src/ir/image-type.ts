// The type of a picture by its first bytes, for wires and servers that do not say it.

/** Base64 of the bytes with which a picture of that type begins. */
const beginnings: readonly (readonly [RegExp, string])[] = [
  [/^iVBORw0KGgo/, 'image/png'],
  [/^\/9j\//, 'image/jpeg'],
  [/^R0lGOD/, 'image/gif'],
  [/^UklGR.{7}RUJQ/, 'image/webp'],
];

/** `data` is Base64 without a prefix; undefined for what is none of the four types that every provider takes. */
export function imageTypeOf(data: string): string | undefined {
  return beginnings.find(([beginning]) => beginning.test(data))?.[1];
}
