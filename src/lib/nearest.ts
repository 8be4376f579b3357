// "Did you mean": the known name that a mistyped one most likely stands for.
import { distance } from 'fastest-levenshtein';

/**
 * The nearest of `names`, or undefined when none is near enough to be a typing error: at most a third of the
 * letters may differ. Letter case does not count; ties go to the name that comes first.
 */
export function findNearest(text: string, names: Iterable<string>): string | undefined {
  const wanted = text.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(wanted.length / 3)) + 1;
  for (const name of names) {
    // The length alone is a lower bound, and it spares the long lists of model names.
    if (Math.abs(name.length - wanted.length) >= bestDistance) continue;
    if (name === text) continue;
    const candidate = name.toLowerCase();
    const far = distance(wanted, candidate);
    if (far < bestDistance && far < Math.max(wanted.length, candidate.length)) {
      best = name;
      bestDistance = far;
    }
  }
  return best;
}

/** `did you mean "x"?`, or nothing. */
export function renderNearest(text: string, names: Iterable<string>): string | undefined {
  const name = findNearest(text, names);
  return name === undefined ? undefined : `did you mean "${name}"?`;
}
