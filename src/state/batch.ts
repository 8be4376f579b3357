// Usage rows packed into one string and one array of numbers, which is what crosses to the writer thread.
// A structured clone of row objects costs several microseconds a row; this costs a fraction of one.
import type { AuditRow } from './audit.ts';
import type { Slice, TokenCounts, UsageRow } from '../routing/ports.ts';

/** The order of the text columns in a batch and in the SQL of the `usage` table. */
export const textColumns = [
  'requestId',
  'revision',
  'key',
  'protocol',
  'operation',
  'requestedModel',
  'provider',
  'connection',
  'model',
  'facts',
  'reasons',
  'attempts',
  'marks',
  'errorCode',
] as const satisfies readonly (keyof UsageRow)[];

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

/** Numbers that one row takes: lengths of its texts, scalars, tokens. */
export const stride = textColumns.length + scalarCount + tokenKinds.length;

/** What one `postMessage` carries. `numbers` may be longer than `rows` needs. */
export interface Batch {
  /** Counts up within one writer; the thread records it, so that a batch is never written twice. */
  readonly sequence: number;
  readonly rows: number;
  readonly numbers: Float64Array;
  readonly text: string;
  readonly slices: readonly Slice[];
  readonly audits?: readonly AuditRow[];
}

/** Rows on their way into a batch. */
export class Chunk {
  readonly numbers: Float64Array;
  rows = 0;
  /** Memory that the rows hold: one byte a character, eight a number; near enough to bound it. */
  bytes = 0;
  readonly #texts: string[] = [];
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.numbers = new Float64Array(capacity * stride);
  }

  get full(): boolean {
    return this.rows === this.#capacity;
  }

  /** Adds a row and answers its size in bytes. The chunk must not be full. */
  append(row: UsageRow): number {
    const texts = this.#texts;
    const numbers = this.numbers;
    let at = this.rows * stride;
    let bytes = stride * 8;
    for (const column of textColumns) {
      const value = row[column];
      if (typeof value === 'string') {
        texts.push(value);
        numbers[at++] = value.length;
        bytes += value.length;
      } else {
        numbers[at++] = -1;
      }
    }
    const tokens = row.tokens;
    numbers[at++] = row.at;
    numbers[at++] = row.secretEpoch;
    numbers[at++] = row.cost ?? Number.NaN;
    numbers[at++] = row.estimated ? 1 : 0;
    numbers[at++] = row.status;
    numbers[at++] = row.stream ? 1 : 0;
    for (const kind of tokenKinds) numbers[at++] = tokens[kind] ?? Number.NaN;
    this.rows++;
    this.bytes += bytes;
    return bytes;
  }

  /** All texts behind each other; the lengths in `numbers` cut them apart again. Lets go of the single texts. */
  takeText(): string {
    const text = this.#texts.join('');
    this.#texts.length = 0;
    return text;
  }

  /** Makes the chunk empty, to be filled again. */
  reset(): void {
    this.rows = 0;
    this.bytes = 0;
    this.#texts.length = 0;
  }
}

/** A value as SQLite binds it. */
export type Bound = string | number | null;

/** Calls `visit` with the bound values of each row, texts first, then scalars, then tokens. The array is reused. */
export function readRows(batch: Batch, visit: (values: Bound[]) => void): void {
  const values: Bound[] = Array.from({ length: stride }, () => null);
  let cursor = 0;
  for (let row = 0; row < batch.rows; row++) {
    const start = row * stride;
    for (let column = 0; column < textColumns.length; column++) {
      const length = batch.numbers[start + column] ?? -1;
      values[column] = length < 0 ? null : batch.text.slice(cursor, (cursor += length));
    }
    for (let column = textColumns.length; column < stride; column++) {
      const value = batch.numbers[start + column] ?? Number.NaN;
      values[column] = Number.isFinite(value) ? value : null;
    }
    visit(values);
  }
}
