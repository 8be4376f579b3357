// "Did you mean …": the known name nearest to a mistyped one, by edit distance, or nothing when none is near.
import { distance } from 'fastest-levenshtein';

/** Names longer than this are never compared: the cost grows with the product of the lengths. */
const longestName = 200;

/**
 * The nearest of `names`, at most a third of the length (and at least one, at most four edits) away; letters match in
 * either case. Undefined when none is that near. Ties fall to the earlier name.
 */
export function suggestName(given: string, names: Iterable<string>): string | undefined {
  if (given.length === 0 || given.length > longestName) return undefined;
  const wanted = given.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.min(4, Math.max(1, Math.floor(given.length / 3))) + 1;
  for (const name of names) {
    if (Math.abs(name.length - given.length) >= bestDistance) continue;
    const found = distance(wanted, name.toLowerCase());
    if (found >= bestDistance) continue;
    best = name;
    bestDistance = found;
  }
  return best;
}
