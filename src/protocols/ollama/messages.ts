// The conversation of an Ollama chat ⇄ the messages of the hub. Calls and results may come without ids: results then
// belong to the calls of the turn before them, by name and order.
import { extend } from '../../ir/extensions.ts';
import { reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { joinToolMessages } from '../../ir/message.ts';
import type { Message } from '../../ir/message.ts';
import { isBlank } from '../../ir/parts.ts';
import type { Part, ToolCallPart } from '../../ir/parts.ts';
import { demandObject, readArray, readString, wrong } from '../../ir/read.ts';
import { createWaitingCalls } from '../../ir/waiting-calls.ts';
import type { WaitingCalls } from '../../ir/waiting-calls.ts';
import { defined, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { decodeCall, decodeImages, encodeCall, encodeContent, encodeImage } from './parts.ts';
import { messageFields, wire } from './wire.ts';
import type { WireMessage } from './wire.ts';

export function decodeMessages(values: readonly unknown[]): readonly Message[] {
  let waiting = createWaitingCalls();
  const messages = values.map((value, index): Message => {
    const at = `messages[${index}]`;
    const message = demandObject(value, at);
    const extensions = extend(wire, omitKnown(message, messageFields));
    const { role } = message;
    switch (role) {
      case 'system':
      case 'developer':
      case 'user':
        return defined({
          role,
          parts: decodeContent(message, at),
          name: readString(message, 'name', at),
          extensions,
        });
      case 'assistant': {
        const calls = decodeCalls(message, at, index);
        if (calls.length > 0) waiting = createWaitingCalls();
        for (const { made, part } of calls) waiting.add({ made, id: part.id, name: part.name });
        const thinking = readString(message, 'thinking', at) ?? '';
        const thought: Part[] = thinking === '' ? [] : [{ kind: 'reasoning', text: thinking }];
        const parts = [...thought, ...decodeContent(message, at), ...calls.map(({ part }) => part)];
        return defined({ role: 'assistant' as const, parts, extensions });
      }
      case 'tool': {
        const id = takeCall(waiting, message, at) ?? `call_${index}`;
        const parts = decodeContent(message, at);
        return defined({
          role: 'tool' as const,
          parts: [{ kind: 'tool-result' as const, id, parts }],
          extensions,
        });
      }
      default:
        return wrong(`${at}.role`, 'one of system, user, assistant, tool');
    }
  });
  return joinToolMessages(messages);
}

/** Pictures stand in front of the text, as the server's templates put them. */
function decodeContent(message: JsonObject, at: string): Part[] {
  const text = readString(message, 'content', at) ?? '';
  const images = decodeImages(readArray(message, 'images', at), `${at}.images`);
  return text === '' ? images : [...images, { kind: 'text', text }];
}

/** Ids that the client does not send follow from the place in the conversation: the same in every turn. */
function decodeCalls(
  message: JsonObject,
  at: string,
  index: number,
): readonly { readonly part: ToolCallPart; readonly made: boolean }[] {
  return (readArray(message, 'tool_calls', at) ?? []).map((value, i) => {
    const fallback = `call_${index}_${i}`;
    const part = decodeCall(value, `${at}.tool_calls[${i}]`, fallback);
    return { part, made: part.id === fallback };
  });
}

/** The call that a result answers, taken off the list: by id, else by name, else the first one. */
function takeCall(waiting: WaitingCalls, message: JsonObject, at: string): string | undefined {
  const id = readString(message, 'tool_call_id', at);
  const name = readString(message, 'tool_name', at) ?? readString(message, 'name', at);
  const named = name === undefined ? [] : [{ name }];
  return id === undefined
    ? waiting.take([...named, {}])
    : (waiting.take([{ id }, ...named.map((one) => ({ ...one, made: true })), { made: true }]) ?? id);
}

export function encodeMessages(messages: readonly Message[], loss: LossReport): readonly WireMessage[] {
  const names = new Map<string, string>();
  return messages.flatMap((message, index) => {
    const at = `messages[${index}]`;
    reportForeign(message.extensions, wire, at, loss);
    if (message.name !== undefined) loss.add(`${at}.name`, 'Ollama has no names of speakers');
    for (const part of message.parts) if (part.kind === 'tool-call') names.set(part.id, part.name);
    const own = message.extensions?.[wire];
    const written = encodeMessage(message, at, names, loss);
    return own === undefined ? written : written.map((one) => ({ ...own, ...one }));
  });
}

function encodeMessage(
  { role, parts }: Message,
  at: string,
  names: ReadonlyMap<string, string>,
  loss: LossReport,
): readonly WireMessage[] {
  switch (role) {
    case 'system':
    case 'developer':
    case 'user': {
      const { content, images } = encodeContent(parts, at, loss);
      const spelled = role === 'user' ? ('user' as const) : ('system' as const);
      return [defined({ role: spelled, content, images: images.length > 0 ? images : undefined })];
    }
    case 'assistant':
      return [{ role, ...encodeAssistant(parts, at, loss) }];
    case 'tool':
      return encodeResults(parts, at, names, loss);
  }
}

/** The assistant's side of a past turn. */
function encodeAssistant(parts: readonly Part[], at: string, loss: LossReport): Omit<WireMessage, 'role'> {
  const texts: string[] = [];
  const images: string[] = [];
  const calls: ToolCallPart[] = [];
  const thoughts: string[] = [];
  parts.forEach((part, index) => {
    const path = `${at}.parts[${index}]`;
    switch (part.kind) {
      case 'text':
      case 'refusal':
        texts.push(part.text);
        break;
      case 'reasoning':
        if (part.text !== '') thoughts.push(part.text);
        else loss.add(path, 'only its issuer can read hidden reasoning');
        break;
      case 'tool-call':
        calls.push(part);
        break;
      case 'image':
        if (part.source.kind === 'data') images.push(encodeImage(part.source, path));
        else loss.add(path, 'the picture cannot be sent back');
        break;
      case 'opaque':
        if (!isBlank(part.text)) texts.push(`\n\n${part.text}\n\n`);
        loss.add(path, `only ${part.wire} understands it${part.text === '' ? '' : '; its text is sent'}`);
        break;
      default:
        loss.add(path, `an assistant's ${part.kind} cannot be sent`);
    }
  });
  const content = texts.join('');
  const isPatched = parts.some(({ kind }) => kind === 'opaque');
  return defined({
    content: isPatched ? content.replace(/\n{3,}/g, '\n\n').trim() : content,
    thinking: thoughts.length === 0 ? undefined : thoughts.join('\n\n'),
    images: images.length > 0 ? images : undefined,
    tool_calls: calls.length > 0 ? calls.map((call, i) => encodeCall(call, call.name, i)) : undefined,
  });
}

/** Pictures of results follow the whole group, in a user message: templates show them only there for sure. */
function encodeResults(
  parts: readonly Part[],
  at: string,
  names: ReadonlyMap<string, string>,
  loss: LossReport,
): readonly WireMessage[] {
  const messages: WireMessage[] = [];
  const notes: string[] = [];
  const images: string[] = [];
  parts.forEach((part, index) => {
    if (part.kind !== 'tool-result') return;
    const said = encodeContent(part.parts, `${at}.parts[${index}]`, loss);
    if (said.images.length > 0) notes.push(`Attachments of the tool result ${part.id}.`);
    for (const image of said.images) images.push(image);
    const note =
      said.images.length > 0 ? 'The attachments of this result follow in the next user message.' : '';
    const lines = [part.failed ? `Error: ${said.content}` : said.content, note];
    messages.push(
      defined({
        role: 'tool' as const,
        content: lines.filter((text) => text !== '').join('\n\n'),
        tool_name: names.get(part.id),
        tool_call_id: part.id,
      }),
    );
  });
  if (images.length > 0) messages.push({ role: 'user', content: notes.join(' '), images });
  return messages;
}
