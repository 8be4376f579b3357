// Events → a Messages stream. At most one block is open; what belongs to another block waits until its turn, so that
// indices are contiguous and nothing lands in a foreign block. Deltas fill a template, no object is built.
import type { AnswerEvent } from '../../ir/events.ts';
import { createInputWrapper } from '../../ir/freeform.ts';
import { isBlank } from '../../ir/parts.ts';
import { fitCallId } from '../../ir/tool-names.ts';
import { mergeUsage } from '../../ir/usage.ts';
import type { Usage } from '../../ir/usage.ts';
import { isObject } from '../../lib/json.ts';
import type { AnswerEncoder, EncodeContext } from '../protocol.ts';
import { encodeCitation } from './citations.ts';
import { encodeAnswerId, encodeFinish } from './finish.ts';
import { encodeSignature } from './response.ts';
import { encodeUsage } from './usage.ts';
import { wire } from './wire.ts';

/** Events of one block. */
type BlockEvent = Extract<AnswerEvent, { id: number }>;

export function createAnswerEncoder(context: EncodeContext): AnswerEncoder {
  let out = '';
  let index = -1;
  /** The block that events are written to now; another one's wait in `waiting`. */
  let current: number | undefined;
  /** Whether its content_block_start was sent: empty text blocks are never begun. */
  let begun = false;
  /** Blank text that only matters when more text follows, in this block or the next. */
  let blank = '';
  /** Citations that came before the text that they support. */
  let early: string[] = [];
  const waiting = new Map<number, BlockEvent[]>();
  let usage: Usage | undefined;
  let characters = 0;
  let refused = false;

  return {
    write: createInputWrapper(write),
    take() {
      const ready = out;
      out = '';
      return ready;
    },
  };

  function write(event: AnswerEvent): void {
    switch (event.type) {
      case 'answer-start':
        start(event.id, event.model);
        break;
      case 'usage-update':
        usage = mergeUsage(usage, event.usage);
        break;
      case 'logprobs-add':
        context.loss.add('answer.logprobs', 'Messages has no log probabilities');
        break;
      case 'answer-end':
        while (current !== undefined) end();
        out += frame(
          'message_delta',
          `"delta":${JSON.stringify(encodeFinish(event.finish, refused))},"usage":${JSON.stringify(totals())}`,
        );
        out += 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
        break;
      case 'answer-fail':
        break;
      default:
        if (current === undefined || current === event.id) writeBlock(event);
        else wait(event);
    }
  }

  function start(id: string, model: string): void {
    const message = {
      id: encodeAnswerId(id, context),
      type: 'message',
      role: 'assistant',
      model: model === '' ? context.model : model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      // The true counts come with the end; clients insist on an object here.
      usage: encodeUsage(usage ?? { input: context.inputTokens, output: 0 }),
    };
    out += frame('message_start', `"message":${JSON.stringify(message)}`);
  }

  function wait(event: BlockEvent): void {
    const events = waiting.get(event.id);
    if (events === undefined) waiting.set(event.id, [event]);
    else events.push(event);
  }

  function writeBlock(event: BlockEvent): void {
    current = event.id;
    switch (event.type) {
      case 'text-delta':
        characters += event.text.length;
        writeText(event.text);
        break;
      case 'reasoning-delta':
        characters += event.text.length;
        if (!begun) begin('{"type":"thinking","thinking":"","signature":""}');
        out += delta(`{"type":"thinking_delta","thinking":${JSON.stringify(event.text)}}`);
        break;
      case 'refusal-delta':
        refused = true;
        writeText(event.text);
        break;
      case 'tool-call-delta':
        characters += event.text.length;
        out += delta(`{"type":"input_json_delta","partial_json":${JSON.stringify(event.text)}}`);
        break;
      case 'tool-call-start':
        begin(
          `{"type":"tool_use","id":${JSON.stringify(fitCallId(event.callId))},"name":${JSON.stringify(event.name)},"input":{}}`,
        );
        break;
      case 'citation-add': {
        const citation = encodeCitation(event.citation);
        if (citation !== undefined) cite(`{"type":"citations_delta","citation":${JSON.stringify(citation)}}`);
        break;
      }
      case 'reasoning-end':
        endReasoning(event);
        end();
        break;
      case 'part-add':
        addPart(event.part);
        end();
        break;
      case 'text-end':
      case 'refusal-end':
      case 'tool-call-end':
        end();
        break;
      default:
        break;
    }
  }

  function cite(body: string): void {
    if (begun) out += delta(body);
    else early.push(body);
  }

  /** A text block begins with its first visible character: clients send blocks back, and blank ones are refused. */
  function writeText(text: string): void {
    if (!begun) {
      blank += text;
      if (isBlank(blank)) return;
      const whole = blank;
      begin('{"type":"text","text":""}');
      for (const body of early) out += delta(body);
      early = [];
      out += delta(`{"type":"text_delta","text":${JSON.stringify(whole)}}`);
    } else out += delta(`{"type":"text_delta","text":${JSON.stringify(text)}}`);
  }

  function endReasoning({ proof }: Extract<AnswerEvent, { type: 'reasoning-end' }>): void {
    if (!begun) {
      if (proof === undefined) return;
      if (proof.wire === wire && proof.form === 'redacted') {
        begin(JSON.stringify({ type: 'redacted_thinking', data: proof.data }));
        return;
      }
      begin('{"type":"thinking","thinking":"","signature":""}');
    }
    out += delta(`{"type":"signature_delta","signature":${JSON.stringify(encodeSignature(proof))}}`);
  }

  function addPart(part: Extract<AnswerEvent, { type: 'part-add' }>['part']): void {
    if (part.kind === 'opaque' && part.wire === wire && isObject(part.block))
      begin(JSON.stringify(part.block));
    else if (part.kind === 'opaque') writeText(part.text);
    else if (part.kind === 'image' && part.source.kind === 'url') writeText(`![image](${part.source.url})`);
    else context.loss.add(`answer.${part.kind}`, 'Messages has no form for it');
  }

  function begin(block: string): void {
    index++;
    begun = true;
    blank = '';
    out += frame('content_block_start', `"index":${index},"content_block":${block}`);
  }

  function end(): void {
    if (begun) out += frame('content_block_stop', `"index":${index}`);
    begun = false;
    early = [];
    current = undefined;
    flush();
  }

  /** Writes what waited, in the order in which the blocks began, until one of them stays open. */
  function flush(): void {
    for (const [id, events] of waiting) {
      if (current !== undefined) return;
      waiting.delete(id);
      for (const event of events) writeBlock(event);
    }
  }

  function delta(body: string): string {
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":${body}}\n\n`;
  }

  function totals(): object {
    return encodeUsage(usage ?? { input: context.inputTokens, output: Math.ceil(characters / 4) });
  }
}

function frame(type: string, members: string): string {
  return `event: ${type}\ndata: {"type":"${type}",${members}}\n\n`;
}
