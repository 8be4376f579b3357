// A whole response ⇄ the hub: both ways through the stream that it stands for.
import type { AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { unfold } from '../../ir/fold.ts';
import { isObject } from '../../lib/json.ts';
import type { Codec, DecodeContext } from '../protocol.ts';
import { createResponseWriter } from './stream-encoder.ts';
import { createEventReader } from './stream-decoder.ts';

export function decodeAnswer(body: unknown, context: DecodeContext, emit: AnswerListener): void {
  const reader = createEventReader(context, emit);
  if (!isObject(body)) return reader.fail(brokenAnswer('The upstream answered with broken JSON.'));
  if (!Array.isArray(body['output'])) {
    return reader.fail(readInnerFailure(body) ?? brokenAnswer('The upstream answered without output.'));
  }
  reader.read({ type: 'response.completed', response: body });
}

export const encodeAnswer: Codec['encodeAnswer'] = (answer, context) => {
  const { logprobs, ...rest } = answer;
  const writer = createResponseWriter(context, () => {});
  let waiting = logprobs;
  for (const event of unfold(rest)) {
    writer.write(event);
    // They belong to the text, and come last in a fold.
    if (event.type !== 'text-delta' || waiting === undefined) continue;
    writer.write({ type: 'logprobs-add', tokens: waiting });
    waiting = undefined;
  }
  return writer.response();
};
