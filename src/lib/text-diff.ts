// Two texts → a unified diff by lines, as `patch` and people read it.
import { structuredPatch } from 'diff';

export interface DiffOptions {
  /** Name behind `---`. */
  readonly from: string;
  /** Name behind `+++`. */
  readonly to: string;
  /** Equal lines around each change. */
  readonly context?: number;
}

/** The diff, ending with a line end; empty when the texts are equal. */
export function renderDiff(before: string, after: string, { from, to, context = 3 }: DiffOptions): string {
  if (before === after) return '';
  const { hunks } = structuredPatch(from, to, before, after, undefined, undefined, { context });
  const lines = hunks.flatMap((hunk) => [
    `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`,
    ...hunk.lines,
  ]);
  return [`--- ${from}`, `+++ ${to}`, ...lines, ''].join('\n');
}

// A range of one line is written without its length, and an empty one names the line before it.
function range(start: number, count: number): string {
  return count === 1 ? String(start) : `${count === 0 ? start - 1 : start},${count}`;
}
