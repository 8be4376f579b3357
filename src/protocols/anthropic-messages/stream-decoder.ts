// A Messages stream → events: plain state, safe at any byte split. A whole message is read as the stream it stands for.
import type { UpstreamFailure } from '../../errors.ts';
import type { AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { createFrameDecoder, type FrameReader } from '../../ir/frame-decoder.ts';
import type { OpaquePart } from '../../ir/parts.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { AnswerDecoder, DecodeContext } from '../protocol.ts';
import { decodeCitation } from './citations.ts';
import { decodeFinish } from './finish.ts';
import { decodeReasoning } from './parts.ts';
import { describeBlock } from './server-tools.ts';
import { createUsageMeter } from './usage.ts';
import { wire } from './wire.ts';

export function createAnswerDecoder(context: DecodeContext, emit: AnswerListener): AnswerDecoder {
  const ignored = (data: string): boolean => data.trim() === '' || data.trim() === '[DONE]';
  return createFrameDecoder(createEventReader(context, emit), ignored);
}

interface Block {
  readonly id: number;
  readonly kind: 'text' | 'reasoning' | 'tool-call' | 'whole';
  /** The block as it began, with what arrived since for kinds that are handed over whole. */
  block: JsonObject;
  /** Characters of input or content that arrived in pieces. */
  pieces: string;
}

/** Events, already parsed → events of the hub. To end the answer a stop reason must have been seen. */
export function createEventReader(context: DecodeContext, emit: AnswerListener): FrameReader {
  const blocks = new Map<unknown, Block>();
  const meter = createUsageMeter();
  let count = 0;
  let calls = 0;
  let started = false;
  let closed = false;
  let stop: JsonObject | undefined;

  return {
    read,
    complete,
    fail,
    get closed() {
      return closed;
    },
  };

  function read(event: JsonObject): void {
    if (closed) return;
    switch (event['type']) {
      case 'content_block_delta':
        if (isObject(event['delta'])) readDelta(event['index'], event['delta']);
        break;
      case 'content_block_start':
        if (isObject(event['content_block'])) startBlock(event['index'], event['content_block']);
        break;
      case 'content_block_stop':
        stopBlock(event['index']);
        break;
      case 'message_start':
        if (isObject(event['message'])) start(event['message']);
        break;
      case 'message_delta':
        if (isObject(event['delta'])) stop = { ...stop, ...event['delta'] };
        report(event['usage']);
        break;
      case 'message_stop':
        complete();
        break;
      case 'error':
        fail(readInnerFailure(event) ?? brokenAnswer('The upstream reported an error.'));
        break;
      default:
        if (event['error']) fail(readInnerFailure(event) ?? brokenAnswer('The upstream reported an error.'));
    }
  }

  function start(message: JsonObject): void {
    if (started) return;
    started = true;
    const { id, model } = message;
    emit({
      type: 'answer-start',
      id: typeof id === 'string' ? id : '',
      model: typeof model === 'string' ? model : '',
    });
    report(message['usage']);
  }

  function report(value: unknown): void {
    const usage = meter.read(value);
    if (usage !== undefined) emit({ type: 'usage-update', usage });
  }

  function startBlock(index: unknown, block: JsonObject): void {
    start({});
    stopBlock(index);
    const id = count++;
    switch (block['type']) {
      case 'text':
        open(index, { id, kind: 'text', block, pieces: '' });
        emit({ type: 'text-start', id });
        if (typeof block['text'] === 'string' && block['text'] !== '')
          emit({ type: 'text-delta', id, text: block['text'] });
        if (Array.isArray(block['citations']))
          for (const citation of block['citations'] as unknown[]) cite(id, citation);
        break;
      case 'thinking':
      case 'redacted_thinking':
        open(index, { id, kind: 'reasoning', block, pieces: '' });
        emit({ type: 'reasoning-start', id });
        if (typeof block['thinking'] === 'string' && block['thinking'] !== '') {
          emit({ type: 'reasoning-delta', id, text: block['thinking'] });
        }
        break;
      case 'tool_use': {
        const { id: callId, name } = block;
        open(index, { id, kind: 'tool-call', block, pieces: '' });
        calls++;
        emit({
          type: 'tool-call-start',
          id,
          callId: typeof callId === 'string' && callId !== '' ? callId : context.newId('toolu_'),
          name: typeof name === 'string' ? name : '',
        });
        break;
      }
      default:
        open(index, { id, kind: 'whole', block, pieces: '' });
    }
  }

  function open(index: unknown, block: Block): void {
    blocks.set(index, block);
  }

  function readDelta(index: unknown, delta: JsonObject): void {
    const block = blocks.get(index) ?? openFor(index, delta);
    if (block === undefined) return;
    const { id } = block;
    switch (delta['type']) {
      case 'text_delta':
        if (typeof delta['text'] === 'string' && delta['text'] !== '')
          emit({ type: 'text-delta', id, text: delta['text'] });
        break;
      case 'thinking_delta':
        if (typeof delta['thinking'] === 'string' && delta['thinking'] !== '') {
          emit({ type: 'reasoning-delta', id, text: delta['thinking'] });
        }
        break;
      case 'input_json_delta': {
        const piece = delta['partial_json'];
        if (typeof piece !== 'string' || piece === '') break;
        block.pieces += piece;
        if (block.kind === 'tool-call') emit({ type: 'tool-call-delta', id, text: piece });
        break;
      }
      case 'signature_delta':
        block.block = { ...block.block, signature: delta['signature'] };
        break;
      case 'citations_delta':
        cite(id, delta['citation']);
        break;
      case 'compaction_delta':
        if (typeof delta['content'] === 'string') block.pieces += delta['content'];
        break;
    }
  }

  /** Some servers forget the start of a block; its first delta says what it is. */
  function openFor(index: unknown, delta: JsonObject): Block | undefined {
    const type =
      delta['type'] === 'text_delta' ? 'text' : delta['type'] === 'thinking_delta' ? 'thinking' : undefined;
    if (type === undefined) return undefined;
    startBlock(index, { type });
    return blocks.get(index);
  }

  function cite(id: number, value: unknown): void {
    const citation = decodeCitation(value);
    if (citation !== undefined) emit({ type: 'citation-add', id, citation });
  }

  function stopBlock(index: unknown): void {
    const open = blocks.get(index);
    if (open === undefined) return;
    blocks.delete(index);
    const { id, block, pieces } = open;
    switch (open.kind) {
      case 'text':
        emit({ type: 'text-end', id });
        break;
      case 'reasoning': {
        const { proof } = decodeReasoning(block, wire, context.issuer);
        emit(proof === undefined ? { type: 'reasoning-end', id } : { type: 'reasoning-end', id, proof });
        break;
      }
      case 'tool-call':
        // No pieces: the input stood in the start, or there is none.
        if (pieces.trim() === '')
          emit({ type: 'tool-call-delta', id, text: JSON.stringify(block['input'] ?? {}) });
        emit({ type: 'tool-call-end', id });
        break;
      case 'whole':
        emit({ type: 'part-add', id, part: wholePart(block, pieces) });
    }
  }

  function complete(): void {
    if (closed) return;
    if (typeof stop?.['stop_reason'] !== 'string') {
      return fail(
        brokenAnswer(`The upstream ${started ? 'cut the stream' : 'answered with an empty stream'}.`),
      );
    }
    start({});
    for (const index of blocks.keys()) stopBlock(index);
    closed = true;
    emit({ type: 'answer-end', finish: decodeFinish(stop, calls) });
  }

  function fail(failure: UpstreamFailure): void {
    if (closed) return;
    closed = true;
    emit({ type: 'answer-fail', failure });
  }
}

/** A server tool's use gets its streamed input, a compaction its streamed text. */
function wholePart(start: JsonObject, pieces: string): OpaquePart {
  const streamed =
    pieces === ''
      ? {}
      : start['type'] === 'compaction'
        ? { content: pieces }
        : { input: parseJson(pieces) ?? pieces };
  const block = { ...start, ...streamed };
  return { kind: 'opaque', wire, block, text: describeBlock(block) };
}
