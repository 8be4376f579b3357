// What every wire says about embeddings: how it scans, spells and reads them. An answer that only passes through is
// watched like a chat's, and is always whole.
import type { EmbeddingAnswer, EmbeddingRequest } from '../ir/embeddings.ts';
import { brokenAnswer, readInnerFailure } from '../ir/failure.ts';
import type { LossReport } from '../ir/loss.ts';
import { latin1, utf8 } from '../lib/bytes.ts';
import { prepareKeys, scanObject, typeAt } from '../lib/json-scan.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import type { AnswerPipe, Peek, RequestPath, WireUsage } from './protocol.ts';
import { createUnaryPipe } from './unary-pipe.ts';

/** Embeddings in one wire. */
export interface EmbeddingWire {
  readonly peek: Peek;
  /** A body that was peeked at. Throws GatewayError 400 naming the field. */
  decodeRequest(body: JsonObject, path: RequestPath): EmbeddingRequest;
  /** Throws GatewayError `unsupported_feature` for what would become another vector. */
  encodeRequest(
    request: EmbeddingRequest,
    model: string,
    loss: LossReport,
  ): { readonly path: string; readonly body: JsonObject };
  /** Undefined when the body is no answer to a request for `count` vectors. */
  decodeAnswer(body: unknown, count: number): EmbeddingAnswer | undefined;
  encodeAnswer(answer: EmbeddingAnswer, request: EmbeddingRequest): string;
}

/** What an answer of a wire is known by. */
export interface AnswerMarks {
  /** The member that holds the vectors. */
  readonly content: string;
  /** The member or members that count tokens, and how they are read. */
  readonly usage: string;
  readUsage(value: unknown): WireUsage | undefined;
}

/** Bytes at the end of an answer in which the usage of a large one is looked for: OpenAI writes it last. */
const tailBytes = 1024;

/** Passes an answer on untouched, once it is known to be sound or is too large to be held. */
export function createWatch({ content, usage: usageKey, readUsage }: AnswerMarks): AnswerPipe {
  const keys = prepareKeys([content, usageKey, 'error']);
  let tail = '';
  const pipe = createUnaryPipe((body) => {
    const spans = scan(body, keys);
    if (!spans) return { failure: brokenAnswer('The upstream answered with broken JSON.') };
    const { error } = spans;
    if (error && typeAt(body, error) !== 'null') {
      const told = readInnerFailure(parseJson(utf8(body)));
      return { failure: told ?? brokenAnswer('The upstream reported an error.') };
    }
    if (!spans[content]) return { failure: brokenAnswer('The upstream answered without vectors.') };
    const span = spans[usageKey];
    const usage = span && readUsage(parseJson(utf8(body.subarray(span.start, span.end))));
    return { usage, characters: 0 };
  });
  return {
    ...pipe,
    push(chunk) {
      tail = (tail + latin1(chunk.subarray(-tailBytes))).slice(-tailBytes);
      return pipe.push(chunk);
    },
    usage: () => pipe.usage() ?? readTail(tail, usageKey, readUsage),
  };
}

/** There is no such thing as a stream of embeddings. */
export function refuseStream(): never {
  throw new TypeError('Embeddings are never streamed.');
}

/** A value of `vectors` that answers as many inputs as were asked; undefined otherwise. */
export function checkVectors(
  vectors: readonly (readonly number[] | undefined)[],
  count: number,
): readonly (readonly number[])[] | undefined {
  const whole = vectors.filter(
    (vector): vector is readonly number[] => vector !== undefined && vector.length > 0,
  );
  return whole.length === count && vectors.length === count ? whole : undefined;
}

function readTail(tail: string, key: string, readUsage: AnswerMarks['readUsage']): WireUsage | undefined {
  const at = tail.lastIndexOf(`"${key}"`);
  const found = at < 0 ? null : /^\s*:\s*(\{[^{}]*\}|\d+)/.exec(tail.slice(at + key.length + 2));
  return found ? readUsage(parseJson(found[1]!)) : undefined;
}

function scan(bytes: Uint8Array, keys: ReturnType<typeof prepareKeys>) {
  try {
    return scanObject(bytes, keys, 256);
  } catch {
    return undefined;
  }
}

/** The members of an object by name; empty for anything else. */
export function membersOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
