// A whole Gemini answer ⇄ the hub: read as the one chunk of a stream, written from the folded events.
import type { Answer, AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import type { Part, ToolCallPart } from '../../ir/parts.ts';
import { defined, isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Codec, DecodeContext, EncodeContext } from '../protocol.ts';
import { encodeFinish } from './finish.ts';
import { encodeGrounding } from './grounding.ts';
import { encodeLogprobs } from './logprobs.ts';
import { encodeArguments, encodeTurn } from './parts.ts';
import { sealSignature } from './signatures.ts';
import { createChunkReader } from './stream-decoder.ts';
import { encodeUsage } from './usage.ts';
import { toCamel, wire } from './wire.ts';
import type { WirePart } from './wire.ts';

export function decodeAnswer(body: unknown, context: DecodeContext, emit: AnswerListener): void {
  const reader = createChunkReader(context, emit);
  const value = Array.isArray(body) ? (body[0] as unknown) : body;
  if (!isObject(value)) return reader.fail(brokenAnswer('The upstream answered with broken JSON.'));
  const { candidates, promptFeedback, error } = toCamel(value);
  const empty = !Array.isArray(candidates) && !isObject(promptFeedback);
  const failure = error || empty ? readInnerFailure(value) : undefined;
  if (failure !== undefined) return reader.fail(failure);
  if (empty || (Array.isArray(candidates) && candidates.length === 0 && !isObject(promptFeedback)))
    return reader.fail(brokenAnswer('The upstream answered without candidates.'));
  const list = Array.isArray(candidates) ? (candidates as unknown[]) : [];
  // A server that forgets to say why it stopped has at least sent a whole answer.
  const whole = list.map((one) => (isObject(one) ? { finishReason: 'STOP', ...one } : one));
  reader.read(list.length === 0 ? value : { ...value, candidates: whole });
  reader.complete();
}

export const encodeAnswer: Codec['encodeAnswer'] = (answer, context) => {
  const parts = encodeParts(answer, context);
  const texts = answer.parts.filter((part) => part.kind === 'text');
  const refused = answer.parts.some(({ kind }) => kind === 'refusal');
  return JSON.stringify({
    candidates: [
      defined({
        content: { parts: parts.length === 0 ? [{ text: '' }] : parts, role: 'model' },
        finishReason: encodeFinish(answer.finish, refused),
        finishMessage: answer.finish.explanation,
        index: 0,
        groundingMetadata: encodeGrounding(texts.map(({ text, citations = [] }) => ({ text, citations }))),
        logprobsResult: answer.logprobs && encodeLogprobs(answer.logprobs),
      }),
    ],
    usageMetadata: answer.usage && encodeUsage(answer.usage),
    modelVersion: answer.model === '' ? context.model : answer.model,
    responseId: answer.id === '' ? undefined : answer.id,
  });
};

function encodeParts({ parts, finish }: Answer, context: EncodeContext): readonly WirePart[] {
  return encodeTurn(parts, 'answer.parts', {
    sign: (part) => sealSignature(part.proof, part.text),
    shows: () => context.client.hidesReasoning !== true,
    write: (part) =>
      part.kind === 'tool-call'
        ? encodeCall(part, finish.reason === 'length', context)
        : encodeWhole(part, context),
  });
}

/** Undefined for a call that the limit cut off: it has no arguments that anyone could run. */
export function encodeCall(part: ToolCallPart, cut: boolean, { loss }: EncodeContext): WirePart | undefined {
  const isWhole = part.freeform || part.arguments.trim() === '' || isObject(parseJson(part.arguments));
  if (cut && !isWhole) {
    loss.add('answer.tool-call', 'the call was cut off by the limit of the answer');
    return undefined;
  }
  return { functionCall: { id: part.id, name: part.name, args: encodeArguments(part) } };
}

/** A part that arrives whole. */
export function encodeWhole(part: Part, { loss }: EncodeContext): WirePart | undefined {
  switch (part.kind) {
    case 'image':
    case 'audio':
    case 'file':
      if (part.source.kind === 'data') {
        const { mediaType: mimeType, data } = part.source;
        return { inlineData: { mimeType, data } };
      }
      if (part.source.kind === 'url') return { text: `![${part.kind}](${part.source.url})` };
      break;
    case 'opaque':
      if (part.wire === wire && isObject(part.block)) return part.block as JsonObject;
      break;
    default:
      break;
  }
  loss.add(`answer.${part.kind}`, 'Gemini has no form for it');
  return undefined;
}
