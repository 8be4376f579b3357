// Log probabilities of tokens, one entry each, as OpenAI's wires write them.
import type { TokenProbability } from '../../ir/events.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

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

/** `noBytes`: what stands where the bytes of a token are not known. */
export function encodeLogprobs(
  tokens: readonly TokenProbability[],
  noBytes: readonly number[] | null,
): readonly JsonObject[] {
  const spell = ({ token, logprob, bytes }: Omit<TokenProbability, 'alternatives'>) => ({
    token,
    logprob,
    bytes: bytes ?? noBytes,
  });
  return tokens.map((entry) => ({ ...spell(entry), top_logprobs: entry.alternatives.map(spell) }));
}
