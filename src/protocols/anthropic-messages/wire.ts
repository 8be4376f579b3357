// The fields of Anthropic Messages that the codec touches. Everything else survives as an extension.

export const wire = 'anthropic-messages';

/** From this version on sampling, documents in assistant turns and cited user text are errors. */
export const strictVersion = '2026-10-21';

export const requestFields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'max_tokens',
  'system',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'stream',
  'thinking',
  'output_config',
  'output_format',
  'tools',
  'tool_choice',
  'cache_control',
  'metadata',
]);

export const messageFields: ReadonlySet<string> = new Set(['role', 'content']);

export const toolFields: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'input_schema',
  'strict',
  'cache_control',
]);

/** A content block as this codec writes it; marks are set and taken away while the request is put together. */
export interface WireBlock {
  readonly type: string;
  cache_control?: WireMark;
  readonly [field: string]: unknown;
}

export interface WireMark {
  readonly type: 'ephemeral';
  readonly ttl?: '5m' | '1h';
}

export interface WireMessage {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: WireBlock[];
}
