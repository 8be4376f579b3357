// The last stage, exactly once per request: usage or its estimate, the price, one row for the ledger.
import type { AnswerPipe } from '../protocols/protocol.ts';
import type { TokenCounts } from '../routing/ports.ts';
import { sessionIdOf } from '../routing/world/sessions.ts';
import { chargeTokens } from './admit.ts';
import { describeRequest } from './event.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { retainable } from './retainable.ts';
import { SettledRow } from './settled-row.ts';

/** Writes the row of a call. Requests that never got past the door (no principal) leave none: anybody could fill a disk. */
export function settle(gateway: Gateway, exchange: Exchange): void {
  const { principal, route } = exchange;
  if (!principal || (route.operation !== 'chat' && route.operation !== 'embeddings')) return;
  const tokens = exchange.usage ?? estimateTokens(exchange);
  if (exchange.cost === null) priceCall(gateway, exchange);
  const row = new SettledRow(exchange, tokens, gateway.secrets.epoch);
  gateway.ledger.append(row);
  rememberSession(gateway, exchange);
  chargeTokens(gateway, exchange, (tokens.input ?? 0) + (tokens.output ?? 0));
  gateway.observe?.(describeRequest(exchange, row), exchange.attempts);
}

// Only an answer says where the prompt cache is. What must not be kept is not remembered either: the table is stored.
function rememberSession({ world, clock }: Gateway, exchange: Exchange): void {
  const { facts, attempt, marks, errorCode } = exchange;
  if (facts?.session === undefined || !attempt || marks.first === undefined || errorCode !== undefined)
    return;
  if (!retainable(exchange)) return;
  const session = sessionIdOf(facts.principal.key, facts.session);
  const { connection, target } = attempt;
  world.record({ kind: 'session-served', session, connection: connection.key, target }, clock.now());
}

/**
 * Takes over what an answer says that it used: when it begins, and when it is over. Where one that broke off has counted
 * nothing since it began (its first token may have been announced with its prompt), what it has said counts at least.
 */
export function collectUsage(exchange: Exchange, pipe: AnswerPipe, broken: boolean): void {
  const usage = pipe.usage();
  exchange.outputCharacters = pipe.outputCharacters();
  if (!usage) return;
  const isOld = broken && exchange.usage !== undefined && exchange.usage.output === usage.output;
  const said = isOld ? Math.ceil(exchange.outputCharacters / 4) : 0;
  exchange.usage = said > (usage.output ?? 0) ? { ...usage, output: said } : usage;
}

/** Sets `cost` from the usage so far, or from its estimate. */
export function priceCall(gateway: Gateway, exchange: Exchange): void {
  const { attempt, usage, at } = exchange;
  if (!attempt || exchange.marks.first === undefined) return;
  exchange.cost = gateway.price(attempt.facts?.prices, usage ?? estimateTokens(exchange), at);
}

/** Four bytes of request and four characters of answer a token; exact counting would cost more than the call. */
function estimateTokens({ marks, peek, outputCharacters }: Exchange): TokenCounts {
  if (marks.first === undefined || !peek) return {};
  return { input: peek.inputTokens, output: Math.ceil(outputCharacters / 4) };
}
