// How an answer ended, in the words of Gemini and of the hub, and the id that it goes by.
import type { Finish, FinishReason } from '../../ir/events.ts';
import { defined } from '../../lib/json.ts';

/** Words for a filter that acted on the prompt or on the answer. */
const refusals: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
]);

const reasons: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  CONTINUATION: 'pause',
};

/** STOP also stands behind calls; a length stays a length. */
export function decodeFinish(word: string, message: string | undefined, calls: number): Finish {
  if (refusals.has(word)) return refuse(word, message);
  const named = reasons[word] ?? 'other';
  if (calls > 0 && (named === 'stop' || named === 'other')) return { reason: 'tool-calls' };
  return { reason: named };
}

/** A prompt that was blocked has no candidate at all. */
export function decodeBlock(word: string, message: string | undefined): Finish {
  return refuse(word, message);
}

function refuse(word: string, explanation: string | undefined): Finish {
  return defined({
    reason: 'refusal' as const,
    explanation,
    // Says no more than the reason itself.
    category: word === 'SAFETY' ? undefined : word,
  });
}

/** Words for a call that cannot be read; without content before it there is no answer. */
export function isMalformed(word: string): boolean {
  return word.startsWith('MALFORMED_') || word === 'UNEXPECTED_TOOL_CALL';
}

export function encodeFinish({ reason, category }: Finish, refused: boolean): string {
  switch (reason) {
    case 'length':
    case 'context':
      return 'MAX_TOKENS';
    case 'refusal':
      return category !== undefined && refusals.has(category) ? category : 'SAFETY';
    case 'pause':
      return 'CONTINUATION';
    case 'other':
      return 'OTHER';
    default:
      return refused ? 'SAFETY' : 'STOP';
  }
}
