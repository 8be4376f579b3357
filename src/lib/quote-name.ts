// Names as JSON strings, again and again the same ones: looking a text up that was made before spares the way into the
// general serializer, which on a busy machine is as dear as its work.

/** Texts that are kept; clients can make up names without end. */
const mostNames = 2_000;

const known = new Map<string, string>();

/** What `JSON.stringify` says of a name. Not for texts that are different every time. */
export function quoteName(name: string): string {
  const text = known.get(name);
  if (text !== undefined) return text;
  if (known.size >= mostNames) known.clear();
  const made = JSON.stringify(name);
  known.set(name, made);
  return made;
}
