// Ollama's counts ⇄ the hub's: the prompt as evaluated, the answer as generated. A prompt that was cached may count 0.
import { readCount, type Usage } from '../../ir/usage.ts';
import { defined, type JsonObject } from '../../lib/json.ts';

/** The counts of a last line or whole answer; undefined when it holds none. */
export function decodeUsage(value: JsonObject): Usage | undefined {
  const input = readCount(value['prompt_eval_count']);
  const output = readCount(value['eval_count']);
  return input === undefined && output === undefined ? undefined : defined({ input, output });
}

export function encodeUsage(usage: Usage | undefined): JsonObject {
  return defined({ prompt_eval_count: usage?.input, eval_count: usage?.output });
}
