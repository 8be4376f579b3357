// The conversation of a Chat request ⇄ the messages of the hub.
import { extend } from '../../ir/extensions.ts';
import { joinToolMessages } from '../../ir/message.ts';
import type { Message } from '../../ir/message.ts';
import { reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { joinText } from '../../ir/parts.ts';
import type { Part, ToolCallPart, ToolResultPart } from '../../ir/parts.ts';
import { belongsTo } from '../../ir/proof.ts';
import { demandObject, demandString, readArray, readString, wrong } from '../../ir/read.ts';
import { defined, isObject, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ToolNames } from '../../ir/tool-names.ts';
import type { Target } from '../protocol.ts';
import {
  decodeCall,
  decodeContent,
  decodeReasoning,
  encodeCall,
  encodeDetail,
  encodePart,
  readArguments,
} from './parts.ts';
import { messageFields, wire } from './wire.ts';
import type { WireMessage } from './wire.ts';

export function decodeMessages(values: readonly unknown[]): readonly Message[] {
  const calls: LegacyCalls = new Map();
  return joinToolMessages(values.map((value, index) => decodeMessage(value, `messages[${index}]`, calls)));
}

/** Name → ids of old-style calls that wait for their result; the old dialect has no ids of its own. */
type LegacyCalls = Map<string, string[]>;

function decodeMessage(value: unknown, at: string, calls: LegacyCalls): Message {
  const message = demandObject(value, at);
  const rest = {
    name: readString(message, 'name', at),
    extensions: extend(wire, omitKnown(message, messageFields)),
  };
  switch (message['role']) {
    case 'system':
    case 'developer':
    case 'user':
      return defined({
        role: message['role'],
        parts: decodeContent(message['content'], `${at}.content`),
        ...rest,
      });
    case 'assistant':
      return defined({ role: 'assistant' as const, parts: decodeAssistant(message, at, calls), ...rest });
    case 'tool': {
      const parts = decodeContent(message['content'], `${at}.content`);
      const result: ToolResultPart = {
        kind: 'tool-result',
        id: demandString(message, 'tool_call_id', at),
        parts,
      };
      return defined({ role: 'tool' as const, parts: [result], extensions: rest.extensions });
    }
    case 'function': {
      const name = demandString(message, 'name', at);
      const id = calls.get(name)?.shift() ?? `call_${name}`;
      const parts = decodeContent(message['content'], `${at}.content`);
      return { role: 'tool', parts: [{ kind: 'tool-result', id, parts }] };
    }
    default:
      return wrong(`${at}.role`, 'one of developer, system, user, assistant, tool, function');
  }
}

function decodeAssistant(message: JsonObject, at: string, calls: LegacyCalls): readonly Part[] {
  const parts: Part[] = [...decodeReasoning(message), ...decodeContent(message['content'], `${at}.content`)];
  const refusal = readString(message, 'refusal', at);
  if (refusal !== undefined && refusal !== '') parts.push({ kind: 'refusal', text: refusal });
  readArray(message, 'tool_calls', at)?.forEach((call, index) =>
    parts.push(decodeCall(call, `${at}.tool_calls[${index}]`)),
  );
  const legacy = message['function_call'];
  if (isObject(legacy)) {
    const name = demandString(legacy, 'name', `${at}.function_call`);
    const id = `call_${name}_${at.replace(/\D/g, '')}`;
    calls.set(name, [...(calls.get(name) ?? []), id]);
    parts.push({ kind: 'tool-call', id, name, arguments: readArguments(legacy['arguments']) });
  }
  return parts;
}

export interface EncodeOptions {
  readonly target: Target;
  readonly names: ToolNames;
  readonly loss: LossReport;
}

export function encodeMessages(messages: readonly Message[], options: EncodeOptions): readonly WireMessage[] {
  const reasons = mustSendReasoning(messages, options.target);
  return messages.flatMap((message, index) => {
    const at = `messages[${index}]`;
    reportForeign(message.extensions, wire, at, options.loss);
    const own = message.extensions?.[wire];
    const written = encodeMessage(message, at, reasons, options);
    return own === undefined ? written : written.map((one) => ({ ...own, ...one }));
  });
}

function encodeMessage(
  message: Message,
  at: string,
  reasons: boolean,
  options: EncodeOptions,
): readonly WireMessage[] {
  const { role, name } = message;
  switch (role) {
    case 'system':
    case 'developer': {
      const spelled = role === 'developer' ? 'developer' : options.target.rules.systemRole;
      const known = options.target.rules.systemRole === 'developer' ? spelled : 'system';
      return [defined({ role: known, name, content: encodeContent(message.parts, at, options, '\n\n') })];
    }
    case 'user':
      return [defined({ role, name, content: encodeContent(message.parts, at, options, '\n\n') })];
    case 'assistant': {
      const turn = encodeAssistant(message.parts, at, reasons, options);
      // A turn of which nothing could be sent (another provider's reasoning alone) would be refused as empty.
      const isEmpty = turn.content === '' && Object.keys(turn).length === 1 && message.parts.length > 0;
      return isEmpty ? [] : [defined({ role, name, ...turn })];
    }
    case 'tool':
      return encodeResults(message.parts, at, options);
  }
}

/** One string where the parts are text only and the model takes no lists, else the list. */
function encodeContent(
  parts: readonly Part[],
  at: string,
  { target, loss }: EncodeOptions,
  separator: string,
): string | readonly JsonObject[] {
  const marks = target.rules.cacheMarks;
  const marked = marks && parts.some(({ cache }) => cache !== undefined);
  const isText = parts.every(({ kind }) => kind === 'text');
  if (isText && !marked && (parts.length < 2 || !target.rules.contentLists))
    return joinText(parts, separator);
  return parts
    .map((part, index) => encodePart(part, `${at}.parts[${index}]`, loss, marks))
    .filter((part) => part !== undefined);
}

/** The assistant's side of a turn; also the message of a unary answer. */
export function encodeAssistant(
  parts: readonly Part[],
  at: string,
  sendReasoning: boolean,
  { target, names, loss }: EncodeOptions,
): Omit<WireMessage, 'role' | 'name'> {
  const text: string[] = [];
  const refusals: string[] = [];
  const reasoning: string[] = [];
  const details: unknown[] = [];
  const calls: ToolCallPart[] = [];
  parts.forEach((part, index) => {
    const path = `${at}.parts[${index}]`;
    switch (part.kind) {
      case 'text':
        text.push(part.text);
        break;
      case 'refusal':
        refusals.push(part.text);
        break;
      case 'tool-call':
        calls.push(part);
        break;
      case 'reasoning':
        if (part.proof !== undefined && belongsTo(part.proof, wire, target.issuer)) {
          details.push(encodeDetail(part.text, part.proof, details.length, true));
        } else if (sendReasoning) reasoning.push(part.text);
        else loss.add(path, 'this upstream does not take earlier reasoning back');
        break;
      case 'opaque':
        if (part.text !== '') text.push(`\n\n${part.text}\n\n`);
        loss.add(path, `only ${part.wire} understands it${part.text === '' ? '' : '; its text is sent'}`);
        break;
      default:
        loss.add(path, `an assistant's ${part.kind} cannot be sent`);
    }
  });
  // What stands for a foreign block is a paragraph of its own.
  const content = parts.some(({ kind }) => kind === 'opaque')
    ? text
        .join('')
        .replace(/\n{3,}/g, '\n\n')
        .trim()
    : text.join('');
  const sends = sendReasoning && (reasoning.length > 0 || calls.length > 0);
  return defined({
    content: content === '' && (calls.length > 0 || refusals.length > 0) ? null : content,
    refusal: refusals.length === 0 ? undefined : refusals.join(''),
    // All turns with calls carry reasoning or none may: a single space stands for text that nobody has.
    reasoning_content: sends ? reasoning.join('') || ' ' : undefined,
    reasoning_details: details.length === 0 ? undefined : details,
    tool_calls:
      calls.length === 0 ? undefined : calls.map((call) => encodeCall(call, names.encode(call.name))),
  });
}

/** Tool messages hold text only: pictures follow the whole group, in a user message. */
function encodeResults(parts: readonly Part[], at: string, options: EncodeOptions): readonly WireMessage[] {
  const messages: WireMessage[] = [];
  const attachments: JsonObject[] = [];
  parts.forEach((part, index) => {
    if (part.kind !== 'tool-result') return;
    const path = `${at}.parts[${index}]`;
    const text = part.parts.filter(({ kind }) => kind === 'text' || kind === 'opaque');
    const media = part.parts.filter(({ kind }) => kind !== 'text' && kind !== 'opaque');
    if (media.length > 0) {
      attachments.push({ type: 'text', text: `Attachments of the tool result ${part.id}:` });
      media.forEach((item, i) => {
        const encoded = encodePart(item, `${path}.parts[${i}]`, options.loss, false);
        if (encoded !== undefined) attachments.push(encoded);
      });
    }
    const words = joinText(text, '\n\n');
    const note = media.length > 0 ? 'The attachments of this result follow in the next user message.' : '';
    const content = [part.failed ? `Error: ${words}` : words, note]
      .filter((line) => line !== '')
      .join('\n\n');
    messages.push({ role: 'tool', tool_call_id: part.id, content });
  });
  if (attachments.length > 0) messages.push({ role: 'user', content: attachments });
  return messages;
}

/** Some models want the reasoning of every turn with calls back, as soon as one has it. */
function mustSendReasoning(messages: readonly Message[], { rules }: Target): boolean {
  if (rules.reasoningHistory === 'none') return false;
  return messages.some(({ parts }) => {
    const kinds = parts.map(({ kind }) => kind);
    return kinds.includes('tool-call') && parts.some((part) => part.kind === 'reasoning' && part.text !== '');
  });
}
