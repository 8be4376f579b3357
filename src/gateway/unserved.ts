// Paths of a wire that some of its hosts do not have (compaction). Such a host is asked once, then gets what the path means
// as a plain call of the same wire for as long as its endpoint stands in the configuration.
import type { UpstreamFailure } from '../errors.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Endpoint } from '../routing/snapshot.ts';
import type { Exchange } from './exchange.ts';

const without = new WeakSet<Endpoint>();

/** Whether the body may pass through: same wire on both sides, and the host has this path of it. */
export function passesThrough({ protocol }: Exchange, endpoint: Endpoint): boolean {
  return endpoint.protocol === protocol.name && !(protocol.optional && without.has(endpoint));
}

/** Whether this attempt is worth one more call, because its host turned out not to have the path. */
export function learnUnserved(
  { protocol }: Exchange,
  { endpoint }: Attempt,
  { class: kind, status }: UpstreamFailure,
): boolean {
  if (!protocol.optional || endpoint.protocol !== protocol.name || without.has(endpoint)) return false;
  if (kind !== 'unsupported' || status === undefined) return false;
  without.add(endpoint);
  return true;
}
