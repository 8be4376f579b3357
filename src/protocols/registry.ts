// The wire protocols that this build speaks, by name.
import { anthropicMessages } from './anthropic-messages/index.ts';
import type { ProtocolName } from './capabilities.ts';
import { gemini } from './gemini/index.ts';
import { ollama } from './ollama/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { Protocol } from './protocol.ts';

const protocols: { readonly [name in ProtocolName]?: Protocol } = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'anthropic-messages': anthropicMessages,
  gemini,
  ollama,
};

/** The protocol of that name, or undefined when this build does not speak it. */
export function findProtocol(name: ProtocolName): Protocol | undefined {
  return protocols[name];
}

/** The protocol whose error envelope a client of that family reads; OpenAI's where this build has no better one. */
export function envelopeOf(name: ProtocolName): Protocol {
  return protocols[name] ?? openaiChat;
}
