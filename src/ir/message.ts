// One turn of a conversation. Results of tools stand in messages of their own, right after the calls they answer.
import type { Extensions } from './extensions.ts';
import type { Part } from './parts.ts';

export interface Message {
  /** `developer` is OpenAI's second rank of system text; most wires know only `system`. */
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  /** In a `tool` message every part is a tool result. */
  readonly parts: readonly Part[];
  /** Name of the speaker, where the client gave one. */
  readonly name?: string;
  readonly extensions?: Extensions;
}

export function isSystem(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer';
}

/** How many messages stand before the first one that is not system text. */
export function countLeadingSystem(messages: readonly Message[]): number {
  const first = messages.findIndex((message) => !isSystem(message));
  return first === -1 ? messages.length : first;
}

/** Results of one group of calls belong into one message. */
export function joinToolMessages(messages: readonly Message[]): readonly Message[] {
  const joined: Message[] = [];
  /** Of the last message, once it is one of ours. */
  let parts: Part[] | undefined;
  for (const message of messages) {
    const last = joined.at(-1);
    if (message.role !== 'tool' || last?.role !== 'tool') {
      joined.push(message);
      parts = undefined;
    } else {
      if (parts === undefined) {
        parts = [...last.parts];
        joined[joined.length - 1] = { ...last, parts };
      }
      for (const part of message.parts) parts.push(part);
    }
  }
  return joined;
}
