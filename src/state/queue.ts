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

export class RowQueue {
  readonly #bounds: QueueBounds;
  readonly #chunks: Chunk[] = [];
  #spare: Chunk | undefined;
  /** Waiting and taken rows, until they are settled. */
  rows = 0;
  bytes = 0;
  /** Rows that found the queue full. */
  dropped = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  /** Chunks that wait. */
  get length(): number {
    return this.#chunks.length;
  }

  /** Whether the next chunk cannot take another row. */
  get headFull(): boolean {
    return this.#chunks[0]?.full === true;
  }

  /** Packs a row, or counts it as dropped; answers whether it was packed. */
  append(row: UsageRow): boolean {
    if (this.rows >= this.#bounds.maxRows || this.bytes >= this.#bounds.maxBytes) {
      this.dropped++;
      return false;
    }
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.full) {
      chunk = this.#spare ?? new Chunk(chunkRows);
      this.#spare = undefined;
      this.#chunks.push(chunk);
    }
    this.bytes += chunk.append(row);
    this.rows++;
    return true;
  }

  /** The oldest chunk; its rows count as held until `settle`. */
  take(): Chunk | undefined {
    return this.#chunks.shift();
  }

  /** The rows of a taken chunk are written. */
  settle(chunk: Chunk): void {
    this.rows -= chunk.rows;
    this.bytes -= chunk.bytes;
    chunk.reset();
    this.#spare = chunk;
  }

  /** Gives all held rows up and counts them as dropped. */
  abandon(): void {
    this.dropped += this.rows;
    this.rows = 0;
    this.bytes = 0;
    this.#chunks.length = 0;
  }
}
