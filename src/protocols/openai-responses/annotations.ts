// What stands beside the text of an answer: citations and log probabilities.
import type { TokenProbability } from '../../ir/events.ts';
import type { Citation } from '../../ir/parts.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { wire } from './wire.ts';

/** Undefined for what is no annotation. */
export function decodeCitation(value: unknown): Citation | undefined {
  if (!isObject(value) || typeof value['type'] !== 'string') return undefined;
  const { url, title, filename, start_index: start, end_index: end } = value;
  const link = typeof url === 'string' ? url : undefined;
  return defined({
    kind: link === undefined ? ('document' as const) : ('url' as const),
    url: link,
    title: typeof title === 'string' ? title : typeof filename === 'string' ? filename : undefined,
    start: typeof start === 'number' ? start : undefined,
    end: typeof end === 'number' ? end : undefined,
    raw: { wire, value },
  });
}

/** `length`: of the text that is cited. Only web pages have a form for others' citations. */
export function encodeCitation(citation: Citation, length: number): JsonObject | undefined {
  if (citation.raw?.wire === wire && isObject(citation.raw.value)) return citation.raw.value;
  const { url, title, start = 0, end = length } = citation;
  if (url === undefined) return undefined;
  return { type: 'url_citation', url, title: title ?? url, start_index: start, end_index: end };
}

export function decodeLogprobs(value: unknown): readonly TokenProbability[] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).filter(isObject).map((entry) => ({
    ...decodeToken(entry),
    alternatives: Array.isArray(entry['top_logprobs'])
      ? entry['top_logprobs'].filter(isObject).map(decodeToken)
      : [],
  }));
}

function decodeToken(entry: JsonObject): Omit<TokenProbability, 'alternatives'> {
  const { token, logprob, bytes } = entry;
  return defined({
    token: typeof token === 'string' ? token : '',
    logprob: typeof logprob === 'number' ? logprob : -9999,
    bytes: bytes === null || Array.isArray(bytes) ? (bytes as readonly number[] | null) : undefined,
  });
}

export function encodeLogprobs(tokens: readonly TokenProbability[]): readonly JsonObject[] {
  const spell = ({ token, logprob, bytes }: Omit<TokenProbability, 'alternatives'>) => ({
    token,
    logprob,
    bytes: bytes ?? [],
  });
  return tokens.map((entry) => ({ ...spell(entry), top_logprobs: entry.alternatives.map(spell) }));
}
