// A whole Ollama answer ⇄ the hub: read as the one line of a stream, written from the folded events.
import type { Answer, AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { isBlank } from '../../ir/parts.ts';
import { defined, isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { DecodeContext, EncodeContext } from '../protocol.ts';
import { encodeFinish, encodeTimes } from './finish.ts';
import { encodeLogprobs } from './logprobs.ts';
import { encodeCall } from './parts.ts';
import type { Shape } from './shape.ts';
import { createLineInterpreter } from './stream-decoder.ts';
import { encodeUsage } from './usage.ts';
import type { WireCall } from './wire.ts';

/** Why a call is left out of an answer. */
export const cutCall = 'the call was cut off by the limit of the answer';

export function decodeAnswer(body: unknown, context: DecodeContext, emit: AnswerListener): void {
  const reader = createLineInterpreter(context, emit);
  if (!isObject(body)) return reader.fail(brokenAnswer('The upstream answered with broken JSON.'));
  const isAnswer = isObject(body['message']) || typeof body['response'] === 'string';
  const failure = body['error'] || !isAnswer ? readInnerFailure(body) : undefined;
  if (failure !== undefined) return reader.fail(failure);
  if (!isAnswer) return reader.fail(brokenAnswer('The upstream answered without a message.'));
  reader.read({ ...body, error: undefined, done: true });
}

export function encodeAnswer(shape: Shape, answer: Answer, context: EncodeContext): string {
  const { model, created, finish, usage, logprobs } = answer;
  const { content, ...others } = encodeParts(answer, context);
  const rest = {
    ...shape.whole(content, others),
    done: true,
    done_reason: encodeFinish(finish.reason),
    logprobs: logprobs === undefined ? undefined : encodeLogprobs(logprobs),
    ...encodeTimes({ began: context.began, ended: context.now() }),
    ...encodeUsage(usage),
  };
  return `{${encodeHead(model, created, context)},${JSON.stringify(rest).slice(1)}`;
}

/** The end of the year 9999, epoch seconds. */
const latest = 253_402_300_800;

/** The members that every line and answer begins with. */
export function encodeHead(model: string, created: number | undefined, context: EncodeContext): string {
  // A broken upstream may name a time that no calendar has.
  const known = created !== undefined && created >= 0 && created < latest ? created : context.created;
  const time = new Date(known * 1000).toISOString();
  return `"model":${JSON.stringify(model === '' ? context.model : model)},"created_at":"${time}"`;
}

function encodeParts(
  { parts, finish }: Answer,
  { loss, client }: EncodeContext,
): JsonObject & { readonly content: string } {
  let content = '';
  let thinking = '';
  const images: string[] = [];
  const calls: WireCall[] = [];
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
        if (part.citations !== undefined) loss.add('answer.citations', 'Ollama has no place for them');
        content += part.text;
        break;
      case 'refusal':
        content += part.text;
        break;
      case 'reasoning':
        if (part.proof !== undefined) loss.add('answer.reasoning.proof', 'Ollama has no place for it');
        if (client.hidesReasoning !== true) thinking += part.text;
        break;
      case 'tool-call':
        if (finish.reason === 'length' && !isWhole(part.arguments)) loss.add('answer.tool-call', cutCall);
        else calls.push(encodeCall(part, part.name, calls.length));
        break;
      case 'image':
        if (part.source.kind === 'data') images.push(part.source.data);
        else loss.add('answer.image', 'Ollama has no form for it');
        break;
      default:
        loss.add(`answer.${part.kind}`, 'Ollama has no form for it');
    }
  }
  return defined({
    content: content === '' ? (finish.explanation ?? '') : content,
    thinking: thinking === '' ? undefined : thinking,
    images: images.length === 0 ? undefined : images,
    tool_calls: calls.length === 0 ? undefined : calls,
  });
}

/** Whether arguments can be read as they are. */
export function isWhole(text: string): boolean {
  return isBlank(text) || isObject(parseJson(text));
}
