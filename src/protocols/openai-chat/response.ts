// A whole Chat answer ⇄ the hub: read as the one chunk of a stream, written from the folded events.
import type { Answer, AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Codec, DecodeContext, EncodeContext } from '../protocol.ts';
import { encodeCitation, encodeImage, encodeLogprobs } from './annotations.ts';
import { encodeAnswerId, encodeFinish } from './finish.ts';
import { encodeCall, encodeDetail } from './parts.ts';
import { createChunkReader } from './stream-decoder.ts';
import { encodeUsage } from './usage.ts';

export function decodeAnswer(body: unknown, context: DecodeContext, emit: AnswerListener): void {
  const reader = createChunkReader(context, emit);
  const value = Array.isArray(body) ? (body[0] as unknown) : body;
  if (!isObject(value)) return reader.fail(brokenAnswer('The upstream answered with broken JSON.'));
  const failure = value['error'] || value['choices'] === undefined ? readInnerFailure(value) : undefined;
  if (failure !== undefined) return reader.fail(failure);
  if (!Array.isArray(value['choices']) || value['choices'].length === 0) {
    return reader.fail(brokenAnswer('The upstream answered without choices.'));
  }
  reader.read(value);
  reader.complete(true);
}

export const encodeAnswer: Codec['encodeAnswer'] = (answer, context) =>
  JSON.stringify({
    id: encodeAnswerId(answer.id, context),
    object: 'chat.completion',
    created: answer.created ?? context.created,
    model: answer.model === '' ? context.model : answer.model,
    choices: [
      {
        index: 0,
        message: encodeMessage(answer, context),
        logprobs: answer.logprobs === undefined ? null : encodeLogprobs(answer.logprobs),
        finish_reason: encodeFinish(answer.finish.reason, context.client.legacyFunctions),
      },
    ],
    usage: answer.usage === undefined ? undefined : encodeUsage(answer.usage),
  });

function encodeMessage({ parts, finish }: Answer, context: EncodeContext): JsonObject {
  let content = '';
  let refusal = '';
  let reasoning = '';
  const details: unknown[] = [];
  const calls: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  const images: JsonObject[] = [];
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
        for (const citation of part.citations ?? []) {
          const annotation = encodeCitation(citation, content.length, part.text.length);
          if (annotation !== undefined) annotations.push(annotation);
          else context.loss.add('answer.citations', 'Chat can only cite web pages');
        }
        content += part.text;
        break;
      case 'refusal':
        refusal += part.text;
        break;
      case 'reasoning':
        reasoning += part.text;
        if (part.proof !== undefined)
          details.push(encodeDetail(part.text, part.proof, details.length, false));
        break;
      case 'tool-call':
        calls.push(encodeCall(part, part.name));
        break;
      case 'image':
        images.push(...encodeImage(part));
        break;
      default:
        context.loss.add(`answer.${part.kind}`, 'Chat has no form for it');
    }
  }
  if (refusal === '') refusal = finish.explanation ?? '';
  const [first] = calls;
  const legacy = context.client.legacyFunctions && first !== undefined;
  if (legacy && calls.length > 1) context.loss.add('answer.tool-call', 'the old dialect knows one call');
  return defined({
    role: 'assistant',
    content: content === '' && (calls.length > 0 || refusal !== '') ? null : content,
    refusal: refusal === '' ? null : refusal,
    reasoning_content: reasoning === '' ? undefined : reasoning,
    reasoning_details: details.length === 0 ? undefined : details,
    annotations: annotations.length === 0 ? undefined : annotations,
    images: images.length === 0 ? undefined : images,
    function_call: legacy ? first['function'] : undefined,
    tool_calls: calls.length === 0 || legacy ? undefined : calls,
  });
}
