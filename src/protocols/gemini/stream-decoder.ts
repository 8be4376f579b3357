// A Gemini stream → events: plain state, safe at any byte split. Each chunk is a small whole answer, so that a whole answer
// is read as the one chunk of a stream.
import type { UpstreamFailure } from '../../errors.ts';
import { createBlocks } from '../../ir/blocks.ts';
import type { AnswerListener, Finish } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { createFrameDecoder, type FrameReader } from '../../ir/frame-decoder.ts';
import type { Part } from '../../ir/parts.ts';
import { isSealed, unsealProof } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { AnswerDecoder, DecodeContext } from '../protocol.ts';
import { createCalls } from './calls.ts';
import { decodeBlock, decodeFinish, isMalformed } from './finish.ts';
import { decodeGrounding } from './grounding.ts';
import { decodeLogprobs } from './logprobs.ts';
import { toMedia } from './parts.ts';
import { decodeSignature } from './signatures.ts';
import { decodeUsage } from './usage.ts';
import { toCamel, wire } from './wire.ts';

export function createAnswerDecoder(context: DecodeContext, emit: AnswerListener): AnswerDecoder {
  const ignored = (data: string): boolean => data.trim() === '' || data.trim() === '[DONE]';
  return createFrameDecoder(createChunkReader(context, emit), ignored);
}

/** Chunks, already parsed → events. To end the answer a finish reason must have been seen, or why the prompt was blocked. */
export function createChunkReader(context: DecodeContext, emit: AnswerListener): FrameReader {
  const blocks = createBlocks(emit);
  const calls = createCalls(context, blocks, emit);
  let started = false;
  let closed = false;
  let said = false;
  let finish: string | undefined;
  let finishMessage: string | undefined;
  let blocked: Finish | undefined;
  /** Text of the open block, where citations point into. */
  let text = '';
  /** Metadata whose citations have not been told. */
  let grounding: JsonObject | undefined;

  return {
    read: (chunk) => {
      if (!closed) read(toCamel(chunk));
    },
    complete,
    fail,
    get closed() {
      return closed;
    },
  };

  function read(chunk: JsonObject): void {
    const { candidates, promptFeedback: feedback } = chunk;
    if (chunk['error'] || (candidates === undefined && feedback === undefined)) {
      const failure = readInnerFailure(chunk);
      if (failure !== undefined) return fail(failure);
    }
    const candidate = Array.isArray(candidates) ? (candidates as unknown[]).find(isFirst) : undefined;
    const block = isObject(feedback) ? feedback['blockReason'] : undefined;
    if (candidate !== undefined || typeof block === 'string') start(chunk);
    if (typeof block === 'string' && isObject(feedback))
      blocked = decodeBlock(block, words(feedback['blockReasonMessage']));
    if (candidate !== undefined) readCandidate(candidate);
    const usage = decodeUsage(chunk['usageMetadata']);
    if (usage !== undefined) emit({ type: 'usage-update', usage });
  }

  function start({ responseId, modelVersion, createTime }: JsonObject): void {
    if (started) return;
    started = true;
    const created = typeof createTime === 'string' ? Math.floor(Date.parse(createTime) / 1000) : Number.NaN;
    emit(
      defined({
        type: 'answer-start' as const,
        id: words(responseId) ?? '',
        model: words(modelVersion) ?? '',
        created: Number.isNaN(created) ? undefined : created,
      }),
    );
  }

  function readCandidate(candidate: JsonObject): void {
    if (candidate['groundingMetadata'] !== undefined || candidate['citationMetadata'] !== undefined) {
      // The last word of a stream holds all of them.
      grounding = candidate;
    }
    const { content, logprobsResult: logprobs } = candidate;
    const parts = isObject(content) ? content['parts'] : undefined;
    for (const part of Array.isArray(parts) ? (parts as unknown[]) : []) if (isObject(part)) readPart(part);
    if (isObject(logprobs)) {
      const tokens = decodeLogprobs(logprobs);
      if (tokens.length > 0) emit({ type: 'logprobs-add', tokens });
    }
    finish = words(candidate['finishReason']) ?? finish;
    finishMessage = words(candidate['finishMessage']) ?? finishMessage;
  }

  function readPart(part: JsonObject): void {
    const { thoughtSignature: slot, ...bare } = part;
    const proof = readProof(slot);
    const piece = typeof bare['text'] === 'string' ? bare['text'] : undefined;
    if (bare['thought'] === true) {
      if (piece !== undefined && piece !== '') append('reasoning', piece);
      if (proof !== undefined) prove(proof);
      return;
    }
    if (proof !== undefined) prove(proof);
    if (piece !== undefined) {
      if (piece === '') return;
      append('text', piece);
      text += piece;
    } else if (isObject(bare['functionCall'])) {
      said = true;
      closeFlow();
      calls.read(bare['functionCall']);
    } else if (Object.keys(bare).length > 0) add(bare);
  }

  /** A gateway behind us seals what is not Google's. */
  function readProof(slot: unknown): Proof | undefined {
    return typeof slot === 'string' && isSealed(slot)
      ? unsealProof(slot)
      : decodeSignature(slot, context.issuer);
  }

  /** The signature belongs to what was thought before the part on which it stands. */
  function prove(proof: Proof): void {
    if (blocks.open !== 'reasoning') {
      closeFlow();
      blocks.append('reasoning', '');
    }
    blocks.close(proof);
  }

  function append(kind: 'text' | 'reasoning', piece: string): void {
    said = true;
    if (blocks.open !== kind) {
      closeFlow();
      calls.close();
    }
    blocks.append(kind, piece);
  }

  function add(part: JsonObject): void {
    said = true;
    closeFlow();
    calls.close();
    emit({ type: 'part-add', id: blocks.next(), part: readContent(part) });
  }

  function closeFlow(): void {
    if (blocks.open === 'text') cite();
    blocks.close();
    text = '';
  }

  /** Before the text is closed: a word about a closed block comes too late. */
  function cite(): void {
    const id = blocks.lastText;
    if (grounding === undefined || id === undefined) return;
    for (const citation of decodeGrounding(grounding, text)) emit({ type: 'citation-add', id, citation });
    grounding = undefined;
  }

  function complete(): void {
    if (closed) return;
    if (finish === undefined && blocked === undefined) {
      const what = started ? 'cut the stream' : 'answered with an empty stream';
      return fail(brokenAnswer(`The upstream ${what}.`));
    }
    if (blocked === undefined && !said && isMalformed(finish!)) {
      const why = finishMessage === undefined ? '' : `: ${finishMessage}`;
      return fail(brokenAnswer(`The model ended with ${finish!}${why}`));
    }
    start({});
    closeFlow();
    calls.close();
    closed = true;
    emit({ type: 'answer-end', finish: blocked ?? decodeFinish(finish!, finishMessage, calls.count) });
  }

  function fail(failure: UpstreamFailure): void {
    if (closed) return;
    closed = true;
    emit({ type: 'answer-fail', failure });
  }
}

function readContent(part: JsonObject): Part {
  const { inlineData: inline } = part;
  if (isObject(inline) && typeof inline['data'] === 'string') {
    const mediaType = words(inline['mimeType']) ?? 'application/octet-stream';
    return toMedia(mediaType, { kind: 'data', mediaType, data: inline['data'] });
  }
  // Only histories are told in words.
  return { kind: 'opaque', wire, block: part, text: '' };
}

function isFirst(candidate: unknown): candidate is JsonObject {
  return isObject(candidate) && (candidate['index'] ?? 0) === 0;
}

function words(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
