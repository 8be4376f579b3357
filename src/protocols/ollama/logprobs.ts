// Log probabilities of an answer ⇄ the hub; the same members as OpenAI's, as a bare list.
import type { TokenProbability } from '../../ir/events.ts';
import { defined, isObject, type JsonObject } from '../../lib/json.ts';

type Token = Omit<TokenProbability, 'alternatives'>;

export function decodeLogprobs(value: unknown): readonly TokenProbability[] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).filter(isObject).map((entry) => ({
    ...decodeToken(entry),
    alternatives: Array.isArray(entry['top_logprobs'])
      ? (entry['top_logprobs'] as unknown[]).filter(isObject).map(decodeToken)
      : [],
  }));
}

function decodeToken({ token, logprob, bytes }: JsonObject): Token {
  return defined({
    token: typeof token === 'string' ? token : '',
    logprob: typeof logprob === 'number' ? logprob : -9999,
    bytes: Array.isArray(bytes) ? (bytes as readonly number[]) : undefined,
  });
}

export function encodeLogprobs(tokens: readonly TokenProbability[]): readonly JsonObject[] {
  return tokens.map((entry) =>
    defined({
      ...encodeToken(entry),
      top_logprobs: entry.alternatives.length > 0 ? entry.alternatives.map(encodeToken) : undefined,
    }),
  );
}

function encodeToken({ token, logprob, bytes }: Token): JsonObject {
  return defined({ token, logprob, bytes: bytes ?? undefined });
}
