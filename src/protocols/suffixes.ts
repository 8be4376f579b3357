// `[1m]` and `-thinking` of a model name, turned into what the upstream's wire says instead.
import { findRules } from './model-rules.ts';
import type { ModelRequest } from '../ir/request.ts';
import type { ProtocolName } from './capabilities.ts';
import type { RequestPeek } from './protocol.ts';

const longContext = { 'anthropic-beta': 'context-1m-2025-08-07' } as const;

export interface SuffixEdits {
  /** Fields of the hub's request. */
  readonly request: Partial<ModelRequest>;
  readonly headers: Readonly<Record<string, string>>;
}

/** For a translated call. A client that already says how to think is not overruled. */
export function suffixEdits(
  suffixes: readonly string[],
  upstream: ProtocolName,
  thinks: boolean,
): SuffixEdits {
  return {
    request:
      suffixes.includes('thinking') && !thinks ? { reasoning: { effort: 'high', mode: 'enabled' } } : {},
    headers: suffixes.includes('1m') && upstream === 'anthropic-messages' ? longContext : {},
  };
}

export interface PassThroughEdits {
  /** Members for `SpliceEdits.insert`. */
  readonly insert?: string;
  /** Headers to join with the client's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/** For a call that passes bytes through. `model` is the id that the upstream expects. */
export function passThroughEdits(
  protocol: ProtocolName,
  model: string,
  suffixes: readonly string[],
  peek: RequestPeek,
): PassThroughEdits {
  const headers = suffixes.includes('1m') && protocol === 'anthropic-messages' ? longContext : {};
  const insert = suffixes.includes('thinking') ? thinkingMember(protocol, model, peek) : undefined;
  return insert === undefined ? { headers } : { insert, headers };
}

function thinkingMember(protocol: ProtocolName, model: string, peek: RequestPeek): string | undefined {
  if (protocol === 'openai-chat')
    return peek.spans['reasoning_effort'] ? undefined : '"reasoning_effort":"high"';
  if (protocol === 'openai-responses')
    return peek.spans['reasoning'] ? undefined : '"reasoning":{"effort":"high"}';
  if (protocol === 'ollama' && !peek.spans['think'])
    return findRules(model).ollamaThinking === 'levels' ? '"think":"high"' : '"think":true';
  if (protocol === 'gemini') return geminiMember(model, peek);
  if (protocol !== 'anthropic-messages' || peek.spans['thinking']) return undefined;
  const { thinking } = findRules(model);
  if (thinking === 'adaptive') return '"thinking":{"type":"adaptive"}';
  const budget = Math.min(16_384, (peek.maxOutputTokens ?? 0) - 1024);
  return thinking === 'budget' && budget >= 1024
    ? `"thinking":{"type":"enabled","budget_tokens":${budget}}`
    : undefined;
}

function geminiMember(model: string, peek: RequestPeek): string | undefined {
  const { geminiThinking, geminiBudgets } = findRules(model);
  if (geminiThinking === 'none' || peek.spans['thinking']) return undefined;
  const config =
    geminiThinking === 'level' ? { thinkingLevel: 'HIGH' } : { thinkingBudget: geminiBudgets[1] };
  return `"generationConfig":${JSON.stringify({ thinkingConfig: { ...config, includeThoughts: true } })}`;
}
