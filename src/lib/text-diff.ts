// Two texts → a unified diff by lines, as `patch` and people read it. Myers' algorithm: O((n + m) · differences).

export interface DiffOptions {
  /** Name behind `---`. */
  readonly from: string;
  /** Name behind `+++`. */
  readonly to: string;
  /** Equal lines around each change. */
  readonly context?: number;
}

type Line = { readonly sign: ' ' | '-' | '+'; readonly text: string };

/** The diff, ending with a line end; empty when the texts are equal. */
export function renderDiff(before: string, after: string, { from, to, context = 3 }: DiffOptions): string {
  if (before === after) return '';
  const lines = compareLines(splitLines(before), splitLines(after));
  const hunks: string[] = [`--- ${from}`, `+++ ${to}`];
  let oldLine = 1;
  let newLine = 1;
  for (let index = 0; index < lines.length;) {
    const next = lines.findIndex(({ sign }, at) => at >= index && sign !== ' ');
    if (next < 0) break;
    const start = Math.max(index, next - context);
    for (; index < start; index++) {
      oldLine += 1;
      newLine += 1;
    }
    const end = findEnd(lines, next, context);
    const hunk = lines.slice(start, end);
    const oldCount = hunk.filter(({ sign }) => sign !== '+').length;
    const newCount = hunk.filter(({ sign }) => sign !== '-').length;
    hunks.push(`@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@`);
    for (const { sign, text } of hunk) {
      hunks.push(sign + text.replace(/\n$/, ''));
      if (!text.endsWith('\n')) hunks.push('\\ No newline at end of file');
    }
    oldLine += oldCount;
    newLine += newCount;
    index = end;
  }
  return `${hunks.join('\n')}\n`;
}

function findEnd(lines: readonly Line[], first: number, context: number): number {
  let last = first;
  for (let at = first; at < lines.length && at <= last + 2 * context; at++)
    if (lines[at]?.sign !== ' ') last = at;
  return Math.min(lines.length, last + 1 + context);
}

function range(start: number, count: number): string {
  return count === 1 ? String(start) : `${count === 0 ? start - 1 : start},${count}`;
}

function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function compareLines(a: readonly string[], b: readonly string[]): Line[] {
  // What both begin and end with never takes part.
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const middle = findPath(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const keep = (text: string): Line => ({ sign: ' ', text });
  return [...a.slice(0, head).map(keep), ...middle, ...a.slice(a.length - tail).map(keep)];
}

function findPath(a: readonly string[], b: readonly string[]): Line[] {
  const most = a.length + b.length;
  const reach = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edits = 0; edits <= most; edits++) {
    trace.push(new Map(reach));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = stepsDown(reach, diagonal, edits)
        ? (reach.get(diagonal + 1) ?? 0)
        : (reach.get(diagonal - 1) ?? 0) + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      reach.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return walkBack(trace, a, b);
    }
  }
  return [];
}

function walkBack(trace: readonly Map<number, number>[], a: readonly string[], b: readonly string[]): Line[] {
  const lines: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reach = trace[edits] ?? new Map<number, number>();
    const diagonal = x - y;
    const from = stepsDown(reach, diagonal, edits) ? diagonal + 1 : diagonal - 1;
    const fromX = reach.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > fromX && y > fromY) {
      x--;
      y--;
      lines.push({ sign: ' ', text: a[x] ?? '' });
    }
    if (edits === 0) break;
    if (x === fromX) lines.push({ sign: '+', text: b[--y] ?? '' });
    else lines.push({ sign: '-', text: a[--x] ?? '' });
  }
  return lines.reverse();
}

function stepsDown(reach: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  return (
    diagonal === -edits ||
    (diagonal !== edits && (reach.get(diagonal - 1) ?? -1) < (reach.get(diagonal + 1) ?? -1))
  );
}
