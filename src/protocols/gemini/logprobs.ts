// Log probabilities of Gemini ⇄ the hub.
import type { TokenProbability } from '../../ir/events.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

export function decodeLogprobs(value: JsonObject): readonly TokenProbability[] {
  const top = list(value['topCandidates']);
  return list(value['chosenCandidates']).map((chosen, index) => ({
    ...decodeToken(chosen),
    alternatives: list(top[index]?.['candidates']).map(decodeToken),
  }));
}

function decodeToken({ token, logProbability }: JsonObject): Omit<TokenProbability, 'alternatives'> {
  const text = typeof token === 'string' ? token : '';
  return {
    token: text,
    logprob: typeof logProbability === 'number' ? logProbability : -9999,
    bytes: [...new TextEncoder().encode(text)],
  };
}

export function encodeLogprobs(tokens: readonly TokenProbability[]): JsonObject {
  const spell = ({ token, logprob }: Omit<TokenProbability, 'alternatives'>) => ({
    token,
    logProbability: logprob,
  });
  return {
    chosenCandidates: tokens.map(spell),
    topCandidates: tokens.map(({ alternatives }) => ({ candidates: alternatives.map(spell) })),
  };
}

function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isObject) : [];
}
