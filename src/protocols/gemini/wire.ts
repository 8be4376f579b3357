// The fields of generateContent that the codec touches, and the two ways in which Google spells them. Everything else
// survives as an extension.
import { GatewayError } from '../../errors.ts';
import { join } from '../../ir/read.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

export const wire = 'gemini';

export const requestFields: ReadonlySet<string> = new Set([
  // The path names the model; what stands in the body repeats it.
  'model',
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'generationConfig',
  'serviceTier',
  'labels',
]);

export const configFields: ReadonlySet<string> = new Set([
  'temperature',
  'topP',
  'topK',
  'candidateCount',
  'maxOutputTokens',
  'stopSequences',
  'responseLogprobs',
  'logprobs',
  'presencePenalty',
  'frequencyPenalty',
  'seed',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  'responseModalities',
  'thinkingConfig',
]);

export const declarationFields: ReadonlySet<string> = new Set([
  'name',
  'description',
  'parameters',
  'parametersJsonSchema',
]);

/** A part as this codec writes it. */
export interface WirePart {
  readonly text?: string;
  readonly thought?: true;
  thoughtSignature?: string | undefined;
  readonly [field: string]: unknown;
}

export interface WireContent {
  readonly role: 'user' | 'model';
  readonly parts: WirePart[];
}

/** Everything with more than one word that a request or an answer may hold, beside the fields above. */
const names = `safetySettings cachedContent continuationToken responseFormat mediaResolution speechConfig imageConfig
  includeThoughts thinkingBudget thinkingLevel inlineData fileData mimeType fileUri displayName functionCall
  functionResponse executableCode codeExecutionResult toolCall toolResponse thoughtSignature videoMetadata partialArgs
  jsonPath stringValue numberValue boolValue nullValue willContinue functionDeclarations googleSearch
  googleSearchRetrieval urlContext codeExecution fileSearch googleMaps computerUse functionCallingConfig
  allowedFunctionNames includeServerSideToolInvocations retrievalConfig responseId modelVersion createTime
  usageMetadata promptFeedback blockReason blockReasonMessage finishReason finishMessage safetyRatings
  citationMetadata citationSources groundingMetadata groundingChunks groundingSupports groundingChunkIndices
  webSearchQueries searchEntryPoint startIndex endIndex urlContextMetadata logprobsResult topCandidates
  chosenCandidates logProbability avgLogprobs tokenCount promptTokenCount candidatesTokenCount totalTokenCount
  cachedContentTokenCount thoughtsTokenCount toolUsePromptTokenCount promptTokensDetails candidatesTokensDetails`;

const camel: ReadonlyMap<string, string> = new Map(
  [...requestFields, ...configFields, ...declarationFields, ...names.split(/\s+/)].map((name) => [
    name.replace(/[A-Z]/g, (sign) => `_${sign.toLowerCase()}`),
    name,
  ]),
);

/** Values whose keys are not Google's: arguments, results, labels, schemas (which have a reader of their own). */
const foreign = new Set(['args', 'response', 'labels', 'parameters', 'parametersJsonSchema']);
const foreignToo = new Set(['responseSchema', 'responseJsonSchema', 'metadata']);

/** The same with names in camelCase; Google takes both spellings everywhere, but not both at once. */
export function toCamel(value: JsonObject, at = ''): JsonObject {
  let changed = false;
  const entries: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    const name = key.includes('_') ? (camel.get(key) ?? key) : key;
    if (name !== key && value[name] !== undefined) {
      throw new GatewayError('duplicate_key', `"${join(at, name)}" stands there in both spellings.`, {
        param: join(at, name),
      });
    }
    const kept = foreign.has(name) || foreignToo.has(name) ? member : convert(member, join(at, name));
    changed ||= name !== key || kept !== member;
    entries.push([name, kept]);
  }
  return changed ? Object.fromEntries(entries) : value;
}

function convert(value: unknown, at: string): unknown {
  if (isObject(value)) return toCamel(value, at);
  if (!Array.isArray(value)) return value;
  const list = value as unknown[];
  const converted = list.map((entry, index) => convert(entry, `${at}[${index}]`));
  return converted.every((entry, index) => entry === list[index]) ? value : converted;
}
