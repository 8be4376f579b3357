// Usage rows packed into a few strings and one array of numbers, which is what crosses to the writer thread.
// A structured clone of row objects costs several microseconds a row; this costs a fraction of one.
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

/** The rows of a chunk. */
export interface PackedRows {
  readonly rows: number;
  readonly numbers: Float64Array;
  readonly shared: readonly string[];
  readonly text: string;
}

/** What one `postMessage` carries. */
export interface Batch extends PackedRows {
  /** Counts up within one writer; the thread records it, so that a batch is never written twice. */
  readonly sequence: number;
  readonly slices: readonly Slice[];
  readonly audits?: readonly AuditRow[];
}

export const noRows: PackedRows = { rows: 0, numbers: new Float64Array(0), shared: [], text: '' };

/** Rows on their way into a batch. */
export class Chunk {
  rows = 0;
  /** Memory that the rows hold: one byte a character, eight a number; near enough to bound it. */
  bytes = 0;
  readonly #numbers: Float64Array;
  readonly #texts: string[] = [];
  readonly #shared: string[] = [];
  readonly #places = new Map<string, number>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#numbers = new Float64Array(capacity * stride);
  }

  get full(): boolean {
    return this.rows === this.#capacity;
  }

  /** Adds a row and answers its size in bytes. The chunk must not be full. */
  append(row: UsageRow): number {
    const before = this.bytes;
    const numbers = this.#numbers;
    const { requestId, facts, attempts, marks, tokens } = row;
    let at = this.rows * stride;
    // One line a column: a loop over names would look each of them up anew in every row.
    numbers[at++] = this.#share(row.revision);
    numbers[at++] = this.#share(row.key);
    numbers[at++] = this.#share(row.protocol);
    numbers[at++] = this.#share(row.operation);
    numbers[at++] = this.#share(row.requestedModel);
    numbers[at++] = this.#share(row.provider);
    numbers[at++] = this.#share(row.connection);
    numbers[at++] = this.#share(row.model);
    numbers[at++] = this.#share(row.reasons);
    numbers[at++] = this.#share(row.errorCode);
    numbers[at++] = requestId.length;
    numbers[at++] = facts.length;
    numbers[at++] = attempts.length;
    numbers[at++] = marks.length;
    this.#texts.push(requestId, facts, attempts, marks);
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

  /** What crosses to the thread. Lets go of the texts; the chunk can take no further row before `reset`. */
  pack(): PackedRows {
    const packed = {
      rows: this.rows,
      numbers: this.#numbers.slice(0, this.rows * stride),
      shared: this.#shared.slice(),
      text: this.#texts.join(''),
    };
    this.#forget();
    return packed;
  }

  /** Makes the chunk empty, to be filled again. */
  reset(): void {
    this.rows = 0;
    this.bytes = 0;
    this.#forget();
  }

  #forget(): void {
    this.#texts.length = 0;
    this.#shared.length = 0;
    this.#places.clear();
  }

  #share(text: string | null): number {
    if (text === null) return -1;
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#shared.push(text) - 1;
    this.#places.set(text, place);
    this.bytes += text.length;
    return place;
  }
}

/** A value as SQLite binds it. */
export type Bound = string | number | null;

/** A row with its columns in the order of the SQL: texts, scalars, tokens. */
export interface BoundRow {
  readonly values: readonly Bound[];
  /** One bit for each column that is not null, the first column lowest. */
  readonly present: number;
}

/** The rows one after the other, in order. */
export function readRows({ numbers, shared, text, rows }: PackedRows): readonly BoundRow[] {
  let cursor = 0;
  let at = 0;
  return Array.from({ length: rows }, (): BoundRow => {
    const values: Bound[] = [];
    let present = 0;
    for (let column = 0; column < sharedColumns.length; column++) {
      const place = numbers[at++]!;
      values.push(place < 0 ? null : shared[place]!);
      if (place >= 0) present |= 1 << column;
    }
    for (let column = sharedColumns.length; column < textColumns.length; column++) {
      values.push(text.slice(cursor, (cursor += numbers[at++]!)));
      present |= 1 << column;
    }
    for (let column = textColumns.length; column < stride; column++) {
      const value = numbers[at++]!;
      const isThere = Number.isFinite(value);
      values.push(isThere ? value : null);
      if (isThere) present |= 1 << column;
    }
    return { values, present };
  });
}
