// The one rule about what may be kept: whatever wants to store, log or show something of a request asks here.
import type { Exchange } from './exchange.ts';

/**
 * Whether texts and facts of this request may outlive it. False for `noLog` keys and policies: then stores, logs and
 * reports get counters, codes and the names of the configuration, and nothing that the client or the upstream wrote.
 */
export function retainable({ principal, noLog }: Pick<Exchange, 'principal' | 'noLog'>): boolean {
  return !noLog && principal?.noLog !== true;
}

/** A fault as it may be reported: of a request that leaves no trace only its kind and place, messages may quote it. */
export function retainableFault(error: unknown, exchange: Pick<Exchange, 'principal' | 'noLog'>): unknown {
  if (retainable(exchange)) return error;
  const kind = error instanceof Error ? error.name : typeof error;
  const silent = new Error(`${kind} in a request that leaves no trace`);
  silent.stack = [`${silent.name}: ${silent.message}`, ...listFrames(error)].join('\n');
  return silent;
}

/** Where it was thrown. What stands before the frames is the message, whatever lines it has. */
function listFrames(error: unknown): readonly string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  const { stack, message } = error;
  const begin = stack.indexOf(message);
  if (begin < 0) return [];
  return stack
    .slice(begin + message.length)
    .split('\n')
    .filter((line) => line.startsWith('    at '));
}
