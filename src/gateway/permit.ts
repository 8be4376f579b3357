// Whether an attempt may be begun at this moment: the decision is as old as the attempts that failed since.
import type { UpstreamFailure } from '../errors.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Call, CallEnd } from '../routing/world/world.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';

/**
 * Begins the call in the world, or says why not; a refusal has no status, so that routing knows it as our own.
 * `repeated`: this very attempt failed before; its own rest must not keep it from the repeat that routing decided.
 */
export function permit(
  { world, clock }: Gateway,
  { snapshot, outcomes }: Exchange,
  attempt: Attempt,
  repeated: boolean,
): UpstreamFailure | undefined {
  const now = clock.now();
  const call = callOf(attempt);
  const rest = repeated ? undefined : world.cooldown(call.connection, call.model, now);
  if (rest) return refuse(`${call.connection} rests after ${rest.class}.`, rest.until - now);
  if (world.permit(call, now) === 'wait') {
    return refuse(`The breaker of ${call.connection} is open.`, world.opening(call) - now);
  }
  const retry = outcomes.length > 0;
  if (retry && !world.mayRetry(call.provider, now))
    return refuse(`The retry budget of ${call.provider} is used up.`);
  world.record({ kind: 'call-began', call, retry, retryShare: snapshot.retryShare }, now);
  return undefined;
}

/** Reports the end of a permitted call; every permitted call ends exactly once. */
export function endCall({ world, clock }: Gateway, attempt: Attempt, end: CallEnd): void {
  world.record({ kind: 'call-ended', call: callOf(attempt), end }, clock.now());
}

function callOf({ provider, connection, model }: Attempt): Call {
  return { provider: provider.id, connection: connection.key, model, profile: provider.profile };
}

function refuse(message: string, wait?: number): UpstreamFailure {
  return { class: 'overloaded', message, ...(wait === undefined ? {} : { retryAfter: Math.max(0, wait) }) };
}
