// Two names joined into one, again and again the same ones: a joined text that was made before is found faster than made
// anew, because as a key of a map a new text would be hashed, too.

/** Pairs that are kept; clients can make up names without end. */
const mostPairs = 10_000;

/** A function that joins two names with `separator` between them. */
export function createNamePairs(separator: string): (first: string, second: string) => string {
  const known = new Map<string, Map<string, string>>();
  let size = 0;
  return (first, second) => {
    const joined = known.get(first)?.get(second);
    if (joined !== undefined) return joined;
    if (size >= mostPairs) {
      known.clear();
      size = 0;
    }
    let seconds = known.get(first);
    if (!seconds) known.set(first, (seconds = new Map()));
    const made = `${first}${separator}${second}`;
    seconds.set(second, made);
    size++;
    return made;
  };
}
