// The last stage, exactly once per request: usage or its estimate, the price, one row for the ledger.
import type { Facts } from '../routing/facts.ts';
import type { TokenCounts, UsageRow } from '../routing/ports.ts';
import { sessionIdOf } from '../routing/world/sessions.ts';
import { chargeTokens } from './admit.ts';
import { describeRequest } from './event.ts';
import { stages, type Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { retainable } from './retainable.ts';

/** Writes the row of a call. Requests that never got past the door (no principal) leave none: anybody could fill a disk. */
export function settle(gateway: Gateway, exchange: Exchange): void {
  const { principal, route } = exchange;
  if (!principal || (route.operation !== 'chat' && route.operation !== 'embeddings')) return;
  const tokens = exchange.usage ?? estimateTokens(exchange);
  if (exchange.cost === null) priceCall(gateway, exchange);
  const row = renderRow(gateway, exchange, tokens);
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

function renderRow({ secrets }: Gateway, exchange: Exchange, tokens: TokenCounts): UsageRow {
  const { principal, attempt, marks, route } = exchange;
  const answered = marks.first === undefined ? undefined : attempt;
  const kept = retainable(exchange);
  return {
    requestId: exchange.id,
    at: exchange.at,
    revision: exchange.snapshot.revision,
    secretEpoch: secrets.epoch,
    key: principal!.key ?? null,
    protocol: route.protocol,
    operation: route.operation,
    requestedModel: kept ? (exchange.peek?.model ?? '') : '',
    provider: answered?.provider.id ?? null,
    connection: answered?.connection.id ?? null,
    model: answered?.model ?? null,
    facts: kept && exchange.facts ? renderFacts(exchange.facts) : '{}',
    reasons: kept ? JSON.stringify(exchange.reasons) : '[]',
    attempts: JSON.stringify(exchange.attempts),
    tokens,
    cost: exchange.cost,
    estimated: exchange.usage === undefined && answered !== undefined,
    marks: renderMarks(exchange),
    status: exchange.errorCode === 'client_closed_request' ? 499 : exchange.status,
    errorCode: exchange.errorCode ?? null,
    stream: exchange.stream,
  };
}

// What other columns of the row say already is left out: a row is written for every request, its size is its price.
function renderFacts({ model, protocol, operation, stream, principal, ...rest }: Facts): string {
  return JSON.stringify(rest);
}

function renderMarks({ marks }: Exchange): string {
  let text = '';
  for (const stage of stages) {
    const mark = marks[stage];
    if (mark !== undefined) text += `${text === '' ? '' : ','}"${stage}":${mark.toFixed(2)}`;
  }
  return `{${text}}`;
}
