// The input of a Responses request → the messages of the hub: items that one turn of the assistant made become one
// message, results of tools another.
import type { LossReport } from '../../ir/loss.ts';
import { joinToolMessages } from '../../ir/message.ts';
import type { Message } from '../../ir/message.ts';
import type { OpaquePart, Part, TextPart } from '../../ir/parts.ts';
import { demandObject, demandString, readString, wrong } from '../../ir/read.ts';
import { defined, isObject, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { readCompaction } from './compaction.ts';
import { decodeContent, decodeReasoning } from './parts.ts';
import { describeItem } from './server-items.ts';
import { flattenName } from './namespace.ts';
import { readTypedCall, toolOfCall, toolOfResult } from './typed-tools.ts';
import { callFields, messageFields, resultFields, wire } from './wire.ts';

/** `input`: one text of the user, or items. What only the provider can read is refused when it is written elsewhere. */
export function decodeInput(input: unknown, loss: LossReport): readonly Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: decodeContent(input, 'input') }];
  if (!Array.isArray(input)) return wrong('input', 'a string or an array');
  const conversation = createConversation();
  (input as unknown[]).forEach((value, index) => {
    const at = `input[${index}]`;
    readItem(demandObject(value, at), at, conversation, loss);
  });
  return joinToolMessages(conversation.messages);
}

interface Conversation {
  readonly messages: readonly Message[];
  add(message: Message): void;
  /** Appends to the turn of the assistant that is being told. */
  say(parts: readonly Part[], isMessage?: boolean): void;
  /** A call has two ids; some clients answer with the other one. */
  readonly callIds: Map<string, string>;
}

function createConversation(): Conversation {
  const messages: Message[] = [];
  /** The parts of the last turn, once it has been told here: a turn may have thousands of them. */
  let told: Part[] | undefined;
  return {
    messages,
    callIds: new Map(),
    add(message) {
      messages.push(message);
      told = undefined;
    },
    say(parts, isMessage = false) {
      const last = messages.at(-1);
      const before = last?.parts.at(-1)?.kind;
      // Two messages in a row are two messages.
      const goesOn =
        last?.role === 'assistant' && !(isMessage && (before === 'text' || before === 'refusal'));
      if (!goesOn || told === undefined) {
        told = goesOn ? [...last.parts] : [];
        if (goesOn) messages[messages.length - 1] = { ...last, parts: told };
        else messages.push({ role: 'assistant', parts: told });
      }
      for (const part of parts) told.push(part);
    },
  };
}

function readItem(item: JsonObject, at: string, conversation: Conversation, loss: LossReport): void {
  const type = readString(item, 'type', at) ?? 'message';
  switch (type) {
    case 'message':
      reportUnknown(item, messageFields, loss);
      readMessage(item, at, conversation);
      return;
    case 'reasoning': {
      const part = decodeReasoning(item, undefined);
      if (part.text !== '' || part.proof !== undefined) conversation.say([part]);
      return;
    }
    case 'function_call':
    case 'custom_tool_call':
      reportUnknown(item, callFields, loss);
      conversation.say([decodeCall(item, at, conversation)]);
      return;
    case 'function_call_output':
    case 'custom_tool_call_output':
      reportUnknown(item, resultFields, loss);
      addResult(item, decodeOutput(item['output'], `${at}.output`), at, conversation);
      return;
    case 'additional_tools':
      return;
    case 'item_reference':
      return conversation.add({ role: 'user', parts: [unreadable(item)] });
    case 'compaction': {
      const text = readCompaction(item);
      const part = text === undefined ? unreadable(item) : ({ kind: 'text', text } as const);
      return conversation.add({ role: 'user', parts: [part] });
    }
    case 'computer_call_output':
      return conversation.add({ role: 'user', parts: decodeContent([item['output']], `${at}.output`) });
    case 'mcp_approval_response':
      return conversation.add({ role: 'user', parts: [opaque(item)] });
    case 'compaction_trigger':
    case 'configuration_update':
      return loss.add(`input.${type}`, `only ${wire} knows it`);
    default:
      readOther(type, item, at, conversation);
  }
}

/** Text or parts; what an own tool returned as it is becomes JSON. */
function decodeOutput(output: unknown, at: string): readonly Part[] {
  return isObject(output) ? [{ kind: 'text', text: JSON.stringify(output) }] : decodeContent(output, at);
}

/** Calls and results of typed tools; items of the provider's own tools. */
function readOther(type: string, item: JsonObject, at: string, conversation: Conversation): void {
  const called = toolOfCall(type);
  const answered = toolOfResult(type);
  if (called !== undefined) {
    const id = callId(item, at, conversation);
    conversation.say([{ kind: 'tool-call', id, name: called.type, arguments: readTypedCall(called, item) }]);
  } else if (answered !== undefined) {
    const text = answered.readResult(item);
    addResult(
      item,
      text === '' ? [] : [{ kind: 'text', text }],
      at,
      conversation,
      item['status'] === 'failed',
    );
  } else conversation.say([opaque(item)]);
}

function readMessage(item: JsonObject, at: string, conversation: Conversation): void {
  const parts = decodeContent(item['content'], `${at}.content`);
  const { role } = item;
  switch (role) {
    case 'system':
    case 'developer':
    case 'user':
      return conversation.add({ role, parts });
    case 'assistant': {
      const phase = (['commentary', 'final_answer'] as const).find((known) => known === item['phase']);
      const said = parts.map((part) =>
        part.kind === 'text' && phase !== undefined ? ({ ...part, phase } satisfies TextPart) : part,
      );
      return conversation.say(said, true);
    }
    default:
      return wrong(`${at}.role`, 'one of user, assistant, system, developer');
  }
}

function decodeCall(item: JsonObject, at: string, conversation: Conversation): Part {
  const freeform = item['type'] === 'custom_tool_call';
  const text = item[freeform ? 'input' : 'arguments'];
  return defined({
    kind: 'tool-call' as const,
    id: callId(item, at, conversation),
    name: flattenName(readString(item, 'namespace', at), demandString(item, 'name', at)),
    arguments:
      typeof text === 'string' ? text : text === undefined || text === null ? '' : JSON.stringify(text),
    freeform: freeform ? true : undefined,
  });
}

function callId(item: JsonObject, at: string, { callIds }: Conversation): string {
  const own = readString(item, 'id', at);
  const id = readString(item, 'call_id', at) ?? own ?? wrong(`${at}.call_id`, 'a string');
  if (own !== undefined) callIds.set(own, id);
  return id;
}

function addResult(
  item: JsonObject,
  parts: readonly Part[],
  at: string,
  { callIds, add }: Conversation,
  failed = false,
): void {
  const said = readString(item, 'call_id', at) ?? readString(item, 'id', at);
  if (said === undefined) return wrong(`${at}.call_id`, 'a string');
  const id = callIds.get(said) ?? said;
  add({
    role: 'tool',
    parts: [defined({ kind: 'tool-result' as const, id, parts, failed: failed ? true : undefined })],
  });
}

/** What only the provider has: said by the user, where no encoder leaves out what it cannot say. */
function unreadable(item: JsonObject): OpaquePart {
  return { kind: 'opaque', wire, block: item, text: '' };
}

function opaque(item: JsonObject): OpaquePart {
  return { kind: 'opaque', wire, block: item, text: describeItem(item) };
}

/** Once for all items: every item of an agent's history carries the same fields. */
function reportUnknown(item: JsonObject, known: ReadonlySet<string>, loss: LossReport): void {
  for (const [key, value] of Object.entries(omitKnown(item, known) ?? {})) {
    const says = value !== null && value !== false && !(isObject(value) && value['type'] === 'direct');
    if (says) loss.add(`input.${key}`, `only ${wire} knows it`);
  }
}
