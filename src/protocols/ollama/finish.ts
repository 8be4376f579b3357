// How an answer ended, in Ollama's words and the hub's, and how long it took.
import type { Finish, FinishReason } from '../../ir/events.ts';
import { defined, type JsonObject } from '../../lib/json.ts';

/** What the content says wins: calls end with `stop`, or with no word at all. A length stays a length. */
export function decodeFinish(word: unknown, calls: number): Finish {
  if (word === 'length') return { reason: 'length' };
  return { reason: calls > 0 ? 'tool-calls' : 'stop' };
}

export function encodeFinish(reason: FinishReason): 'stop' | 'length' {
  return reason === 'length' || reason === 'context' ? 'length' : 'stop';
}

/** Edges of one answer, epoch milliseconds. */
export interface Times {
  readonly began: number;
  /** When the first piece came; absent for an answer that came whole. */
  readonly first?: number | undefined;
  readonly ended: number;
}

/** Durations in nanoseconds; like the server, none is written that is zero. */
export function encodeTimes({ began, first = began, ended }: Times): JsonObject {
  return defined({
    total_duration: nanoseconds(ended - began),
    prompt_eval_duration: nanoseconds(first - began),
    eval_duration: nanoseconds(ended - first),
  });
}

function nanoseconds(milliseconds: number): number | undefined {
  return milliseconds > 0 ? Math.round(milliseconds * 1e6) : undefined;
}
