// Path and method → what is asked, and in which wire's words errors are told.
import type { Ask } from './ask.ts';
import type { JsonObject } from './json.ts';
import {
  anthropicModel,
  embedGemini,
  embedGeminiBatch,
  embedOllama,
  embedOllamaOnce,
  embedOpenAi,
  geminiModel,
  listAnthropic,
  listGemini,
  listOllama,
  listOpenAi,
  openAiModel,
  showOllama,
} from './lists.ts';
import { readMessages } from './reading/anthropic-messages.ts';
import { readGenerate } from './reading/gemini.ts';
import { readOllamaChat, readOllamaGenerate } from './reading/ollama.ts';
import { readChat } from './reading/openai-chat.ts';
import { readResponses } from './reading/openai-responses.ts';
import { messagesWire } from './wires/anthropic-messages.ts';
import { geminiArrayWire, geminiWire } from './wires/gemini.ts';
import { ollamaChatWire, ollamaGenerateWire } from './wires/ollama.ts';
import { chatWire } from './wires/openai-chat.ts';
import { responsesWire } from './wires/openai-responses.ts';
import type { Wire } from './wires/wire.ts';

export type Route = {
  /** Whose error envelope applies. */
  readonly wire: Wire;
  /** The model where the path names it. */
  readonly model?: string;
} & (
  | { readonly kind: 'unknown' }
  /** A WebSocket that is refused, so that clients fall back at once. */
  | { readonly kind: 'upgrade' }
  /** A chat turn. */
  | { readonly kind: 'chat'; read(body: JsonObject): Ask }
  | { readonly kind: 'count'; read(body: JsonObject): Ask; answer(tokens: number): JsonObject }
  /** Answered from the body alone. */
  | { readonly kind: 'direct'; answer(body: JsonObject): JsonObject }
  /** Answered without a body, from the list of models. */
  | { readonly kind: 'fixed'; answer(models: readonly string[]): JsonObject }
);

/** @param path - with query; any prefix may stand in front of the parts that count. */
export function matchRoute(method: string, path: string, headers: Readonly<Record<string, string>>): Route {
  const cut = path.indexOf('?');
  const name = decode(cut < 0 ? path : path.slice(0, cut));
  const query = new URLSearchParams(cut < 0 ? '' : path.slice(cut + 1));
  return method === 'POST' ? matchPost(name, query) : matchGet(name, headers, query);
}

function matchPost(name: string, query: URLSearchParams): Route {
  const verb = /(?:\/v1(?:beta\w*)?)?(?:\/models)?\/([^:]+(?::[^:/]+)*):(\w+)$/.exec(name);
  if (verb) return matchVerb(verb[1] ?? '', verb[2] ?? '', query);
  if (name.endsWith('/chat/completions')) return { kind: 'chat', wire: chatWire, read: readChat };
  if (name.endsWith('/responses')) return { kind: 'chat', wire: responsesWire, read: readResponses };
  if (name.endsWith('/responses/input_tokens')) {
    const answer = (tokens: number) => ({ object: 'response.input_tokens', input_tokens: tokens });
    return { kind: 'count', wire: responsesWire, read: readResponses, answer };
  }
  if (name.endsWith('/messages/count_tokens')) {
    const read = (body: JsonObject) => readMessages(body, true);
    return { kind: 'count', wire: messagesWire, read, answer: (tokens) => ({ input_tokens: tokens }) };
  }
  if (name.endsWith('/messages'))
    return { kind: 'chat', wire: messagesWire, read: (body) => readMessages(body) };
  if (name.endsWith('/api/embeddings'))
    return { kind: 'direct', wire: ollamaChatWire, answer: embedOllamaOnce };
  if (name.endsWith('/embeddings')) return { kind: 'direct', wire: chatWire, answer: embedOpenAi };
  if (name.endsWith('/api/chat')) return { kind: 'chat', wire: ollamaChatWire, read: readOllamaChat };
  if (name.endsWith('/api/generate'))
    return { kind: 'chat', wire: ollamaGenerateWire, read: readOllamaGenerate };
  if (name.endsWith('/api/embed')) return { kind: 'direct', wire: ollamaChatWire, answer: embedOllama };
  if (name.endsWith('/api/show')) return { kind: 'direct', wire: ollamaChatWire, answer: showOllama };
  return { kind: 'unknown', wire: chatWire };
}

function matchVerb(model: string, verb: string, query: URLSearchParams): Route {
  const wire = verb === 'streamGenerateContent' && query.get('alt') !== 'sse' ? geminiArrayWire : geminiWire;
  const stream = verb === 'streamGenerateContent';
  const read = (body: JsonObject) => readGenerate(body, { model, stream });
  switch (verb) {
    case 'generateContent':
    case 'streamGenerateContent':
      return { kind: 'chat', wire, model, read };
    case 'countTokens': {
      const inner = (body: JsonObject): Ask =>
        read((body['generateContentRequest'] as JsonObject | undefined) ?? body);
      const answer = (tokens: number) => ({
        totalTokens: tokens,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }],
      });
      return { kind: 'count', wire, model, read: inner, answer };
    }
    case 'embedContent':
      return { kind: 'direct', wire, model, answer: embedGemini };
    case 'batchEmbedContents':
      return { kind: 'direct', wire, model, answer: embedGeminiBatch };
    default:
      return { kind: 'unknown', wire };
  }
}

function matchGet(name: string, headers: Readonly<Record<string, string>>, query: URLSearchParams): Route {
  if (name.endsWith('/responses') && headers['upgrade'] !== undefined)
    return { kind: 'upgrade', wire: responsesWire };
  if (name.endsWith('/api/tags')) return { kind: 'fixed', wire: ollamaChatWire, answer: listOllama };
  if (name.endsWith('/api/version'))
    return { kind: 'fixed', wire: ollamaChatWire, answer: () => ({ version: '0.14.0' }) };
  if (name.endsWith('/api/ps'))
    return { kind: 'fixed', wire: ollamaChatWire, answer: () => ({ models: [] }) };
  const match = /\/models(?:\/(.+))?$/.exec(name);
  if (!match) return { kind: 'unknown', wire: chatWire };
  const one = match[1];
  // Three vendors share this path; the headers tell who is asking.
  if (headers['anthropic-version'] !== undefined) {
    return {
      kind: 'fixed',
      wire: messagesWire,
      answer: one === undefined ? listAnthropic : () => anthropicModel(one),
    };
  }
  if (name.includes('/v1beta') || headers['x-goog-api-key'] !== undefined || query.has('key')) {
    return {
      kind: 'fixed',
      wire: geminiWire,
      answer: one === undefined ? listGemini : () => geminiModel(one),
    };
  }
  return { kind: 'fixed', wire: chatWire, answer: one === undefined ? listOpenAi : () => openAiModel(one) };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
