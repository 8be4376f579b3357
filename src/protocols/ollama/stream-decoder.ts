// An Ollama stream → events. Calls come whole, a piece of text or thinking per line, counts with the last one.
import { createBlocks } from '../../ir/blocks.ts';
import type { AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { createLineDecoder, type FrameReader } from '../../ir/frame-decoder.ts';
import type { UpstreamFailure } from '../../errors.ts';
import { defined, isObject, type JsonObject } from '../../lib/json.ts';
import type { AnswerDecoder, DecodeContext } from '../protocol.ts';
import { decodeFinish } from './finish.ts';
import { decodeLogprobs } from './logprobs.ts';
import { decodeImage, readArguments } from './parts.ts';
import { saysSomething } from './shape.ts';
import { decodeUsage } from './usage.ts';

export function createAnswerDecoder(context: DecodeContext, emit: AnswerListener): AnswerDecoder {
  return createLineDecoder(createLineInterpreter(context, emit));
}

/** Lines, already parsed → events. A unary answer is one line that is also the last. */
export function createLineInterpreter(context: DecodeContext, emit: AnswerListener): FrameReader {
  const blocks = createBlocks(emit);
  let started = false;
  let closed = false;
  let calls = 0;

  return {
    read,
    complete: () =>
      fail(brokenAnswer(`The upstream ${started ? 'cut the stream' : 'answered with an empty stream'}.`)),
    fail,
    get closed() {
      return closed;
    },
  };

  function read(line: JsonObject): void {
    if (closed) return;
    if (line['error']) return fail(readInnerFailure(line) ?? brokenAnswer('The upstream reported an error.'));
    // Another gateway keeps its stream alive with lines that do not even name the model.
    if (!started && !line['model'] && line['done'] !== true && !saysSomething(line)) return;
    start(line);
    // What generate says stands beside the other members.
    readMessage(isObject(line['message']) ? line['message'] : { ...line, content: line['response'] });
    const tokens = decodeLogprobs(line['logprobs']);
    if (tokens.length > 0) emit({ type: 'logprobs-add', tokens });
    if (line['done'] === true) end(line);
  }

  function start({ model, created_at: time }: JsonObject): void {
    if (started) return;
    started = true;
    const created = typeof time === 'string' ? Math.floor(Date.parse(time) / 1000) : Number.NaN;
    emit(
      defined({
        type: 'answer-start' as const,
        id: '',
        model: typeof model === 'string' ? model : '',
        // The zero time of Go means that there is none.
        created: created > 0 ? created : undefined,
      }),
    );
  }

  function readMessage({ content, thinking, images, tool_calls: made }: JsonObject): void {
    if (typeof thinking === 'string' && thinking !== '') blocks.append('reasoning', thinking);
    if (typeof content === 'string' && content !== '') blocks.append('text', content);
    if (Array.isArray(images)) images.forEach(readImage);
    if (Array.isArray(made)) made.forEach(readCall);
  }

  function readImage(value: unknown): void {
    if (typeof value !== 'string' || value === '') return;
    blocks.close();
    emit({ type: 'part-add', id: blocks.next(), part: decodeImage(value) });
  }

  function readCall(value: unknown): void {
    const fn = isObject(value) ? value['function'] : undefined;
    if (!isObject(value) || !isObject(fn) || typeof fn['name'] !== 'string') return;
    blocks.close();
    const id = blocks.next();
    const given = value['id'];
    const callId = typeof given === 'string' && given !== '' ? given : context.newId('call_');
    calls++;
    emit({ type: 'tool-call-start', id, callId, name: fn['name'] });
    emit({ type: 'tool-call-delta', id, text: readArguments(fn['arguments']) });
    emit({ type: 'tool-call-end', id });
  }

  function end(line: JsonObject): void {
    blocks.close();
    const usage = decodeUsage(line);
    if (usage !== undefined) emit({ type: 'usage-update', usage });
    closed = true;
    emit({ type: 'answer-end', finish: decodeFinish(line['done_reason'], calls) });
  }

  function fail(failure: UpstreamFailure): void {
    if (closed) return;
    closed = true;
    emit({ type: 'answer-fail', failure });
  }
}
