// Failures of Responses: OpenAI's envelope, in a stream as an `error` event, which every client raises; `response.failed`
// passes unnoticed through some SDKs (protocols §3.6).
import { createOpenAiErrors } from '../openai/errors.ts';

/** Higher than any event before it: the frame is written where the stream's own count is not known. */
const lastNumber = 2_147_483_647;

export const errors = createOpenAiErrors((error) => {
  const { code, message, param } = error;
  // The published schema is flat, the real API nests, and clients read one or the other.
  const event = { type: 'error', sequence_number: lastNumber, code, message, param, error };
  return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
});
