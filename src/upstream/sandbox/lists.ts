// The calls around a chat: model lists in every dialect, token counts and embeddings. All answers are whole JSON objects.
import { createHash } from 'node:crypto';
import type { JsonObject } from './json.ts';
import { asNumber, asObject, asObjects, asText } from './json.ts';
import { countTokens } from './say.ts';
import { answerTime } from './wires/wire.ts';

const createdAt = new Date(answerTime * 1000).toISOString();
const contextWindow = 200_000;
const maxOutput = 64_000;

/** GET /v1/models as OpenAI answers it. */
export function listOpenAi(models: readonly string[]): JsonObject {
  return { object: 'list', data: models.map(openAiModel) };
}

export function openAiModel(id: string): JsonObject {
  return { id, object: 'model', created: answerTime, owned_by: 'sandbox' };
}

/** GET /v1/models as Anthropic answers it; everything fits on one page. */
export function listAnthropic(models: readonly string[]): JsonObject {
  return {
    data: models.map(anthropicModel),
    has_more: false,
    first_id: models[0] ?? null,
    last_id: models.at(-1) ?? null,
  };
}

export function anthropicModel(id: string): JsonObject {
  return {
    type: 'model',
    id,
    display_name: `Sandbox ${id}`,
    created_at: createdAt,
    max_input_tokens: contextWindow,
    max_tokens: maxOutput,
  };
}

/** GET /v1beta/models as Gemini answers it. */
export function listGemini(models: readonly string[]): JsonObject {
  return { models: models.map(geminiModel) };
}

export function geminiModel(id: string): JsonObject {
  return {
    name: `models/${id}`,
    baseModelId: id,
    version: '001',
    displayName: `Sandbox ${id}`,
    description: 'A simulated model.',
    inputTokenLimit: contextWindow,
    outputTokenLimit: maxOutput,
    supportedGenerationMethods: ['generateContent', 'countTokens', 'embedContent'],
    thinking: true,
  };
}

/** GET /api/tags. */
export function listOllama(models: readonly string[]): JsonObject {
  return {
    models: models.map((name) => ({
      name,
      model: name,
      modified_at: createdAt,
      size: 1,
      digest: createHash('sha256').update(name).digest('hex'),
      details: ollamaDetails,
    })),
  };
}

/** POST /api/show. */
export function showOllama(): JsonObject {
  return {
    license: '',
    parameters: '',
    template: '{{ .Prompt }}',
    details: ollamaDetails,
    model_info: { 'general.architecture': 'sandbox', 'sandbox.context_length': contextWindow },
    capabilities: ['completion', 'tools', 'vision', 'thinking', 'embedding'],
    modified_at: createdAt,
  };
}

const ollamaDetails = {
  parent_model: '',
  format: 'gguf',
  family: 'sandbox',
  families: ['sandbox'],
  parameter_size: '1B',
  quantization_level: 'F16',
};

/** POST /v1/embeddings; base64 (little-endian floats) where asked for, as the openai SDK does by default. */
export function embedOpenAi(body: JsonObject): JsonObject {
  const inputs = readInputs(body['input']);
  const size = asNumber(body['dimensions']);
  return {
    object: 'list',
    data: inputs.map((input, index) => {
      const vector = embed(input, size);
      const embedding =
        body['encoding_format'] === 'base64'
          ? Buffer.from(Float32Array.from(vector).buffer).toString('base64')
          : vector;
      return { object: 'embedding', index, embedding };
    }),
    model: asText(body['model']) ?? '',
    usage: { prompt_tokens: sumTokens(inputs), total_tokens: sumTokens(inputs) },
  };
}

/** :embedContent. */
export function embedGemini(body: JsonObject): JsonObject {
  return { embedding: { values: embed(geminiText(body), asNumber(body['outputDimensionality'])) } };
}

/** :batchEmbedContents. */
export function embedGeminiBatch(body: JsonObject): JsonObject {
  return {
    embeddings: asObjects(body['requests']).map((request) => asObject(embedGemini(request))?.['embedding']),
  };
}

/** POST /api/embed. */
export function embedOllama(body: JsonObject): JsonObject {
  const inputs = readInputs(body['input']);
  return {
    model: asText(body['model']) ?? '',
    embeddings: inputs.map((input) => embed(input, asNumber(body['dimensions']))),
    total_duration: 1_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: sumTokens(inputs),
  };
}

/** POST /api/embeddings, the older call for one prompt. */
export function embedOllamaOnce(body: JsonObject): JsonObject {
  return { embedding: embed(asText(body['prompt']) ?? '') };
}

/**
 * Text → unit vector by feature hashing of its words: equal texts are equal, texts that share words are near, and
 * no model is needed. Default 256 dimensions.
 */
export function embed(text: string, dimensions = 256): number[] {
  const size = Math.min(Math.max(1, Math.trunc(dimensions)), 4096);
  const vector = Array.from({ length: size }, () => 0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    const digest = createHash('sha256').update(word).digest();
    const at = digest.readUInt32LE(0) % size;
    vector[at] = (vector[at] ?? 0) + ((digest[4] ?? 0) % 2 === 0 ? 1 : -1);
  }
  const length = Math.hypot(...vector);
  // Words may cancel out; a zero vector has no direction and breaks cosine similarity.
  if (length === 0) vector[0] = 1;
  return vector.map((value) => Number((value / (length || 1)).toFixed(6)));
}

function geminiText(body: JsonObject): string {
  return asObjects(asObject(body['content'])?.['parts'])
    .map((part) => asText(part['text']) ?? '')
    .join('\n');
}

/** A text, a list of texts, or token numbers (OpenAI). */
function readInputs(input: unknown): readonly string[] {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input)) return [];
  if (input.every((member) => typeof member === 'number')) return [input.join(' ')];
  return input.map((member) => (typeof member === 'string' ? member : JSON.stringify(member)));
}

function sumTokens(inputs: readonly string[]): number {
  return inputs.reduce((sum, input) => sum + countTokens(input), 0);
}
