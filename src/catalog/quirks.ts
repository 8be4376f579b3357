// The closed set of named deviations that a provider may switch on. The protocols act on them; nobody tests for a
// provider's name.

export const quirkTable = {
  'no-stream-options': {
    meaning: 'Refuses `stream_options`; usage of a stream is sent without being asked for, or not at all.',
  },
  'max-tokens': { meaning: 'Knows `max_tokens` only, not `max_completion_tokens`.' },
  'no-developer-role': { meaning: 'Refuses messages of the role `developer`; they are sent as `system`.' },
  'no-json-schema': { meaning: 'Refuses `response_format` of the type `json_schema`.' },
  'no-metadata': { meaning: 'Refuses `metadata`, `store` and `user`.' },
  'reasoning-content': {
    meaning:
      'Puts reasoning into `reasoning_content` and wants it back in the history of a turn with tool calls.',
  },
  'reasoning-details': { meaning: 'Puts reasoning into `reasoning` and `reasoning_details`.' },
  'thinking-switch': {
    meaning: 'Reasoning is switched by `thinking: { type }` instead of `reasoning_effort`.',
  },
  'cache-hit-usage': {
    meaning: 'Reports cached prompt tokens as `prompt_cache_hit_tokens` instead of `prompt_tokens_details`.',
  },
} as const satisfies Record<string, { readonly meaning: string }>;

/** A name of the closed set. */
export type Quirk = keyof typeof quirkTable;
