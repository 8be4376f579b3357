// Finds the most specific glob for a name without trying all of them: patterns are grouped by the literal text before
// their first wildcard, so that ten thousand aliases cost a look-up per prefix length and not ten thousand matches.
import { captureGlob, foldAscii, scoreGlob } from '../lib/glob.ts';

export interface GlobMatch<Entry> {
  readonly entry: Entry;
  /** What each wildcard matched, in order. */
  readonly captures: readonly string[];
}

export interface GlobIndex<Entry> {
  /** The most specific entry whose pattern matches `name`; equal ones by definition order. */
  find(name: string): GlobMatch<Entry> | undefined;
  /** All entries, most specific first. */
  entries(): readonly Entry[];
}

interface Ranked<Entry> {
  readonly entry: Entry;
  readonly rank: number;
}

/** `entries` in definition order. */
export function createGlobIndex<Entry extends { readonly pattern: string }>(
  entries: readonly Entry[],
): GlobIndex<Entry> {
  const sorted = entries
    .map((entry, order) => ({ entry, order, score: scoreGlob(entry.pattern) }))
    .sort((a, b) => b.score - a.score || a.order - b.order)
    .map(({ entry }) => entry);
  const buckets = new Map<string, Ranked<Entry>[]>();
  for (const [rank, entry] of sorted.entries()) {
    const prefix = literalPrefix(entry.pattern);
    const bucket = buckets.get(prefix);
    if (bucket) bucket.push({ entry, rank });
    else buckets.set(prefix, [{ entry, rank }]);
  }
  const lengths = [...new Set([...buckets.keys()].map((prefix) => prefix.length))];
  const all = Object.freeze(sorted);
  return Object.freeze({
    entries: () => all,
    find(name: string): GlobMatch<Entry> | undefined {
      if (all.length === 0) return undefined;
      const folded = foldAscii(name);
      let best: Ranked<Entry> | undefined;
      let captures: readonly string[] = [];
      for (const length of lengths) {
        if (length > folded.length) continue;
        for (const ranked of buckets.get(folded.slice(0, length)) ?? []) {
          if (best && ranked.rank > best.rank) break;
          const found = captureGlob(ranked.entry.pattern, name);
          if (!found) continue;
          best = ranked;
          captures = found;
          break;
        }
      }
      return best && { entry: best.entry, captures };
    },
  });
}

function literalPrefix(pattern: string): string {
  const wildcard = pattern.search(/[*?]/);
  return foldAscii(wildcard < 0 ? pattern : pattern.slice(0, wildcard));
}
