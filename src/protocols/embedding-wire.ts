// What every wire says about embeddings: how it scans, spells and reads them. An answer that only passes through is
// watched like a chat's, and is always whole.
import { GatewayError } from '../errors.ts';
import type { EmbeddingAnswer, EmbeddingRequest } from '../ir/embeddings.ts';
import { brokenAnswer, readInnerFailure } from '../ir/failure.ts';
import type { LossReport } from '../ir/loss.ts';
import { wrong } from '../ir/read.ts';
import { readCount } from '../ir/usage.ts';
import { concatBytes, latin1, utf8 } from '../lib/bytes.ts';
import { listElements } from '../lib/json-elements.ts';
import { demandField, scanBody } from '../lib/json-fields.ts';
import { numberAt, prepareKeys, scanObject, typeAt } from '../lib/json-scan.ts';
import type { JsonKeys, JsonSpan } from '../lib/json-scan.ts';
import { applyEdits } from '../lib/json-splice.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import { readModel } from './flat-body.ts';
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
  /** `elapsed`: milliseconds that the upstream took, for wires that say so. */
  encodeAnswer(answer: EmbeddingAnswer, request: EmbeddingRequest, elapsed: number): string;
}

/** Where an answer counts its tokens: a member that is a number, or an object with the first of these keys. */
export interface UsageMarks {
  readonly member: string;
  readonly keys: JsonKeys;
}

/** Bytes at the end of an answer in which the usage of a large one is looked for: OpenAI writes it last. */
const tailBytes = 1024;

/** Passes an answer on untouched, once it is known to be sound or is too large to be held. */
export function createWatch(content: string, marks: UsageMarks): AnswerPipe {
  const keys = prepareKeys([content, marks.member, 'error']);
  let tail: Uint8Array = new Uint8Array();
  const pipe = createUnaryPipe((body) => {
    const spans = scan(body, keys);
    if (!spans) return { failure: brokenAnswer('The upstream answered with broken JSON.') };
    const { error } = spans;
    if (error && typeAt(body, error) !== 'null') {
      const told = readInnerFailure(parseJson(utf8(body)));
      return { failure: told ?? brokenAnswer('The upstream reported an error.') };
    }
    if (!spans[content]) return { failure: brokenAnswer('The upstream answered without vectors.') };
    const span = spans[marks.member];
    return { usage: span && scanUsage(body, span, marks), characters: 0 };
  });
  return {
    push(chunk) {
      tail = concatBytes([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
      return pipe.push(chunk);
    },
    end: () => pipe.end(),
    outputCharacters: () => pipe.outputCharacters(),
    usage: () => pipe.usage() ?? findUsage(tail, marks),
  };
}

/** A wire whose bodies name the model and the texts at the top. */
export interface FlatBody {
  /** The member that holds the texts, and whether it may be a list, an empty one too. */
  readonly texts: 'input' | 'prompt';
  readonly lists: 'no' | 'some' | 'any';
  readonly path: string;
  /** The member of an answer that holds the vectors. */
  readonly content: string;
  readonly counts: UsageMarks;
}

export function createFlatPeek({ texts, lists, path, content, counts }: FlatBody): Peek {
  const keys = prepareKeys(['model', texts]);
  return {
    request(body, { maxDepth }) {
      const spans = scanBody(body, keys, maxDepth);
      const modelSpan = demandField(body, spans.model, 'model', 'string');
      const model = readModel(body, modelSpan);
      const span = spans[texts];
      const type = span && typeAt(body, span);
      if (!span || (type !== 'string' && (type !== 'array' || lists === 'no')))
        return wrong(texts, lists === 'no' ? 'a text' : 'a text or a list');
      if (type === 'array' && lists === 'some' && listElements(body, span).length === 0)
        throw new GatewayError('invalid_body', `"${texts}" is empty.`, { param: texts });
      const inputTokens = Math.ceil((span.end - span.start) / 4);
      return { model, modelSpan, stream: false, reportsUsage: true, spans, inputTokens };
    },
    splice: (body, { modelSpan }, { model }) =>
      applyEdits(
        body,
        model === undefined || !modelSpan ? [] : [{ ...modelSpan, text: JSON.stringify(model) }],
      ),
    path: () => path,
    streamPipe: refuseStream,
    unaryPipe: () => createWatch(content, counts),
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

/** The usage in an answer that has been parsed. */
export function readUsage(value: unknown, { keys }: UsageMarks): WireUsage | undefined {
  const members = membersOf(value);
  const count = typeof value === 'number' ? value : keys.names.map((key) => members[key]).find(isNumber);
  return usageOf(count);
}

function scanUsage(body: Uint8Array, span: JsonSpan, { keys }: UsageMarks): WireUsage | undefined {
  const type = typeAt(body, span);
  if (type === 'number') return usageOf(numberAt(body, span));
  if (type !== 'object') return undefined;
  const spans = scan(body.subarray(span.start, span.end), keys);
  const found = keys.names.map((key) => spans?.[key]).find((count) => count !== undefined);
  return found && usageOf(numberAt(body, { start: span.start + found.start, end: span.start + found.end }));
}

/** The usage in the last bytes of an answer that was too large to be scanned. */
function findUsage(tail: Uint8Array, marks: UsageMarks): WireUsage | undefined {
  const text = latin1(tail);
  const at = text.lastIndexOf(`"${marks.member}"`);
  const found = at < 0 ? null : /^"\w+"\s*:\s*(\{[^{}]*\}|\d+)/.exec(text.slice(at));
  if (!found) return undefined;
  const end = at + found[0].length;
  return scanUsage(tail, { start: end - found[1]!.length, end }, marks);
}

function usageOf(value: unknown): WireUsage | undefined {
  const input = readCount(value);
  return input === undefined ? undefined : { input, output: 0 };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
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
