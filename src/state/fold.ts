// Sums of a batch by hour and name, straight from its packed numbers: the third spelling of the fold, which spares SQLite
// from sorting the rows that it has just taken. The contract suite holds it to the one in SQL.
import { type Bound, type PackedRows, scalarCount, stride, textColumns, tokenKinds } from './batch.ts';
import { hourOf } from './counters.ts';

/** Places of the names of a counter. */
const names = (['key', 'provider', 'connection', 'model'] as const).map((name) => textColumns.indexOf(name));

const scalars = textColumns.length;
const tokens = scalars + scalarCount;
const sumCount = 5 + tokenKinds.length;

interface Group {
  readonly hour: number;
  /** The first row of the group; what names the counter is read there. */
  readonly from: number;
  /** requests, failures, estimated, unpriced, cost, then the token kinds. */
  readonly sums: Float64Array;
  lastAt: number;
}

/** One list a counter: hour, names, sums, time of the latest row; as the columns of the `counters` table stand. */
export function foldRows({ numbers, shared, rows }: PackedRows): readonly (readonly Bound[])[] {
  const groups = new Map<string, Group>();
  let group: Group | undefined;
  for (let row = 0; row < rows; row++) {
    const from = row * stride;
    const at = numbers[from + scalars]!;
    const hour = hourOf(at);
    // The group of the row before, as a rule.
    if (
      !group ||
      group.hour !== hour ||
      names.some((name) => numbers[group!.from + name] !== numbers[from + name])
    ) {
      const id = [hour, ...names.map((name) => numbers[from + name])].join();
      group = groups.get(id);
      if (!group) groups.set(id, (group = { hour, from, sums: new Float64Array(sumCount), lastAt: at }));
    }
    addRow(group.sums, numbers, from);
    if (at > group.lastAt) group.lastAt = at;
  }
  const nameOf = (place: number): string => (place < 0 ? '' : shared[place]!);
  return Array.from(groups.values(), ({ hour, from, sums, lastAt }) => [
    hour,
    ...names.map((column) => nameOf(numbers[from + column]!)),
    ...sums,
    lastAt,
  ]);
}

function addRow(sums: Float64Array, numbers: Float64Array, from: number): void {
  const cost = numbers[from + scalars + 2]!;
  const isPriced = Number.isFinite(cost);
  sums[0]!++;
  if (numbers[from + scalars + 4]! >= 400) sums[1]!++;
  sums[2]! += numbers[from + scalars + 3]!;
  if (isPriced) sums[4]! += cost;
  else sums[3]!++;
  for (let kind = 0; kind < tokenKinds.length; kind++) {
    const count = numbers[from + tokens + kind]!;
    if (Number.isFinite(count)) sums[5 + kind]! += count;
  }
}
