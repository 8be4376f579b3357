// Rows into the `usage` table with as few bound values as can be: binding is what a row costs. Columns that are null are
// left out of the statement, and what all rows of a statement share is bound once (a third of the CPU of plain inserts).
import type { Statement } from 'better-sqlite3';
import type { Bound, BoundRow } from '../batch.ts';
import type { Connection } from './sqlite.ts';

export interface RowInserter {
  /** All rows, in order. Throws at the first one that the schema refuses. */
  insertAll(rows: readonly BoundRow[]): void;
  insertOne(row: BoundRow): void;
}

/** Rows that one statement takes, the largest first. */
const sizes = [32, 8];

/** Statements that are kept. Whoever makes more kinds of rows than that pays for their nulls and repetitions. */
const mostStatements = 64;

/** `columns` in the order of the values; at most 31. */
export function createRowInserter(database: Connection, columns: readonly string[]): RowInserter {
  const whole = database.prepare<Bound[]>(renderInsert(columns, [columns.map(() => '?')]));
  const statements = new Map<string, GroupInsert>();

  const insertOne = ({ values }: BoundRow): void => void whole.run(...values);

  const insertGroup = (rows: readonly BoundRow[], from: number, size: number): boolean => {
    const common = findCommon(rows, from, size);
    const { present } = rows[from]!;
    const name = `${size} ${present} ${common}`;
    let statement = statements.get(name);
    if (!statement) {
      if (statements.size >= mostStatements) return false;
      statement = new GroupInsert(database, columns, size, present, common);
      statements.set(name, statement);
    }
    statement.run(rows, from);
    return true;
  };

  return {
    insertOne,
    insertAll: (rows) => {
      let from = 0;
      while (from < rows.length) {
        const alike = countAlike(rows, from, sizes[0]!);
        const size = sizes.find((each) => each <= alike);
        if (size !== undefined && insertGroup(rows, from, size)) from += size;
        else insertOne(rows[from++]!);
      }
    },
  };
}

/** An INSERT for a number of rows that have values in the same columns. */
class GroupInsert {
  readonly #statement: Statement<[Bound[], Record<string, Bound>]>;
  readonly #common: readonly number[];
  readonly #own: readonly number[];
  readonly #size: number;

  constructor(
    database: Connection,
    columns: readonly string[],
    size: number,
    present: number,
    common: number,
  ) {
    const all = columns
      .keys()
      .filter((column) => hasBit(present, column))
      .toArray();
    this.#common = all.filter((column) => hasBit(common, column));
    this.#own = all.filter((column) => !hasBit(common, column));
    this.#size = size;
    const row = [...this.#common.map((column) => `@c${column}`), ...this.#own.map(() => '?')];
    const names = [...this.#common, ...this.#own].map((column) => columns[column]!);
    this.#statement = database.prepare(
      renderInsert(
        names,
        Array.from({ length: size }, () => row),
      ),
    );
  }

  run(rows: readonly BoundRow[], from: number): void {
    const first = rows[from]!.values;
    const named: Record<string, Bound> = {};
    for (const column of this.#common) named[`c${column}`] = first[column]!;
    const own: Bound[] = [];
    for (let row = from; row < from + this.#size; row++) {
      const { values } = rows[row]!;
      for (const column of this.#own) own.push(values[column]!);
    }
    this.#statement.run(own, named);
  }
}

/** How many rows from here on have values in the same columns, at most `limit`. */
function countAlike(rows: readonly BoundRow[], from: number, limit: number): number {
  const { present } = rows[from]!;
  const end = Math.min(rows.length, from + limit);
  let row = from + 1;
  while (row < end && rows[row]!.present === present) row++;
  return row - from;
}

/** One bit for each column in which all these rows say the same. */
function findCommon(rows: readonly BoundRow[], from: number, size: number): number {
  const { values: first, present } = rows[from]!;
  let common = present;
  for (let row = from + 1; row < from + size; row++) {
    const { values } = rows[row]!;
    for (let column = 0; column < first.length; column++) {
      if (hasBit(common, column) && values[column] !== first[column]) common &= ~(1 << column);
    }
  }
  return common;
}

function hasBit(bits: number, place: number): boolean {
  return (bits & (1 << place)) !== 0;
}

function renderInsert(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const values = rows.map((row) => `(${row.join(', ')})`).join(', ');
  return `INSERT INTO usage (${columns.join(', ')}) VALUES ${values}`;
}
