// The orderly end: no new connection, 503 for new requests, time for the running ones.
import type { Gateway } from '../gateway/gateway.ts';
import type { Listening } from './listen.ts';

/** Milliseconds that the error frames of requests which were cut have to leave. */
const lastWords = 500;

/**
 * Resolves when nothing runs any more and every row is with the ledger; its owner closes it, which takes a bounded time
 * where a flush waits for a full disk without end. Running requests get `milliseconds`; true when all of them finished.
 */
export async function drain(
  { deadlines, lifecycle, timers, tokens, transport }: Gateway,
  listening: readonly Listening[],
  milliseconds: number,
): Promise<boolean> {
  lifecycle.drain();
  const closed = Promise.all(listening.map((each) => each.close()));
  const finished = await new Promise<boolean>((resolve) => {
    const cancel = timers.after(milliseconds, () => resolve(false));
    void lifecycle.whenIdle().then(() => {
      cancel();
      resolve(true);
    });
  });
  deadlines.interrupt();
  // Whoever still has tokens counted is told so now; a job may take longer than a drain.
  await tokens.close();
  // The last words of those that were cut are on their way; whoever does not read them is not waited for.
  const cancel = timers.after(lastWords, () => listening.forEach((each) => each.breakOff()));
  await closed;
  cancel();
  // Broken-off requests settle in a later turn; their rows belong into the ledger too.
  await lifecycle.whenIdle();
  await transport.close(1_000);
  return finished;
}
