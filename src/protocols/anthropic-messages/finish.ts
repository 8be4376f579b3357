// How an answer ended, in the words of Messages and of the hub, and the id that it goes by.
import type { Finish, FinishReason } from '../../ir/events.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { EncodeContext } from '../protocol.ts';

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  max_tokens: 'length',
  stop_sequence: 'stop-sequence',
  tool_use: 'tool-calls',
  pause_turn: 'pause',
  compaction: 'pause',
  refusal: 'refusal',
  model_context_window_exceeded: 'context',
};

/** `delta` of a message_delta, or a whole message. What the content says wins over a natural end. */
export function decodeFinish(delta: JsonObject, calls: number): Finish {
  const { stop_reason: word, stop_sequence: sequence, stop_details: details } = delta;
  const named = typeof word === 'string' ? (reasons[word] ?? 'other') : 'other';
  const reason = calls > 0 && (named === 'stop' || named === 'other') ? 'tool-calls' : named;
  const told = isObject(details) ? details : {};
  return defined({
    reason: calls === 0 && reason === 'tool-calls' ? 'stop' : reason,
    stopSequence: typeof sequence === 'string' ? sequence : undefined,
    explanation: typeof told['explanation'] === 'string' ? told['explanation'] : undefined,
    category: typeof told['category'] === 'string' ? told['category'] : undefined,
  });
}

/** `refused`: the answer holds a refusal in words, which other wires do not name as their reason. */
export function encodeFinish(finish: Finish, refused: boolean): JsonObject {
  const reason = refused && finish.reason === 'stop' ? 'refusal' : finish.reason;
  const sequence = finish.stopSequence ?? null;
  if (reason === 'refusal') {
    const { category = null, explanation = null } = finish;
    const details = { type: 'refusal', category, explanation };
    return { stop_reason: 'refusal', stop_sequence: null, stop_details: details };
  }
  return { stop_reason: spell(reason, sequence), stop_sequence: sequence };
}

function spell(reason: FinishReason, sequence: string | null): string {
  switch (reason) {
    case 'length':
      return 'max_tokens';
    case 'context':
      return 'model_context_window_exceeded';
    case 'tool-calls':
      return 'tool_use';
    case 'pause':
      return 'pause_turn';
    case 'stop-sequence':
      return sequence === null ? 'end_turn' : 'stop_sequence';
    default:
      return 'end_turn';
  }
}

/** Ids of other vendors keep what is theirs behind the prefix that Anthropic's clients expect. */
export function encodeAnswerId(id: string, context: EncodeContext): string {
  if (id === '') return context.newId('msg_');
  return id.startsWith('msg_') ? id : `msg_${id.replace(/^(chatcmpl-|resp_)/, '')}`;
}
