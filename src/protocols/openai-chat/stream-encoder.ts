// Events → a Chat stream. Deltas are the hottest frames of the gateway: they fill a template, no object is built.
import type { AnswerEvent } from '../../ir/events.ts';
import type { Citation } from '../../ir/parts.ts';
import { mergeUsage } from '../../ir/usage.ts';
import type { Usage } from '../../ir/usage.ts';
import type { AnswerEncoder, EncodeContext } from '../protocol.ts';
import { encodeCitation, encodeImage, encodeLogprobs } from './annotations.ts';
import { encodeAnswerId, encodeFinish } from './finish.ts';
import { encodeDetail } from './parts.ts';
import { encodeUsage } from './usage.ts';

export function createAnswerEncoder(context: EncodeContext): AnswerEncoder {
  const { client, loss } = context;
  let out = '';
  /** Everything of a chunk before and behind the members of its delta. */
  let head = '';
  let tail = '';
  let usage: Usage | undefined;
  let written = 0;
  let calls = 0;
  let details = 0;
  let refused = false;
  /** Block → index of its call. */
  const indexes = new Map<number, { readonly index: number; readonly freeform: boolean }>();
  /** Open text block → where it began and what it cites. */
  const texts = new Map<number, { readonly offset: number; citations: Citation[] }>();
  /** Open reasoning block → its text, repeated beside its proof. */
  const reasonings = new Map<number, string>();

  return {
    write,
    take() {
      const ready = out;
      out = '';
      return ready;
    },
  };

  function write(event: AnswerEvent): void {
    switch (event.type) {
      case 'text-delta':
        written += event.text.length;
        delta(`"content":${JSON.stringify(event.text)}`);
        break;
      case 'reasoning-delta':
        reasonings.set(event.id, (reasonings.get(event.id) ?? '') + event.text);
        delta(`"reasoning_content":${JSON.stringify(event.text)}`);
        break;
      case 'tool-call-delta':
        writeArguments(event.id, event.text);
        break;
      case 'answer-start':
        start(event.id, event.model, event.created);
        break;
      case 'text-start':
        texts.set(event.id, { offset: written, citations: [] });
        break;
      case 'citation-add':
        texts.get(event.id)?.citations.push(event.citation);
        break;
      case 'text-end':
        endText(event.id);
        break;
      case 'reasoning-end':
        if (event.proof !== undefined) {
          const detail = encodeDetail(reasonings.get(event.id) ?? '', event.proof, details++, false);
          delta(`"reasoning_details":${JSON.stringify([detail])}`);
        }
        reasonings.delete(event.id);
        break;
      case 'refusal-delta':
        refused = true;
        delta(`"refusal":${JSON.stringify(event.text)}`);
        break;
      case 'tool-call-start':
        startCall(event);
        break;
      case 'part-add': {
        const images = encodeImage(event.part);
        if (images.length > 0) delta(`"images":${JSON.stringify(images)}`);
        else loss.add(`answer.${event.part.kind}`, 'Chat has no form for it');
        break;
      }
      case 'logprobs-add':
        chunk('{}', JSON.stringify(encodeLogprobs(event.tokens)), 'null');
        break;
      case 'usage-update':
        usage = mergeUsage(usage, event.usage);
        break;
      case 'answer-end': {
        const { explanation, reason } = event.finish;
        if (explanation !== undefined && !refused) delta(`"refusal":${JSON.stringify(explanation)}`);
        chunk('{}', 'null', `"${encodeFinish(reason, client.legacyFunctions)}"`);
        if (client.includeUsage && usage !== undefined) {
          out += `${head}[],"usage":${JSON.stringify(encodeUsage(usage))}}\n\n`;
        }
        out += 'data: [DONE]\n\n';
        break;
      }
      default:
        break;
    }
  }

  function start(id: string, model: string, created: number | undefined): void {
    const common = {
      id: encodeAnswerId(id, context),
      object: 'chat.completion.chunk',
      created: created ?? context.created,
      model: model === '' ? context.model : model,
    };
    head = `data: ${JSON.stringify(common).slice(0, -1)},"choices":`;
    // Chunks before the last say that usage is still to come, but only to those who asked.
    tail = `${client.includeUsage ? ',"usage":null' : ''}}\n\n`;
    delta('"role":"assistant","content":""');
  }

  function delta(members: string): void {
    out += `${head}[{"index":0,"delta":{${members}},"logprobs":null,"finish_reason":null}]${tail}`;
  }

  function chunk(members: string, logprobs: string, finish: string): void {
    out += `${head}[{"index":0,"delta":${members},"logprobs":${logprobs},"finish_reason":${finish}}]${tail}`;
  }

  function startCall(event: Extract<AnswerEvent, { type: 'tool-call-start' }>): void {
    const index = calls++;
    const freeform = event.freeform === true;
    indexes.set(event.id, { index, freeform });
    const name = JSON.stringify(event.name);
    if (client.legacyFunctions) {
      if (index > 0) loss.add('answer.tool-call', 'the old dialect knows one call');
      else delta(`"function_call":{"name":${name},"arguments":""}`);
      return;
    }
    const body = freeform
      ? `"type":"custom","custom":{"name":${name},"input":""}`
      : `"type":"function","function":{"name":${name},"arguments":""}`;
    delta(`"tool_calls":[{"index":${index},"id":${JSON.stringify(event.callId)},${body}}]`);
  }

  function writeArguments(block: number, text: string): void {
    const call = indexes.get(block);
    if (call === undefined) return;
    const piece = JSON.stringify(text);
    if (!client.legacyFunctions) {
      const body = call.freeform ? `"custom":{"input":${piece}}` : `"function":{"arguments":${piece}}`;
      delta(`"tool_calls":[{"index":${call.index},${body}}]`);
    } else if (call.index === 0) delta(`"function_call":{"arguments":${piece}}`);
  }

  function endText(id: number): void {
    const text = texts.get(id);
    texts.delete(id);
    if (text === undefined || text.citations.length === 0) return;
    const annotations = text.citations
      .map((citation) => encodeCitation(citation, text.offset, written - text.offset))
      .filter((annotation) => annotation !== undefined);
    if (annotations.length < text.citations.length)
      loss.add('answer.citations', 'Chat can only cite web pages');
    if (annotations.length > 0) delta(`"annotations":${JSON.stringify(annotations)}`);
  }
}
