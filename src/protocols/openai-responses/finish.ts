// How an answer ended, in the words of Responses and of the hub, and the id that it goes by.
import type { UpstreamFailure } from '../../errors.ts';
import type { Finish, FinishReason } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { EncodeContext } from '../protocol.ts';

/** The failure that a response object reports, in a body or in the event that ends a stream. */
export function readFailedResponse(response: JsonObject): UpstreamFailure | undefined {
  const { status, error } = response;
  if (isObject(error) || typeof error === 'string')
    return readInnerFailure({ error }) ?? brokenAnswer('The upstream reported an error.');
  if (status === 'failed') return brokenAnswer('The upstream failed to answer.');
  return status === 'cancelled' ? brokenAnswer('The upstream cancelled the answer.') : undefined;
}

/** What the content says wins over a natural end; there is no word for it. */
export function decodeFinish(response: JsonObject, calls: number): Finish {
  const { status, incomplete_details: details } = response;
  const reason = isObject(details) ? details['reason'] : undefined;
  if (status === 'incomplete' || typeof reason === 'string') {
    if (reason === 'max_output_tokens' || reason === 'max_tokens') return { reason: 'length' };
    return { reason: reason === 'content_filter' ? 'refusal' : 'other' };
  }
  return { reason: calls > 0 ? 'tool-calls' : 'stop' };
}

/** `status` of a response, and why it is incomplete. */
export function encodeFinish(reason: FinishReason): {
  readonly status: 'completed' | 'incomplete';
  readonly incomplete_details: { readonly reason: string } | null;
} {
  switch (reason) {
    case 'length':
    case 'context':
      return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
    case 'refusal':
      return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
    default:
      return { status: 'completed', incomplete_details: null };
  }
}

/** Conversations are continued by this id, so that it must be unlike every other: hosts count up, or draw from a hat. */
export function encodeAnswerId(id: string, context: EncodeContext): string {
  return id.startsWith('resp_') ? id : context.newId('resp_');
}
