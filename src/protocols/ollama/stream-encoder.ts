// Events → an Ollama stream, as chat or as generate. Calls are held until they are whole, because this wire has no pieces
// of them. Deltas fill a template, no object is built.
import { createInputWrapper } from '../../ir/freeform.ts';
import type { AnswerEvent, Finish } from '../../ir/events.ts';
import { mergeUsage } from '../../ir/usage.ts';
import type { Usage } from '../../ir/usage.ts';
import type { AnswerEncoder, EncodeContext } from '../protocol.ts';
import { encodeFinish, encodeTimes } from './finish.ts';
import { encodeLogprobs } from './logprobs.ts';
import { encodeCall } from './parts.ts';
import { cutCall, encodeHead, isWhole } from './response.ts';
import type { Shape } from './shape.ts';
import { encodeUsage } from './usage.ts';

/** A call whose arguments are still coming. */
interface OpenCall {
  readonly callId: string;
  readonly name: string;
  /** The arguments so far. */
  text: string;
}

export function createAnswerEncoder(shape: Shape, context: EncodeContext): AnswerEncoder {
  const { loss } = context;
  let out = '';
  /** The members that every line begins with. */
  let head = '';
  let usage: Usage | undefined;
  let calls = 0;
  let said = false;
  let first: number | undefined;
  const open = new Map<number, OpenCall>();

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
        start(event.model, event.created);
        break;
      case 'text-delta':
      case 'refusal-delta':
        said = true;
        line(shape.content(JSON.stringify(event.text)));
        break;
      case 'reasoning-delta':
        if (context.client.hidesReasoning !== true)
          line(shape.beside(`"thinking":${JSON.stringify(event.text)}`));
        break;
      case 'reasoning-end':
        if (event.proof !== undefined) loss.add('answer.reasoning.proof', 'Ollama has no place for it');
        break;
      case 'citation-add':
        loss.add('answer.citations', 'Ollama has no place for them');
        break;
      case 'tool-call-start':
        open.set(event.id, { callId: event.callId, name: event.name, text: '' });
        break;
      case 'tool-call-delta': {
        const call = open.get(event.id);
        if (call !== undefined) call.text += event.text;
        break;
      }
      case 'tool-call-end':
        endCall(event.id);
        break;
      case 'part-add':
        if (event.part.kind === 'image' && event.part.source.kind === 'data')
          line(shape.beside(`"images":${JSON.stringify([event.part.source.data])}`));
        else loss.add(`answer.${event.part.kind}`, 'Ollama has no form for it');
        break;
      case 'logprobs-add':
        line(`${shape.content('""')},"logprobs":${JSON.stringify(encodeLogprobs(event.tokens))}`);
        break;
      case 'usage-update':
        usage = mergeUsage(usage, event.usage);
        break;
      case 'answer-end':
        end(event.finish);
        break;
      default:
        break;
    }
  }

  function start(model: string, created: number | undefined): void {
    head = `{${encodeHead(model, created, context)},`;
  }

  function line(members: string): void {
    first ??= context.now();
    out += `${head}${members},"done":false}\n`;
  }

  function endCall(id: number): void {
    const call = open.get(id);
    // What is no JSON waits for the end: the limit of the answer may have cut it off.
    if (call === undefined || !isWhole(call.text)) return;
    open.delete(id);
    writeCall(call);
  }

  function writeCall({ callId: id, name, text }: OpenCall): void {
    const call = encodeCall({ kind: 'tool-call', id, name, arguments: text }, name, calls++);
    line(shape.beside(`"tool_calls":${JSON.stringify([call])}`));
  }

  function end({ reason, explanation }: Finish): void {
    for (const call of open.values()) {
      if (reason === 'length') loss.add('answer.tool-call', cutCall);
      else writeCall(call);
    }
    if (explanation !== undefined && !said) line(shape.content(JSON.stringify(explanation)));
    const last = {
      done: true,
      done_reason: encodeFinish(reason),
      ...encodeTimes({ began: context.began, first, ended: context.now() }),
      ...encodeUsage(usage),
    };
    out += `${head}${shape.content('""')},${JSON.stringify(last).slice(1)}\n`;
  }
}
