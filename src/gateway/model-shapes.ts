// One listed name as each vendor's clients expect it. Nobody knows when a model was made: the epoch stands for that, as
// it does at Anthropic.
import type { ListedModel } from './model-list.ts';

/** A vendor whose way of listing models the gateway knows. */
export type ListShape = 'openai' | 'anthropic' | 'google';

const epoch = '1970-01-01T00:00:00Z';

const types = { embeddings: 'embedding', images: 'image', transcriptions: 'audio' } as const;

/** OpenAI's entry, with limits and capabilities beside, and what a client of Anthropic would look for. */
export function renderOpenAiModel(listed: ListedModel) {
  const { id, owner, root, parent = null, operations, context, maxOutput, features, dimensions } = listed;
  const [operation = 'chat'] = operations;
  return {
    id,
    object: 'model',
    created: 0,
    owned_by: owner,
    permission: [],
    root,
    parent,
    type: operation in types ? types[operation as keyof typeof types] : 'model',
    display_name: id,
    created_at: epoch,
    operations,
    ...(context === undefined ? {} : { context_length: context }),
    ...(maxOutput === undefined ? {} : { max_output_tokens: maxOutput }),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(features === undefined ? {} : { capabilities: features }),
  };
}

export function renderAnthropicModel(listed: ListedModel) {
  const { id, context = null, maxOutput = null, features, deprecated = false, retires } = listed;
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: epoch,
    max_input_tokens: context,
    max_tokens: maxOutput,
    lifecycle: deprecated || retires !== undefined ? 'deprecated' : 'active',
    line: /haiku|sonnet|opus|fable|mythos/.exec(id)?.[0] ?? null,
    deprecated_at: deprecated || retires !== undefined ? epoch : null,
    retires_at: retires === undefined ? null : new Date(retires).toISOString(),
    capabilities: features ? renderCapabilities(new Set(features)) : null,
  };
}

// Batches, citations and the vendor's own tools depend on who serves; the gateway promises none of them.
function renderCapabilities(features: ReadonlySet<NonNullable<ListedModel['features']>[number]>) {
  const no = { supported: false };
  const has = (feature: NonNullable<ListedModel['features']>[number]) => ({
    supported: features.has(feature),
  });
  const thinks = has('reasoning');
  return {
    batch: no,
    citations: no,
    code_execution: no,
    context_management: {
      supported: false,
      clear_thinking_20251015: null,
      clear_tool_uses_20250919: null,
      compact_20260112: null,
    },
    effort: { ...thinks, low: thinks, medium: thinks, high: thinks, xhigh: null, max: thinks },
    image_input: has('images'),
    pdf_input: has('files'),
    server_tools: { supported: false, code_execution: no, web_search: no },
    structured_outputs: has('responseSchema'),
    thinking: {
      ...thinks,
      types: { adaptive: thinks, between_tools: no, disabled: { supported: true }, enabled: thinks },
    },
  };
}

export function renderGoogleModel({ id, root, operations, context, maxOutput, features }: ListedModel) {
  return {
    name: `models/${id}`,
    baseModelId: root,
    version: '001',
    displayName: id,
    description: '',
    ...(context === undefined ? {} : { inputTokenLimit: context }),
    ...(maxOutput === undefined ? {} : { outputTokenLimit: maxOutput }),
    supportedGenerationMethods: [
      ...(operations.includes('chat') ? ['generateContent', 'streamGenerateContent', 'countTokens'] : []),
      ...(operations.includes('embeddings') ? ['embedContent', 'batchEmbedContents'] : []),
    ],
    ...(features === undefined ? {} : { thinking: features.includes('reasoning') }),
  };
}
