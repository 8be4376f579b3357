// Events → a Gemini stream, as SSE or as one JSON array. Text fills a template, no object is built; calls go whole, as
// Google sends them.
import type { AnswerEvent, TokenProbability } from '../../ir/events.ts';
import { createOrder, type BlockEvent } from '../../ir/in-order.ts';
import type { ToolCallPart } from '../../ir/parts.ts';
import { mergeUsage } from '../../ir/usage.ts';
import type { Usage } from '../../ir/usage.ts';
import { defined, isObject, parseJson } from '../../lib/json.ts';
import type { AnswerEncoder, EncodeContext } from '../protocol.ts';
import { encodeFinish } from './finish.ts';
import { encodeGrounding, type GroundedText } from './grounding.ts';
import { encodeLogprobs } from './logprobs.ts';
import { encodeCall, encodeWhole } from './response.ts';
import { sealSignature } from './signatures.ts';
import { encodeUsage } from './usage.ts';
import type { WirePart } from './wire.ts';

export function createAnswerEncoder(context: EncodeContext, array = false): AnswerEncoder {
  const hides = context.client.hidesReasoning === true;
  const order = createOrder(writeBlock);
  let out = '';
  let frames = 0;
  /** Everything of a chunk behind its candidate. */
  let tail = '';
  let usage: Usage | undefined;
  let logprobs: TokenProbability[] | undefined;
  let reasoned = '';
  let text = { text: '', citations: [] as GroundedText['citations'][number][] };
  const texts: GroundedText[] = [];
  let refused = false;
  let call: ToolCallPart | undefined;
  /** A call whose arguments are no JSON; only the end tells whether the limit cut it off. */
  const broken: ToolCallPart[] = [];
  /** The signature that the next part carries. */
  let pending: string | undefined;

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
      case 'answer-start': {
        const modelVersion = event.model === '' ? context.model : event.model;
        const responseId = event.id === '' ? undefined : event.id;
        tail = `,${JSON.stringify({ modelVersion, responseId }).slice(1)}`;
        break;
      }
      case 'usage-update':
        usage = mergeUsage(usage, event.usage);
        break;
      case 'logprobs-add':
        (logprobs ??= []).push(...event.tokens);
        break;
      case 'answer-end':
        order.drain();
        end(event.finish);
        break;
      case 'answer-fail':
        break;
      default:
        order.write(event);
    }
  }

  function writeBlock(event: BlockEvent): void {
    switch (event.type) {
      case 'text-delta':
        text.text += event.text;
        say(`"text":${JSON.stringify(event.text)}`);
        break;
      case 'reasoning-delta':
        reasoned += event.text;
        if (!hides) chunk(`{"text":${JSON.stringify(event.text)},"thought":true}`);
        break;
      case 'refusal-delta':
        refused = true;
        say(`"text":${JSON.stringify(event.text)}`);
        break;
      case 'reasoning-start':
        if (pending !== undefined) say('"text":"","thought":true');
        reasoned = '';
        break;
      case 'reasoning-end':
        pending = sealSignature(event.proof, reasoned);
        break;
      case 'text-start':
        text = { text: '', citations: [] };
        texts.push(text);
        break;
      case 'citation-add':
        text.citations.push(event.citation);
        break;
      case 'tool-call-start':
        call = defined({
          kind: 'tool-call' as const,
          id: event.callId,
          name: event.name,
          arguments: '',
          freeform: event.freeform,
        });
        break;
      case 'tool-call-delta':
        if (call !== undefined) call = { ...call, arguments: call.arguments + event.text };
        break;
      case 'tool-call-end':
        if (call !== undefined) endCall(call);
        call = undefined;
        break;
      case 'part-add':
        add(encodeWhole(event.part, context));
        break;
      default:
        break;
    }
  }

  function endCall(ended: ToolCallPart): void {
    const { arguments: args, freeform } = ended;
    if (freeform || args.trim() === '' || isObject(parseJson(args))) add(encodeCall(ended, false, context));
    else broken.push(ended);
  }

  function add(part: WirePart | undefined): void {
    if (part !== undefined) say(JSON.stringify(part).slice(1, -1));
  }

  /** A part by its members, with the signature that waits for one. */
  function say(members: string): void {
    chunk(`{${members}${takeSignature()}}`);
  }

  function takeSignature(): string {
    if (pending === undefined) return '';
    const member = `,"thoughtSignature":${JSON.stringify(pending)}`;
    pending = undefined;
    return member;
  }

  function end(finish: Extract<AnswerEvent, { type: 'answer-end' }>['finish']): void {
    for (const one of broken) add(encodeCall(one, finish.reason === 'length', context));
    const rest = defined({
      finishReason: encodeFinish(finish, refused),
      finishMessage: finish.explanation,
      groundingMetadata: encodeGrounding(texts),
      logprobsResult: logprobs && encodeLogprobs(logprobs),
    });
    chunk(`{"text":""${takeSignature()}}`, `,${JSON.stringify(rest).slice(1, -1)}`);
    if (array) out += ']';
  }

  function chunk(part: string, more = ''): void {
    const counts = usage === undefined ? '' : `,"usageMetadata":${JSON.stringify(encodeUsage(usage))}`;
    const json = `{"candidates":[{"content":{"parts":[${part}],"role":"model"}${more},"index":0}]${counts}${tail}`;
    out += array ? `${frames++ === 0 ? '[' : ',\r\n'}${json}` : `data: ${json}\n\n`;
  }
}
