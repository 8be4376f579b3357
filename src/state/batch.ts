// Usage rows packed into memory that both threads see: numbers, and the bytes of all texts. Only the place of it crosses to
// the writer thread. A structured clone of row objects costs several microseconds a row; this costs a fraction of one.
import { utf8 } from '../lib/bytes.ts';
import type { AuditRow } from './audit.ts';
import type { Slice, TokenCounts, UsageRow } from '../routing/ports.ts';

/** Columns whose texts most rows of a batch share: each text crosses once, a row holds its place in the list. */
const sharedColumns = [
  'revision',
  'key',
  'protocol',
  'operation',
  'requestedModel',
  'provider',
  'connection',
  'model',
  'reasons',
  'errorCode',
] as const satisfies readonly (keyof UsageRow)[];

/** Columns whose texts are the row's own: they stand behind each other in one string, a row holds their lengths. */
const ownColumns = ['requestId', 'facts', 'attempts', 'marks'] as const satisfies readonly (keyof UsageRow)[];

/** The order of the text columns in a batch and in the SQL of the `usage` table. */
export const textColumns = [...sharedColumns, ...ownColumns] as const;

/** The order of the token kinds in a batch and in the SQL. */
export const tokenKinds = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'reasoning',
  'audioInput',
  'audioOutput',
] as const satisfies readonly (keyof TokenCounts)[];

/** Numbers before the token kinds: at, secretEpoch, cost, estimated, status, stream. */
export const scalarCount = 6;

/** Numbers that one row takes: places and lengths of its texts, scalars, tokens. */
export const stride = textColumns.length + scalarCount + tokenKinds.length;

/** The rows of a chunk. Both views are of shared memory. */
export interface PackedRows {
  readonly rows: number;
  readonly numbers: Float64Array;
  readonly shared: readonly string[];
  /** UTF-8. */
  readonly text: Uint8Array;
}

/** What one `postMessage` carries. */
export interface Batch extends PackedRows {
  /** Counts up within one writer; the thread records it, so that a batch is never written twice. */
  readonly sequence: number;
  readonly slices: readonly Slice[];
  readonly audits?: readonly AuditRow[];
}

export const noRows: PackedRows = {
  rows: 0,
  numbers: new Float64Array(0),
  shared: [],
  text: new Uint8Array(0),
};

/** Bytes that the own texts of a row take as a rule, with some room. */
const usualText = 384;

/** Characters that are encoded in one go: a crossing into the encoder for every row costs as much as its text. */
const usualPiece = 16 * 1024;

/** Rows on their way into a batch. */
export class Chunk {
  rows = 0;
  /** Memory that the rows hold: one byte a character, eight a number; near enough to bound it. */
  bytes = 0;
  readonly #numbers: Float64Array;
  #text: Buffer;
  #used = 0;
  /** Own texts that are not encoded yet. */
  #unwritten = '';
  readonly #shared: string[] = [];
  readonly #places = new Map<string, number>();
  /** What the row before had in each shared column, and its place: to compare a text costs less than to look it up. */
  readonly #latest: (string | null)[] = sharedColumns.map(() => null);
  readonly #latestPlaces: number[] = sharedColumns.map(() => -1);
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#numbers = new Float64Array(new SharedArrayBuffer(capacity * stride * 8));
    this.#text = Buffer.from(new SharedArrayBuffer(capacity * usualText));
  }

  get full(): boolean {
    return this.rows === this.#capacity;
  }

  /** Adds a row and answers its size in bytes; where it throws, nothing of the row is left. The chunk must not be full. */
  append(row: UsageRow): number {
    const before = this.bytes;
    const numbers = this.#numbers;
    // All that may throw comes first: making the texts, and memory for those of earlier rows.
    const { requestId, facts, reasons, attempts, marks, tokens } = row;
    if (this.#unwritten.length > usualPiece) this.#write();
    let at = this.rows * stride;
    // One line a column: a loop over names would look each of them up anew in every row.
    numbers[at++] = this.#share(0, row.revision);
    numbers[at++] = this.#share(1, row.key);
    numbers[at++] = this.#share(2, row.protocol);
    numbers[at++] = this.#share(3, row.operation);
    numbers[at++] = this.#share(4, row.requestedModel);
    numbers[at++] = this.#share(5, row.provider);
    numbers[at++] = this.#share(6, row.connection);
    numbers[at++] = this.#share(7, row.model);
    numbers[at++] = this.#share(8, reasons);
    numbers[at++] = this.#share(9, row.errorCode);
    numbers[at++] = requestId.length;
    numbers[at++] = facts.length;
    numbers[at++] = attempts.length;
    numbers[at++] = marks.length;
    this.#unwritten += requestId + facts + attempts + marks;
    numbers[at++] = row.at;
    numbers[at++] = row.secretEpoch;
    numbers[at++] = row.cost ?? Number.NaN;
    numbers[at++] = row.estimated ? 1 : 0;
    numbers[at++] = row.status;
    numbers[at++] = row.stream ? 1 : 0;
    numbers[at++] = tokens.input ?? Number.NaN;
    numbers[at++] = tokens.output ?? Number.NaN;
    numbers[at++] = tokens.cacheRead ?? Number.NaN;
    numbers[at++] = tokens.cacheWrite ?? Number.NaN;
    numbers[at++] = tokens.cacheWrite1h ?? Number.NaN;
    numbers[at++] = tokens.reasoning ?? Number.NaN;
    numbers[at++] = tokens.audioInput ?? Number.NaN;
    numbers[at] = tokens.audioOutput ?? Number.NaN;
    this.rows++;
    this.bytes += stride * 8 + requestId.length + facts.length + attempts.length + marks.length;
    return this.bytes - before;
  }

  /** What crosses to the thread. The chunk must not change until its rows are written; then it can be reset. */
  pack(): PackedRows {
    this.#write();
    return {
      rows: this.rows,
      numbers: this.#numbers.subarray(0, this.rows * stride),
      shared: this.#shared.slice(),
      text: this.#text.subarray(0, this.#used),
    };
  }

  /** Makes the chunk empty, to be filled again. */
  reset(): void {
    this.rows = 0;
    this.bytes = 0;
    this.#used = 0;
    this.#unwritten = '';
    this.#shared.length = 0;
    this.#places.clear();
    this.#latest.fill(null);
    this.#latestPlaces.fill(-1);
  }

  #write(): void {
    const text = this.#unwritten;
    // A character takes three bytes at most.
    const room = this.#used + text.length * 3;
    if (room > this.#text.length) {
      const larger = Buffer.from(new SharedArrayBuffer(Math.max(room, this.#text.length * 2)));
      larger.set(this.#text.subarray(0, this.#used));
      this.#text = larger;
    }
    this.#used += this.#text.write(text, this.#used);
    this.#unwritten = '';
  }

  #share(column: number, text: string | null): number {
    if (text === this.#latest[column]) return this.#latestPlaces[column]!;
    const place = text === null ? -1 : (this.#places.get(text) ?? this.#add(text));
    this.#latest[column] = text;
    this.#latestPlaces[column] = place;
    return place;
  }

  #add(text: string): number {
    const place = this.#shared.push(text) - 1;
    this.#places.set(text, place);
    this.bytes += text.length;
    return place;
  }
}

/** The row as plain data, with its texts as they are now. */
export function copyRow(row: UsageRow): UsageRow {
  return {
    requestId: row.requestId,
    at: row.at,
    revision: row.revision,
    secretEpoch: row.secretEpoch,
    key: row.key,
    protocol: row.protocol,
    operation: row.operation,
    requestedModel: row.requestedModel,
    provider: row.provider,
    connection: row.connection,
    model: row.model,
    facts: row.facts,
    reasons: row.reasons,
    attempts: row.attempts,
    tokens: row.tokens,
    cost: row.cost,
    estimated: row.estimated,
    marks: row.marks,
    status: row.status,
    errorCode: row.errorCode,
    stream: row.stream,
  };
}

/** A value as SQLite binds it. */
export type Bound = string | number | null;

/** Reads packed rows. A column is its place in the order of the SQL: shared texts, own texts, scalars, tokens. */
export class RowReader {
  readonly rows: number;
  readonly #numbers: Float64Array;
  readonly #shared: readonly string[];
  readonly #replaced: number;
  readonly #replacements: readonly string[];
  readonly #text: string;
  #cursor = 0;

  /** `replacements`: what is read in the column `replaced` instead of the shared texts, in their order. */
  constructor(
    { rows, numbers, shared, text }: PackedRows,
    replaced = -1,
    replacements: readonly string[] = shared,
  ) {
    this.rows = rows;
    this.#numbers = numbers;
    this.#shared = shared;
    this.#replaced = replaced;
    this.#replacements = replacements;
    this.#text = utf8(text);
  }

  /** One bit for each column that is not null, the first column lowest. */
  readPresent(row: number): number {
    const numbers = this.#numbers;
    const from = row * stride;
    let present = ownBits;
    for (let column = 0; column < sharedColumns.length; column++) {
      if (numbers[from + column]! >= 0) present |= 1 << column;
    }
    for (let column = textColumns.length; column < stride; column++) {
      if (Number.isFinite(numbers[from + column])) present |= 1 << column;
    }
    return present;
  }

  /** Of these columns, those in which both rows say the same; own texts are taken to differ. */
  readCommon(row: number, other: number, columns: number): number {
    const numbers = this.#numbers;
    const [from, to] = [row * stride, other * stride];
    let common = columns & ~ownBits;
    for (let column = 0; column < stride; column++) {
      if (numbers[from + column] !== numbers[to + column]) common &= ~(1 << column);
    }
    return common;
  }

  /** What stands in a column that holds no own text. */
  readValue(row: number, column: number): Bound {
    const value = this.#numbers[row * stride + column]!;
    if (column < sharedColumns.length) {
      if (value < 0) return null;
      return (column === this.#replaced ? this.#replacements : this.#shared)[value]!;
    }
    return Number.isFinite(value) ? value : null;
  }

  /** Adds what stands in these columns to `values`. Every row must be read once, in order, with all its own texts. */
  readInto(values: Bound[], row: number, columns: readonly number[]): void {
    for (const column of columns) {
      const isOwn = column >= sharedColumns.length && column < textColumns.length;
      values.push(isOwn ? this.#cut(row, column) : this.readValue(row, column));
    }
  }

  /** All values of a row, by the same rule. */
  readRow(row: number): readonly Bound[] {
    const values: Bound[] = [];
    this.readInto(values, row, allColumns);
    return values;
  }

  #cut(row: number, column: number): string {
    const from = this.#cursor;
    this.#cursor += this.#numbers[row * stride + column]!;
    return this.#text.slice(from, this.#cursor);
  }
}

/** The bits of the own columns. */
const ownBits = ((1 << ownColumns.length) - 1) << sharedColumns.length;

const allColumns = Array.from({ length: stride }, (_, column) => column);

/** The values of the rows, one row after the other. */
export function readRows(packed: PackedRows): readonly (readonly Bound[])[] {
  const reader = new RowReader(packed);
  return Array.from({ length: packed.rows }, (_, row) => reader.readRow(row));
}
