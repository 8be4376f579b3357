// System text and contents of a request ⇄ the messages of the hub.
import type { LossReport } from '../../ir/loss.ts';
import { reportForeign } from '../../ir/loss.ts';
import { countLeadingSystem, isSystem, joinToolMessages } from '../../ir/message.ts';
import type { Message } from '../../ir/message.ts';
import { isBlank, joinText } from '../../ir/parts.ts';
import type { Part, ToolCallPart, ToolResultPart } from '../../ir/parts.ts';
import type { ToolNames } from '../../ir/tool-names.ts';

import type { JsonObject } from '../../lib/json.ts';
import type { Target } from '../protocol.ts';
import { encodeArguments, encodePart, encodeTurn } from './parts.ts';
import { madeId } from './read-contents.ts';
import { encodeSignature, foreignCall } from './signatures.ts';
import type { WireContent, WirePart } from './wire.ts';

export interface ConversationOptions {
  readonly target: Target;
  readonly names: ToolNames;
  readonly loss: LossReport;
}

export interface Conversation {
  readonly system: readonly WirePart[];
  readonly contents: WireContent[];
}

/** Stands where the API wants a user's turn and the client has none. */
const opening = '(The conversation begins here.)';

export function encodeConversation(all: readonly Message[], options: ConversationOptions): Conversation {
  const { loss } = options;
  const messages = joinToolMessages(all);
  const leading = countLeadingSystem(messages);
  const system = messages
    .slice(0, leading)
    .flatMap((message, index) => encodeSystem(message, `messages[${index}]`, options));
  const contents: WireContent[] = [];
  const names = new Map<string, string>();
  const turnBegan = messages.findLastIndex(({ role }) => role === 'user');

  messages.slice(leading).forEach((message, i) => {
    const at = `messages[${leading + i}]`;
    reportForeign(message.extensions, 'gemini', at, loss);
    if (message.name !== undefined) loss.add(`${at}.name`, 'Gemini has no names of speakers');
    if (isSystem(message)) push('user', remind(message.parts, at, loss));
    else if (message.role === 'assistant') {
      for (const part of message.parts) if (part.kind === 'tool-call') names.set(part.id, part.name);
      push('model', encodeModel(message.parts, `${at}.parts`, leading + i > turnBegan, options));
    } else if (message.role === 'tool') {
      push(
        'user',
        message.parts.flatMap((part, index) =>
          part.kind === 'tool-result' ? encodeResult(part, `${at}.parts[${index}]`, names, options) : [],
        ),
      );
    } else {
      push('user', encodeAll(message.parts, `${at}.parts`, loss));
    }
  });
  if (contents[0]?.role !== 'user') contents.unshift({ role: 'user', parts: [{ text: opening }] });
  return { system, contents };

  /** Neighbours of one role become one content: some models want the roles to alternate. */
  function push(role: WireContent['role'], parts: readonly WirePart[]): void {
    if (parts.length === 0) return;
    const last = contents.at(-1);
    if (last?.role === role) for (const part of parts) last.parts.push(part);
    else contents.push({ role, parts: [...parts] });
  }
}

/** System text is text only. */
function encodeSystem({ parts }: Message, at: string, { loss }: ConversationOptions): readonly WirePart[] {
  const texts = parts.filter((part) => part.kind === 'text');
  if (texts.length < parts.length) loss.add(`${at}.parts`, 'system messages hold text only');
  return texts.filter(({ text }) => text !== '').map(({ text }) => ({ text }));
}

function remind(parts: readonly Part[], at: string, loss: LossReport): readonly WirePart[] {
  const text = joinText(parts, '\n\n');
  if (isBlank(text)) return [];
  loss.add(at, 'system text inside the conversation became a <system-reminder> of the user');
  return [{ text: `<system-reminder>\n${text}\n</system-reminder>` }];
}

/** `running`: the turn goes on, so that newer models want its calls signed. */
function encodeModel(
  parts: readonly Part[],
  at: string,
  running: boolean,
  { target, names, loss }: ConversationOptions,
): WirePart[] {
  const written = encodeTurn(parts, at, {
    sign: (part) => encodeSignature(part.proof, target.issuer),
    shows(_, signed, path) {
      if (!signed) loss.add(path, 'reasoning without a signature of this upstream cannot be sent back');
      return signed;
    },
    write(part, path) {
      if (part.kind === 'tool-call') return encodeCall(part, names);
      // The model's own words cannot be refused for what another wire put among them.
      if (part.kind !== 'opaque' || part.text !== '' || part.wire === 'gemini')
        return encodePart(part, path, loss);
      loss.add(path, `only ${part.wire} understands it`);
      return undefined;
    },
  });
  const ids = parts.flatMap((part) => (part.kind === 'tool-call' ? [part.id] : []));
  return signCalls(written, ids, running, target);
}

/** Clients of other dialects lose signatures of calls, or the place where they stood among words and calls. */
function signCalls(
  written: readonly WirePart[],
  ids: readonly string[],
  running: boolean,
  target: Target,
): WirePart[] {
  const calls = written.filter(({ functionCall }) => functionCall !== undefined);
  const others = written.filter((part) => !calls.includes(part));
  calls.forEach((call, index) => {
    const known = encodeSignature(target.recall?.(ids[index]!), target.issuer);
    if (known === undefined) return;
    call.thoughtSignature = known;
    const misplaced = others.find(({ thoughtSignature }) => thoughtSignature === known);
    if (misplaced !== undefined) delete misplaced.thoughtSignature;
  });
  const [first] = calls;
  if (first !== undefined && first.thoughtSignature === undefined && target.rules.callSignatures) {
    // These models sign the call itself: what stands on words in front of it is the call's.
    const misplaced = others.findLast(({ thoughtSignature }) => thoughtSignature !== undefined);
    const signature = misplaced?.thoughtSignature ?? (running ? foreignCall : undefined);
    if (misplaced !== undefined) delete misplaced.thoughtSignature;
    if (signature !== undefined) first.thoughtSignature = signature;
  }
  return written.filter(({ text, thoughtSignature }) => text !== '' || thoughtSignature !== undefined);
}

function encodeCall(part: ToolCallPart, names: ToolNames): WirePart {
  const id = idOf(part.id);
  return { functionCall: { ...id, name: names.encode(part.name), args: encodeArguments(part) } };
}

/** What was never sent with a call must not be sent with its result. */
function idOf(id: string): { readonly id?: string } {
  return id === '' || madeId.test(id) ? {} : { id };
}

function encodeResult(
  part: ToolResultPart,
  at: string,
  known: ReadonlyMap<string, string>,
  { target, names, loss }: ConversationOptions,
): readonly WirePart[] {
  const words = part.parts.filter(({ kind }) => kind === 'text' || kind === 'opaque' || kind === 'refusal');
  const others = part.parts.filter((one) => !words.includes(one));
  const media = encodeAll(others, `${at}.parts`, loss);
  const text = joinText(words, '\n\n');
  const name = known.get(part.id) ?? part.id;
  const inside = target.rules.mixedTools && media.length > 0;
  const functionResponse: JsonObject = {
    ...idOf(part.id),
    name: names.encode(name),
    response: part.failed ? { error: text } : { output: text },
    ...(inside && { parts: media }),
  };
  return inside ? [{ functionResponse }] : [{ functionResponse }, ...media];
}

function encodeAll(parts: readonly Part[], at: string, loss: LossReport): readonly WirePart[] {
  return parts
    .map((part, index) => encodePart(part, `${at}[${index}]`, loss))
    .filter((part) => part !== undefined);
}
