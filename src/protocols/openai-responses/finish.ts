// How an answer ended, in the words of Responses and of the hub, and the id that it goes by.
import type { UpstreamFailure } from '../../errors.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** The failure that a response object reports, in a body or in the event that ends a stream. */
export function readFailedResponse(response: JsonObject): UpstreamFailure | undefined {
  const { status, error } = response;
  if (isObject(error) || typeof error === 'string')
    return readInnerFailure({ error }) ?? brokenAnswer('The upstream reported an error.');
  if (status === 'failed') return brokenAnswer('The upstream failed to answer.');
  return status === 'cancelled' ? brokenAnswer('The upstream cancelled the answer.') : undefined;
}
