// Rows that wait for the writer thread, packed in chunks and bounded by count and bytes.
import type { UsageRow } from '../routing/ports.ts';
import { Chunk } from './batch.ts';

export interface QueueBounds {
  readonly maxRows: number;
  /** Exceeded by one row at most. */
  readonly maxBytes: number;
}

/**
 * Rows a chunk, and so a transaction, at most: posting one wakes a thread and costs 50 µs whatever its size, and each commit
 * writes its last pages anew.
 */
const chunkRows = 1024;

/** Rows that are packed in one go: packing one between two requests takes two to three times as long. */
const groupRows = 64;

export class RowQueue {
  readonly #bounds: QueueBounds;
  readonly #onDrop: () => void;
  /** Rows that are not packed yet. */
  #fresh: UsageRow[] = [];
  readonly #chunks: Chunk[] = [];
  #spare: Chunk | undefined;
  #rows = 0;
  #bytes = 0;
  #dropped = 0;

  /** `onDrop` hears of each row that finds the queue full. */
  constructor(bounds: QueueBounds, onDrop: () => void) {
    this.#bounds = bounds;
    this.#onDrop = onDrop;
  }

  /** Waiting and taken rows, until they are settled. */
  get rows(): number {
    this.#pack();
    return this.#rows;
  }

  get bytes(): number {
    this.#pack();
    return this.#bytes;
  }

  /** Rows that found the queue full, or nobody to take them. */
  get dropped(): number {
    this.#pack();
    return this.#dropped;
  }

  /** Chunks that wait. */
  get length(): number {
    this.#pack();
    return this.#chunks.length;
  }

  /** Whether the next chunk cannot take another row. */
  get headFull(): boolean {
    return this.#chunks[0]?.full === true;
  }

  /** Takes a row in; it is packed, or dropped, by the time that anybody asks. */
  append(row: UsageRow): void {
    if (this.#fresh.push(row) === groupRows) this.#pack();
  }

  /** Counts a row as dropped that nobody takes any more. */
  refuse(): void {
    this.#dropped++;
  }

  /** The oldest chunk; its rows count as held until `settle`. */
  take(): Chunk | undefined {
    this.#pack();
    return this.#chunks.shift();
  }

  /** The rows of a taken chunk are written. */
  settle(chunk: Chunk): void {
    this.#rows -= chunk.rows;
    this.#bytes -= chunk.bytes;
    chunk.reset();
    this.#spare = chunk;
  }

  /** Gives all held rows up and counts them as dropped. */
  abandon(): void {
    const { rows } = this;
    this.#dropped += rows;
    this.#rows = 0;
    this.#bytes = 0;
    this.#chunks.length = 0;
  }

  #pack(): void {
    if (this.#fresh.length === 0) return;
    const rows = this.#fresh;
    this.#fresh = [];
    for (const row of rows) this.#packOne(row);
  }

  #packOne(row: UsageRow): void {
    if (this.#rows >= this.#bounds.maxRows || this.#bytes >= this.#bounds.maxBytes) {
      this.#dropped++;
      this.#onDrop();
      return;
    }
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.full) {
      chunk = this.#spare ?? new Chunk(chunkRows);
      this.#spare = undefined;
      this.#chunks.push(chunk);
    }
    try {
      this.#bytes += chunk.append(row);
      this.#rows++;
    } catch {
      // Whoever asks for a figure must not fail because of a row.
      this.#dropped++;
    }
  }
}
