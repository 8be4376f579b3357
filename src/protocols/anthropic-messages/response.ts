// A whole Messages answer ⇄ the hub: read as the stream that it stands for, written from the folded events.
import type { AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { isBlank } from '../../ir/parts.ts';
import type { Part } from '../../ir/parts.ts';
import { sealProof } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import { fitCallId } from '../../ir/tool-names.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Codec, DecodeContext, EncodeContext } from '../protocol.ts';
import { encodeCitation } from './citations.ts';
import { encodeAnswerId, encodeFinish } from './finish.ts';
import { encodeInput } from './parts.ts';
import { createEventReader } from './stream-decoder.ts';
import { encodeUsage } from './usage.ts';
import { wire } from './wire.ts';

export function decodeAnswer(body: unknown, context: DecodeContext, emit: AnswerListener): void {
  const reader = createEventReader(context, emit);
  if (!isObject(body)) return reader.fail(brokenAnswer('The upstream answered with broken JSON.'));
  const failure = body['error'] || body['content'] === undefined ? readInnerFailure(body) : undefined;
  if (failure !== undefined) return reader.fail(failure);
  if (!Array.isArray(body['content']))
    return reader.fail(brokenAnswer('The upstream answered without content.'));
  reader.read({ type: 'message_start', message: body });
  (body['content'] as unknown[]).forEach((block, index) => {
    reader.read({ type: 'content_block_start', index, content_block: block });
    reader.read({ type: 'content_block_stop', index });
  });
  // A server that forgets to say why it stopped has at least sent a whole answer.
  reader.read({ type: 'message_delta', delta: { ...body, stop_reason: body['stop_reason'] ?? 'end_turn' } });
  reader.read({ type: 'message_stop' });
}

export const encodeAnswer: Codec['encodeAnswer'] = (answer, context) => {
  const refused = answer.parts.some(({ kind }) => kind === 'refusal');
  const content = joinBlanks(answer.parts).flatMap((part) =>
    encodePart(part, answer.finish.reason === 'length', context),
  );
  const characters = answer.parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 0), 0);
  return JSON.stringify({
    id: encodeAnswerId(answer.id, context),
    type: 'message',
    role: 'assistant',
    model: answer.model === '' ? context.model : answer.model,
    content,
    stop_details: null,
    ...encodeFinish(answer.finish, refused),
    usage: encodeUsage(answer.usage ?? { input: context.inputTokens, output: Math.ceil(characters / 4) }),
  });
};

/** Blank text belongs to the text that follows it: alone it would be refused when the client sends it back. */
function joinBlanks(parts: readonly Part[]): readonly Part[] {
  let blank = '';
  return parts.flatMap((part): readonly Part[] => {
    const held = blank;
    blank = '';
    if (part.kind !== 'text') return [part];
    if (!isBlank(part.text)) return [held === '' ? part : { ...part, text: held + part.text }];
    blank = held + part.text;
    return [];
  });
}

function encodePart(part: Part, cut: boolean, { loss }: EncodeContext): readonly JsonObject[] {
  switch (part.kind) {
    case 'text': {
      if (isBlank(part.text)) return [];
      const citations = part.citations?.map(encodeCitation).filter((citation) => citation !== undefined);
      return [
        defined({ type: 'text', text: part.text, citations: citations?.length ? citations : undefined }),
      ];
    }
    case 'refusal':
      return isBlank(part.text) ? [] : [{ type: 'text', text: part.text }];
    case 'reasoning':
      return encodeReasoningBlock(part.text, part.proof);
    case 'tool-call': {
      const input = encodeInput(part);
      // A call that the limit cut off has no arguments that anyone could run.
      if (cut && isObject(input) && input['arguments'] === part.arguments) {
        loss.add('answer.tool-call', 'the call was cut off by the limit of the answer');
        return [];
      }
      return [{ type: 'tool_use', id: fitCallId(part.id), name: part.name, input }];
    }
    case 'opaque':
      if (part.wire === wire && isObject(part.block)) return [part.block];
      return isBlank(part.text) ? [] : [{ type: 'text', text: part.text }];
    case 'image':
      if (part.source.kind === 'url') return [{ type: 'text', text: `![image](${part.source.url})` }];
      loss.add('answer.image', 'Messages has no generated images');
      return [];
    default:
      loss.add(`answer.${part.kind}`, 'Messages has no form for it');
      return [];
  }
}

/** Foreign or missing proofs are sealed: the slot must not be empty and must not look like Anthropic's. */
export function encodeReasoningBlock(text: string, proof: Proof | undefined): readonly JsonObject[] {
  if (proof?.wire === wire && proof.form === 'redacted')
    return [{ type: 'redacted_thinking', data: proof.data }];
  if (text === '' && proof === undefined) return [];
  return [{ type: 'thinking', thinking: text, signature: encodeSignature(proof) }];
}

export function encodeSignature(proof: Proof | undefined): string {
  return proof?.wire === wire && proof.form === 'signature' ? proof.data : sealProof(proof);
}
