// A Chat stream → events: plain state, safe at any byte split.
import { createBlocks } from '../../ir/blocks.ts';
import { readUri } from '../../ir/data-uri.ts';
import type { AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { createFrameDecoder, type FrameReader } from '../../ir/frame-decoder.ts';
import type { UpstreamFailure } from '../../errors.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { AnswerDecoder, DecodeContext } from '../protocol.ts';
import { createCalls } from './calls.ts';
import { decodeDetail } from './parts.ts';
import { decodeCitation, decodeLogprobs } from './annotations.ts';
import { decodeFinish } from './finish.ts';
import { decodeUsage } from './usage.ts';

export function createAnswerDecoder(context: DecodeContext, emit: AnswerListener): AnswerDecoder {
  const reader = createChunkReader(context, emit);
  return createFrameDecoder(reader, (data) => {
    if (data.trim() === '[DONE]') reader.complete(true);
    else if (data !== '') return false;
    return true;
  });
}

/** Chunks, already parsed → events. A unary answer is one chunk whose delta is the whole message. */
export interface ChunkReader extends FrameReader {
  /** Ends the answer. Without the terminal a finish reason must have been seen. */
  complete(terminal?: boolean): void;
}

export function createChunkReader(context: DecodeContext, emit: AnswerListener): ChunkReader {
  const blocks = createBlocks(emit);
  const calls = createCalls(context, blocks, emit);
  let started = false;
  let closed = false;
  let finish: string | undefined;
  let id = '';
  let model = '';
  let created: number | undefined;
  /** Text of the open reasoning block as `reasoning` gave it; a chained gateway repeats it beside the proof. */
  let reasoned = '';
  /** Merged entries of `reasoning_details` of the open reasoning block. */
  let detail: Record<string, unknown> | undefined;

  return {
    read,
    complete,
    fail,
    get closed() {
      return closed;
    },
  };

  function read(chunk: JsonObject): void {
    if (closed) return;
    const { choices } = chunk;
    if (chunk['error'] || choices === undefined) {
      const failure = readInnerFailure(chunk);
      if (failure !== undefined) return fail(failure);
    }
    if (!started) {
      if (typeof chunk['id'] === 'string' && id === '') id = chunk['id'];
      if (typeof chunk['model'] === 'string' && chunk['model'] !== '') model = chunk['model'];
      if (typeof chunk['created'] === 'number') created = chunk['created'];
    }
    const choice = Array.isArray(choices) ? (choices as unknown[]).find(isFirstChoice) : undefined;
    if (choice !== undefined) {
      start();
      readChoice(choice);
    }
    if (isObject(chunk['usage'])) {
      const usage = decodeUsage(chunk['usage']);
      if (usage !== undefined) emit({ type: 'usage-update', usage });
    }
  }

  /** Late, because Azure's first chunk has neither id nor model. */
  function start(): void {
    if (started) return;
    started = true;
    emit(defined({ type: 'answer-start' as const, id, model, created }));
  }

  function readChoice(choice: JsonObject): void {
    const delta = choice['delta'] ?? choice['message'];
    if (isObject(delta)) readDelta(delta);
    if (isObject(choice['logprobs'])) {
      const tokens = decodeLogprobs(choice['logprobs']);
      if (tokens.length > 0) emit({ type: 'logprobs-add', tokens });
    }
    if (typeof choice['finish_reason'] === 'string') finish = choice['finish_reason'];
  }

  function readDelta(delta: JsonObject): void {
    const { content, tool_calls: pieces } = delta;
    const reasoning = delta['reasoning_content'] ?? delta['reasoning'];
    if (Array.isArray(delta['reasoning_details']))
      readDetails(delta['reasoning_details'], typeof reasoning === 'string');
    if (typeof reasoning === 'string' && reasoning !== '') {
      append('reasoning', reasoning);
      reasoned += reasoning;
    }
    if (typeof content === 'string') {
      if (content !== '') append('text', content);
    } else if (Array.isArray(content)) content.forEach(readPart);
    if (typeof delta['refusal'] === 'string' && delta['refusal'] !== '') append('refusal', delta['refusal']);
    if (Array.isArray(pieces)) {
      closeFlow();
      for (const piece of pieces as unknown[]) if (isObject(piece)) calls.read(piece, false);
    }
    if (isObject(delta['function_call'])) {
      closeFlow();
      calls.read(delta['function_call'], true);
    }
    if (Array.isArray(delta['annotations'])) delta['annotations'].forEach(cite);
    if (Array.isArray(delta['images'])) delta['images'].forEach(readPart);
  }

  function append(kind: 'text' | 'reasoning' | 'refusal', text: string): void {
    if (blocks.open !== kind) {
      closeFlow();
      calls.closeWhole();
    }
    blocks.append(kind, text);
  }

  function closeFlow(): void {
    if (blocks.open === undefined) return;
    reasoned = '';
    if (blocks.open !== 'reasoning' || detail === undefined) return blocks.close();
    const { proof } = decodeDetail(detail);
    detail = undefined;
    blocks.close(proof);
  }

  /** A part of a content list: Mistral's thinking, text, generated images. */
  function readPart(value: unknown): void {
    if (!isObject(value)) return;
    const { text, thinking } = value;
    if (typeof text === 'string' && text !== '') append('text', text);
    else if (typeof thinking === 'string' && thinking !== '') append('reasoning', thinking);
    else if (Array.isArray(thinking)) {
      for (const piece of thinking as unknown[]) {
        if (isObject(piece) && typeof piece['text'] === 'string' && piece['text'] !== '')
          append('reasoning', piece['text']);
      }
    } else if (isObject(value['image_url']) && typeof value['image_url']['url'] === 'string') {
      closeFlow();
      const source = readUri(value['image_url']['url'], 'image/png');
      emit({ type: 'part-add', id: blocks.next(), part: { kind: 'image', source } });
    }
  }

  /** The details repeat the text that `reasoning` carries, and add what proves it. */
  function readDetails(details: readonly unknown[], hasText: boolean): void {
    for (const entry of details) {
      if (!isObject(entry)) continue;
      const { text, summary, ...rest } = entry;
      const words = typeof text === 'string' ? text : typeof summary === 'string' ? summary : '';
      if (detail !== undefined && rest['index'] !== undefined && detail['index'] !== rest['index'])
        closeFlow();
      if (!hasText && words !== '' && words !== reasoned) append('reasoning', words);
      if (blocks.open !== 'reasoning' && (rest['data'] !== undefined || rest['signature'] !== undefined)) {
        closeFlow();
        blocks.append('reasoning', '');
      }
      const field = typeof summary === 'string' ? 'summary' : 'text';
      const before = detail?.[field];
      const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
      detail = { ...detail, ...known, [field]: `${typeof before === 'string' ? before : ''}${words}` };
    }
  }

  function cite(annotation: unknown): void {
    const citation = decodeCitation(annotation);
    if (citation !== undefined && blocks.lastText !== undefined) {
      emit({ type: 'citation-add', id: blocks.lastText, citation });
    }
  }

  function complete(terminal = false): void {
    if (closed) return;
    if (finish === undefined && !(terminal && started)) {
      return fail(
        brokenAnswer(`The upstream ${started ? 'cut the stream' : 'answered with an empty stream'}.`),
      );
    }
    start();
    closeFlow();
    calls.closeAll();
    closed = true;
    emit({ type: 'answer-end', finish: decodeFinish(finish, calls.count) });
  }

  function fail(failure: UpstreamFailure): void {
    if (closed) return;
    closed = true;
    emit({ type: 'answer-fail', failure });
  }
}

function isFirstChoice(choice: unknown): choice is JsonObject {
  return isObject(choice) && (choice['index'] ?? 0) === 0;
}
