// What stands beside the text of an answer: citations, log probabilities, generated images.
import type { TokenProbability } from '../../ir/events.ts';
import type { Citation, Part } from '../../ir/parts.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { decodeLogprobs as decodeTokens, encodeLogprobs as encodeTokens } from '../openai/logprobs.ts';

export function decodeCitation(value: unknown): Citation | undefined {
  const found = isObject(value) ? value['url_citation'] : undefined;
  if (!isObject(found) || typeof found['url'] !== 'string') return undefined;
  const { url, title, start_index: start, end_index: end } = found;
  return defined({
    kind: 'url' as const,
    url,
    title: typeof title === 'string' ? title : undefined,
    start: typeof start === 'number' ? start : undefined,
    end: typeof end === 'number' ? end : undefined,
  });
}

/** `offset` is where the cited part begins in the content, `length` how long it is. Only web pages have a form here. */
export function encodeCitation(citation: Citation, offset: number, length: number): JsonObject | undefined {
  if (citation.url === undefined) return undefined;
  return {
    type: 'url_citation',
    url_citation: {
      start_index: offset + (citation.start ?? 0),
      end_index: offset + (citation.end ?? length),
      url: citation.url,
      title: citation.title ?? citation.url,
    },
  };
}

export function decodeLogprobs(value: JsonObject): readonly TokenProbability[] {
  return decodeTokens(value['content']);
}

export function encodeLogprobs(tokens: readonly TokenProbability[]): JsonObject {
  return { content: encodeTokens(tokens, null), refusal: null };
}

/** The extension by which OpenRouter and its clients carry generated images. */
export function encodeImage(part: Part): JsonObject[] {
  if (part.kind !== 'image' || (part.source.kind !== 'data' && part.source.kind !== 'url')) return [];
  const url =
    part.source.kind === 'url' ? part.source.url : `data:${part.source.mediaType};base64,${part.source.data}`;
  return [{ type: 'image_url', image_url: { url } }];
}
