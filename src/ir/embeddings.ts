// Embeddings, independent of vendor: texts in, one vector for each out. Much smaller than a chat, so a hub of its own.
import { decodeBase64, encodeBase64 } from '../lib/bytes.ts';
import type { Usage } from './usage.ts';

/** One thing to embed. */
export type EmbeddingInput = {
  /** What the vector is for, in Google's words (`RETRIEVAL_QUERY`). */
  readonly task?: string;
  readonly title?: string;
} & (
  | { readonly kind: 'text'; readonly text: string }
  /** Numbers of somebody's tokenizer: they mean something to that model alone. */
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] }
);

export interface EmbeddingRequest {
  /** The model as the client wrote it. */
  readonly model: string;
  readonly inputs: readonly EmbeddingInput[];
  readonly dimensions?: number;
  /** How the client wants its vectors written. */
  readonly encoding: 'float' | 'base64';
  /** Whether inputs that are too long may be cut. Absent: as the upstream does. */
  readonly truncate?: boolean;
  readonly user?: string;
  /** Fields that no other wire has; they are lost on a translation. */
  readonly foreign: readonly string[];
}

export interface EmbeddingAnswer {
  /** In the order of the inputs. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage?: Usage;
}

/** Little-endian 32-bit floats, as OpenAI writes and reads them. */
export function encodeVector(vector: readonly number[]): string {
  const bytes = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((value, index) => bytes.setFloat32(index * 4, value, true));
  return encodeBase64(new Uint8Array(bytes.buffer));
}

/** A vector as numbers or as base64; undefined for anything else. */
export function decodeVector(value: unknown): readonly number[] | undefined {
  if (Array.isArray(value)) return value.every((member) => typeof member === 'number') ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const bytes = decodeBase64(value);
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}
