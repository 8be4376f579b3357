// What an answer is told to be that cannot be passed on.
import type { UpstreamFailure } from '../errors.ts';
import type { Protocol } from '../protocols/protocol.ts';

/** `what` completes "The upstream …". */
export function broken(what: string): UpstreamFailure {
  return { class: 'upstream', message: `The upstream ${what}.` };
}

export function late(message: string): UpstreamFailure {
  return { class: 'timeout', message };
}

/** One JSON object where a stream was asked for: an error as a rule, which then says what is wrong. */
export function readObject(wire: Protocol, chunks: readonly Uint8Array[]): UpstreamFailure {
  const pipe = wire.peek.unaryPipe();
  for (const chunk of chunks) pipe.push(chunk);
  return pipe.end().failure ?? broken('answered with one object where a stream was asked for');
}
