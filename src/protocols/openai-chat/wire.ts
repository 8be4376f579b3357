// The fields of Chat Completions that the codec touches. Everything else survives as an extension.

export const wire = 'openai-chat';

/** Request fields that have a meaning in the hub, or none outside this wire that could be lost. */
export const requestFields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_completion_tokens',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'seed',
  'n',
  'stop',
  'logprobs',
  'top_logprobs',
  'response_format',
  'tools',
  'tool_choice',
  'functions',
  'function_call',
  'parallel_tool_calls',
  'reasoning_effort',
  'reasoning',
  'thinking',
  'enable_thinking',
  'verbosity',
  'modalities',
  'service_tier',
  'metadata',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'user',
  'web_search_options',
]);

export const messageFields: ReadonlySet<string> = new Set([
  'role',
  'content',
  'name',
  'refusal',
  'tool_calls',
  'tool_call_id',
  'function_call',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'annotations',
]);

export const functionFields: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'strict']);

/** A message as this codec writes it. */
export interface WireMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string | readonly object[] | null;
  readonly name?: string | undefined;
  readonly refusal?: string | undefined;
  readonly reasoning_content?: string | undefined;
  readonly reasoning_details?: readonly unknown[] | undefined;
  readonly tool_calls?: readonly WireCall[] | undefined;
  readonly tool_call_id?: string;
}

export type WireCall =
  | {
      readonly id: string;
      readonly type: 'function';
      readonly function: { readonly name: string; readonly arguments: string };
    }
  | {
      readonly id: string;
      readonly type: 'custom';
      readonly custom: { readonly name: string; readonly input: string };
    };
