// A word or a status of a script → what an upstream does with one call, and the status that the client gets to see. Tests
// hold both tables to the readers and the envelopes of the wires.
import {
  classOfStatus,
  errorTable,
  statusOfClass,
  type ErrorCode,
  type UpstreamFailure,
} from '../../errors.ts';
import type { ProtocolName } from '../../protocols/capabilities.ts';
import type { UpstreamAnswer } from '../course.ts';

export interface ScriptedTimes {
  /** Milliseconds. */
  readonly firstToken: number;
  readonly takes: number;
  readonly retryAfter?: number;
}

/** Without times everything happens at once. */
const atOnce: ScriptedTimes = { firstToken: 0, takes: 0 };

/**
 * `cut` and `stall` hit an answer that has begun. A stream has shown its beginning by then; of an unstreamed answer the
 * client has seen nothing, so that another candidate can still answer.
 */
export function readOutcome(
  word: string | number,
  stream: boolean,
  times: ScriptedTimes = atOnce,
): UpstreamAnswer {
  const { firstToken, takes, retryAfter } = times;
  if (word === 'ok' || (typeof word === 'number' && word < 400))
    return { kind: 'success', firstToken, takes };
  const failure: UpstreamFailure = {
    ...describeFailure(word),
    ...(retryAfter !== undefined && { retryAfter }),
  };
  if (stream && (word === 'cut' || word === 'stall')) return { kind: 'broken', failure, firstToken, takes };
  return { kind: 'failure', failure, takes };
}

const words: Readonly<Record<string, UpstreamFailure>> = {
  connection: { class: 'connection', message: 'No connection.' },
  timeout: { class: 'timeout', message: 'No answer in time.' },
  cut: { class: 'upstream', message: 'The answer broke off.' },
  stall: { class: 'timeout', message: 'The answer stopped.' },
  'too-long': { class: 'context_length', status: 400, message: 'The prompt is too long.' },
  blocked: { class: 'content_policy', status: 400, message: 'The content is refused.' },
};

function describeFailure(word: string | number): UpstreamFailure {
  if (typeof word === 'string')
    return words[word] ?? { class: 'upstream', message: `Unknown outcome ${word}.` };
  const kind = classOfStatus[word] ?? (word < 500 ? 'invalid_request' : 'upstream');
  return { class: kind, status: word, message: `The upstream answered ${word} without a body.` };
}

/** The status of the last failure, in the envelope of the client's protocol. */
export function showFailure({ class: kind, status }: UpstreamFailure, protocol: ProtocolName): number {
  if (protocol === 'anthropic-messages') {
    if (kind === 'upstream' && (status ?? 0) >= 500) return status!;
    if (kind === 'billing') return 402;
    return kind === 'overloaded' ? 529 : statusOfClass[kind];
  }
  const known = status !== undefined && status >= 400 && status < 600 && status !== 529 && status !== 402;
  return known ? status : statusOfClass[kind];
}

/** The status of an error of the gateway itself. */
export function showError(code: ErrorCode, protocol: ProtocolName): number {
  const { status } = errorTable[code];
  if (protocol !== 'anthropic-messages') return status;
  return status === 503 ? 529 : status === 422 ? 400 : status;
}
