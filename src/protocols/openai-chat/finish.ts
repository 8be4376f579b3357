// How an answer ended, in the words of Chat and of the hub, and the id that it goes by.
import type { Finish, FinishReason } from '../../ir/events.ts';
import type { EncodeContext } from '../protocol.ts';

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop-sequence',
  length: 'length',
  max_tokens: 'length',
  model_length: 'context',
  tool_calls: 'tool-calls',
  tool_use: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'refusal',
  safety: 'refusal',
};

/** What the content says wins: some servers finish a call with `stop`. A length stays a length. */
export function decodeFinish(word: string | undefined, calls: number): Finish {
  const named = word === undefined ? 'stop' : (finishReasons[word.toLowerCase()] ?? 'other');
  if (calls > 0 && (named === 'stop' || named === 'other')) return { reason: 'tool-calls' };
  return { reason: calls === 0 && named === 'tool-calls' ? 'stop' : named };
}

export function encodeFinish(reason: FinishReason, legacy: boolean): string {
  switch (reason) {
    case 'length':
    case 'context':
      return 'length';
    case 'tool-calls':
      return legacy ? 'function_call' : 'tool_calls';
    case 'refusal':
      return 'content_filter';
    default:
      return 'stop';
  }
}

/** Ids of other vendors keep what is theirs behind the prefix that Chat clients expect. */
export function encodeAnswerId(id: string, context: EncodeContext): string {
  if (id === '') return context.newId('chatcmpl-');
  return id.startsWith('chatcmpl-') ? id : `chatcmpl-${id.replace(/^(msg_|resp_)/, '')}`;
}
