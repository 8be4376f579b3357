// System text and conversation of a Messages request ⇄ the messages of the hub.
import { extend } from '../../ir/extensions.ts';
import { reportForeign } from '../../ir/loss.ts';
import { countLeadingSystem, isSystem, joinToolMessages } from '../../ir/message.ts';
import type { Message } from '../../ir/message.ts';
import { isBlank, joinText } from '../../ir/parts.ts';
import type { Part } from '../../ir/parts.ts';
import { demandObject, wrong } from '../../ir/read.ts';
import { defined, omitKnown } from '../../lib/json.ts';
import type { ModelRules } from '../protocol.ts';
import { decodeContent, encodeAll } from './parts.ts';
import type { PartOptions } from './parts.ts';
import { messageFields, wire } from './wire.ts';
import type { WireBlock, WireMessage } from './wire.ts';

/** Claude Code's first system block: it changes with every run and is addressed to Anthropic alone. */
const billingHeader = 'x-anthropic-billing-header:';

export function decodeSystem(value: unknown): readonly Message[] {
  const parts = decodeContent(value, 'system').filter(
    (part) => part.kind !== 'text' || !part.text.startsWith(billingHeader),
  );
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

export function decodeMessages(values: readonly unknown[]): readonly Message[] {
  return joinToolMessages(values.flatMap((value, index) => decodeMessage(value, `messages[${index}]`)));
}

function decodeMessage(value: unknown, at: string): readonly Message[] {
  const message = demandObject(value, at);
  const extensions = extend(wire, omitKnown(message, messageFields));
  const parts = decodeContent(message['content'], `${at}.content`);
  switch (message['role']) {
    case 'system':
    case 'assistant':
      return [defined({ role: message['role'], parts, extensions })];
    case 'user': {
      const results = parts.filter(({ kind }) => kind === 'tool-result');
      const rest = results.length === 0 ? parts : parts.filter(({ kind }) => kind !== 'tool-result');
      const said: Message = defined({ role: 'user' as const, parts: rest, extensions });
      if (results.length === 0) return [said];
      return rest.length === 0
        ? [{ role: 'tool', parts: results }]
        : [{ role: 'tool', parts: results }, said];
    }
    default:
      return wrong(`${at}.role`, 'one of user, assistant, system');
  }
}

export interface ConversationOptions extends Omit<PartOptions, 'role'> {
  readonly rules: ModelRules;
}

export interface Conversation {
  readonly system: WireBlock[];
  readonly messages: WireMessage[];
}

/** Stands where the API wants a user's turn and the client has none. */
const opening = '(The conversation begins here.)';

export function encodeConversation(all: readonly Message[], options: ConversationOptions): Conversation {
  const leading = countLeadingSystem(all);
  const system = all
    .slice(0, leading)
    .flatMap((message, index) => encodeSystem(message, `messages[${index}]`, options));
  const messages: WireMessage[] = [];
  /** System text that waits for the next user turn. */
  let reminders: WireBlock[] = [];

  all.slice(leading).forEach((message, i) => {
    const at = `messages[${leading + i}]`;
    reportForeign(message.extensions, wire, at, options.loss);
    if (message.name !== undefined) options.loss.add(`${at}.name`, 'Messages has no names of speakers');
    if (isSystem(message)) {
      if (options.rules.midSystem) push('system', encodeSystem(message, at, options), message);
      else remind(message.parts, at);
    } else if (message.role === 'assistant') {
      if (reminders.length > 0) push('user', []);
      push('assistant', encodeAll(message.parts, `${at}.parts`, { ...options, role: 'assistant' }), message);
    } else push('user', encodeAll(message.parts, `${at}.parts`, { ...options, role: 'user' }), message);
  });
  if (reminders.length > 0) push('user', []);
  if (messages[0]?.role !== 'user' && messages[0]?.role !== 'system') {
    messages.unshift({ role: 'user', content: [{ type: 'text', text: opening }] });
  }
  endWithUser(messages, options);
  return { system, messages };

  function push(role: WireMessage['role'], blocks: WireBlock[], message?: Message): void {
    const content = role === 'user' ? [...results(blocks), ...reminders, ...others(blocks)] : blocks;
    if (role === 'user') reminders = [];
    if (content.length === 0) return;
    const last = messages.at(-1);
    // Text that follows results belongs into their message: the API wants the results first and in one turn.
    const joins =
      role === 'user' && last?.role === 'user' && last.content.every(({ type }) => type === 'tool_result');
    if (joins) for (const block of content) last.content.push(block);
    else messages.push({ ...message?.extensions?.[wire], role, content });
  }

  function remind(parts: readonly Part[], at: string): void {
    const text = joinText(parts, '\n\n');
    if (isBlank(text)) return;
    options.loss.add(at, 'system text inside the conversation became a <system-reminder> of the user');
    reminders.push({ type: 'text', text: `<system-reminder>\n${text}\n</system-reminder>` });
  }
}

/** System text is text only. */
function encodeSystem({ parts }: Message, at: string, options: ConversationOptions): WireBlock[] {
  const texts = parts.filter(({ kind }) => kind === 'text');
  if (texts.length < parts.length) options.loss.add(`${at}.parts`, 'system messages hold text only');
  return encodeAll(texts, `${at}.parts`, { ...options, role: 'user' });
}

/** Newer models refuse a last turn of the assistant; older ones refuse blanks at its end. */
function endWithUser(messages: WireMessage[], { rules, loss }: ConversationOptions): void {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return;
  if (!rules.prefill) {
    loss.add('messages', 'the model does not continue an assistant turn; a user turn asks it to');
    messages.push({ role: 'user', content: [{ type: 'text', text: 'Continue exactly where you stopped.' }] });
    return;
  }
  const block = last.content.at(-1);
  if (block?.type !== 'text') return;
  last.content[last.content.length - 1] = { ...block, text: String(block['text']).trimEnd() };
}

function results(blocks: readonly WireBlock[]): readonly WireBlock[] {
  return blocks.filter(({ type }) => type === 'tool_result');
}

function others(blocks: readonly WireBlock[]): readonly WireBlock[] {
  return blocks.filter(({ type }) => type !== 'tool_result');
}
