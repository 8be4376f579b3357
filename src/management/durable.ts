// Waiting for the state database, but not for ever: a full disk must not leave callers without an answer.
import { GatewayError } from '../errors.ts';

/** Milliseconds. */
const patience = 5_000;

/** Rejects with GatewayError 503 when the write takes longer than anybody waits; it may still be made later. */
export async function untilDurable<Result>(written: Promise<Result>, most = patience): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new GatewayError('state_unavailable', 'The state database takes no writes at the moment.', {
          retryAfter: 5,
        }),
      );
    }, most);
  });
  try {
    return await Promise.race([written, late]);
  } finally {
    clearTimeout(timer);
    // Nobody waits any more for what comes too late.
    written.catch(() => undefined);
  }
}
