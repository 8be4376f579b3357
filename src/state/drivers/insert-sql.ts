// Rows into the `usage` table with as few bound values as can be: binding is what a row costs. Columns that are null are
// left out of the statement, and what all rows of a statement share is bound once (a third of the CPU of plain inserts).
import type { Statement } from 'better-sqlite3';
import { type Bound, type PackedRows, RowReader, stride } from '../batch.ts';
import type { Connection } from './sqlite.ts';

export interface RowInserter {
  /** All rows, in order. Throws at the first one that the schema refuses. */
  insertAll(rows: PackedRows): void;
  /** One row, with a value or null for each column. */
  insertOne(values: readonly Bound[]): void;
}

/** Rows that one statement takes, the largest first. */
const sizes = [128, 32, 8];

/** Statements that are kept. Whoever makes more kinds of rows than that pays for their nulls and repetitions. */
const mostStatements = 64;

/** Rows that must hold a text before it is kept once for all: for fewer, a place of its own costs more than it saves. */
const often = 8;

/** A column whose text is kept once, where many rows have it in common. */
export interface SharedColumn {
  readonly name: string;
  /** What the rows hold in its place. */
  share(text: string): string;
}

/** `columns` in the order of the values; at most 31. */
export function createRowInserter(
  database: Connection,
  columns: readonly string[],
  { name: sharedName, share }: SharedColumn,
): RowInserter {
  const shared = columns.indexOf(sharedName);
  const whole = database.prepare<Bound[]>(renderInsert(columns, [columns.map(() => '?')]));
  const statements = new Map<string, GroupInsert>();

  const insertOne = (values: readonly Bound[]): void => void whole.run(...values);

  const insertGroup = (reader: RowReader, from: number, size: number): boolean => {
    const present = reader.readPresent(from);
    let common = present;
    for (let row = from; row < from + size; row++) common = reader.readCommon(from, row, common);
    const name = `${size} ${present} ${common}`;
    let statement = statements.get(name);
    if (!statement) {
      if (statements.size >= mostStatements) return false;
      statement = new GroupInsert(database, columns, size, present, common);
      statements.set(name, statement);
    }
    statement.run(reader, from);
    return true;
  };

  /** What the rows hold in the shared column, in the order of their texts. */
  const shareTexts = ({ rows, numbers, shared: texts }: PackedRows): readonly string[] => {
    const counts = new Uint32Array(texts.length);
    for (let row = 0; row < rows; row++) {
      const place = numbers[row * stride + shared]!;
      if (place >= 0) counts[place]!++;
    }
    return texts.map((text, place) => (counts[place]! < often ? text : share(text)));
  };

  return {
    insertOne,
    insertAll: (rows) => {
      const reader = new RowReader(rows, shared, shareTexts(rows));
      let from = 0;
      while (from < rows.rows) {
        const alike = countAlike(reader, from, sizes[0]!);
        const size = sizes.find((each) => each <= alike);
        if (size !== undefined && insertGroup(reader, from, size)) {
          from += size;
          continue;
        }
        for (const end = from + alike; from < end; from++) insertOne(reader.readRow(from));
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

  run(reader: RowReader, from: number): void {
    const named: Record<string, Bound> = {};
    for (const column of this.#common) named[`c${column}`] = reader.readValue(from, column);
    const own: Bound[] = [];
    for (let row = from; row < from + this.#size; row++) reader.readInto(own, row, this.#own);
    this.#statement.run(own, named);
  }
}

/** How many rows from here on have values in the same columns, at most `limit`. */
function countAlike(reader: RowReader, from: number, limit: number): number {
  const present = reader.readPresent(from);
  const end = Math.min(reader.rows, from + limit);
  let row = from + 1;
  while (row < end && reader.readPresent(row) === present) row++;
  return row - from;
}

function hasBit(bits: number, place: number): boolean {
  return (bits & (1 << place)) !== 0;
}

function renderInsert(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const values = rows.map((row) => `(${row.join(', ')})`).join(', ');
  return `INSERT INTO usage (${columns.join(', ')}) VALUES ${values}`;
}
