// What some hosts of a wire do not have (compaction). A path is tried once, then the host gets what it means as a plain call
// of the same wire for as long as its endpoint stands in the configuration. A wish inside a body is not even refused by
// hosts that do not know it, therefore only those get it that are known to.
import type { UpstreamFailure } from '../errors.ts';
import { latin1 } from '../lib/bytes.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Endpoint, Provider } from '../routing/snapshot.ts';
import type { Exchange } from './exchange.ts';

const without = new WeakSet<Endpoint>();

/** Whether the body may pass through: same wire on both sides, and the host has what is asked of it. */
export function passesThrough(exchange: Exchange, { endpoint, provider }: Attempt): boolean {
  const { protocol } = exchange;
  if (endpoint.protocol !== protocol.name) return false;
  if (protocol.optional) return !without.has(endpoint);
  return !(protocol.name === 'openai-responses' && wantsCompaction(exchange)) || isCompactor(provider);
}

/** Catalog entries whose Responses hosts compact conversations themselves. */
const compactors: ReadonlySet<string> = new Set(['openai']);

function isCompactor({ catalog }: Provider): boolean {
  return catalog !== undefined && compactors.has(catalog);
}

// The trigger is the last item of the input, or it is none.
function wantsCompaction({ body, peek }: Exchange): boolean {
  const input = peek?.spans['input'];
  if (!body || !input) return false;
  const tail = body.subarray(Math.max(input.start, input.end - 200), input.end);
  return /"type"\s*:\s*"compaction_trigger"[^{}]*\}\s*\]$/.test(latin1(tail));
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
