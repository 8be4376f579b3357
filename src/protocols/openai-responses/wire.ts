// The fields of Responses that the codec touches. Everything else survives as an extension.

export const wire = 'openai-responses';

/** Request fields that have a meaning in the hub, or none outside this wire that could be lost. */
export const requestFields: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'stream_options',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'include',
  'metadata',
  'safety_identifier',
  'user',
  'service_tier',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  // Whoever keeps conversations has acted on it before; nothing is stored at a foreign upstream.
  'store',
]);

/** Ids and states of items are the provider's own bookkeeping. */
export const messageFields: ReadonlySet<string> = new Set([
  'type',
  'role',
  'content',
  'id',
  'status',
  'phase',
]);

export const callFields: ReadonlySet<string> = new Set([
  'type',
  'id',
  'status',
  'call_id',
  'name',
  'namespace',
  'arguments',
  'input',
]);

export const resultFields: ReadonlySet<string> = new Set(['type', 'id', 'status', 'call_id', 'output']);

/** Fields that every response repeats, with what stands there when the request says nothing. */
export const echoDefaults = {
  access_programs: null,
  background: false,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: true,
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: null,
  truncation: 'disabled',
  user: null,
  metadata: {},
} as const;
