// What each wire protocol can express, as data only: routing reads it to choose endpoints, and a browser may load it.

/** The five chat wires. */
export const protocolNames = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'ollama',
] as const;

export type ProtocolName = (typeof protocolNames)[number];

/** What a client asks the gateway to do; each data-plane route names one. */
export const operations = [
  'chat',
  'models',
  'count-tokens',
  'embeddings',
  'images',
  'transcriptions',
] as const;

/** The wires that have embeddings; every one of them can be translated into every other. */
export const embeddingProtocols: readonly ProtocolName[] = ['openai-chat', 'gemini', 'ollama'];

export type Operation = (typeof operations)[number];
