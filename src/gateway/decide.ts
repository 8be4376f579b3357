// Facts → the plan of upstream calls. Deciding and applying what it asks of the world happen in one synchronous turn, so
// that fifty concurrent requests do not all see the same rotation.
import { GatewayError } from '../errors.ts';
import { decide } from '../routing/decide.ts';
import type { RoutePlan } from '../routing/decision.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { readFacts } from './facts.ts';
import { stayHome } from './recall.ts';

/** Throws the refusal as a GatewayError; sets `facts` and `reasons`. */
export function decideCall(gateway: Gateway, exchange: Exchange): RoutePlan {
  const { clock, random, world } = gateway;
  const { snapshot } = exchange;
  const facts = readFacts(exchange);
  exchange.facts = facts;
  stayHome(gateway, exchange, facts);
  const decision = decide({ snapshot, facts, world, now: clock.now(), random });
  exchange.reasons = decision.reasons;
  if (decision.target?.kind === 'combo') exchange.combo = decision.target.combo;
  exchange.noLog = decision.noLog ?? false;
  if (decision.kind === 'refuse') {
    const { code, message, retryAfter } = decision;
    throw new GatewayError(code, message, {
      param: 'model',
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  }
  if (decision.effects.length > 0) world.apply(decision.effects);
  exchange.marks.decide = clock.monotonic() - exchange.began;
  return decision;
}
