// The last stage, exactly once per request: usage or its estimate, the price, one row for the ledger.
import { renderHundredths } from '../lib/decimals.ts';
import { quoteName } from '../lib/quote-name.ts';
import type { AnswerPipe } from '../protocols/protocol.ts';
import type { Facts } from '../routing/facts.ts';
import type { TokenCounts, UsageRow } from '../routing/ports.ts';
import { renderReasons } from '../routing/reason-text.ts';
import { sessionIdOf } from '../routing/world/sessions.ts';
import { chargeTokens } from './admit.ts';
import { describeRequest } from './event.ts';
import type { Exchange } from './exchange.ts';
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
    reasons: kept ? renderReasons(exchange.reasons) : '[]',
    attempts: renderAttempts(exchange.attempts),
    tokens,
    cost: exchange.cost,
    estimated: exchange.usage === undefined && answered !== undefined,
    marks: renderMarks(exchange),
    status: exchange.errorCode === 'client_closed_request' ? 499 : exchange.status,
    errorCode: exchange.errorCode ?? null,
    stream: exchange.stream,
  };
}

// What other columns of the row say already is left out: a row is written for every request, its size is its price. Put
// together by hand, because a general serializer takes three times as long for the few members that are there as a rule.
function renderFacts(facts: Facts): string {
  let text = '';
  for (const name in facts) {
    if (toldElsewhere.has(name)) continue;
    const value = facts[name as keyof Facts];
    const plain = typeof value === 'number' || typeof value === 'boolean';
    const json = plain ? value : name === 'address' ? quoteName(facts.address) : JSON.stringify(value);
    text += `${text === '' ? '' : ','}"${name}":${json}`;
  }
  return `{${text}}`;
}

const toldElsewhere: ReadonlySet<string> = new Set([
  'model',
  'protocol',
  'operation',
  'stream',
  'principal',
] satisfies (keyof Facts)[]);

function renderAttempts(attempts: Exchange['attempts']): string {
  const [first] = attempts;
  if (attempts.length !== 1 || first!.class !== undefined || first!.status === undefined) {
    return JSON.stringify(attempts);
  }
  const { target, status, milliseconds } = first!;
  return `[{"target":${quoteName(target)},"status":${status},"milliseconds":${milliseconds}}]`;
}

function renderMarks({ marks }: Exchange): string {
  const { read, decide, send, head, first, end } = marks;
  let text = '';
  if (read !== undefined) text += `,"read":${renderHundredths(read)}`;
  if (decide !== undefined) text += `,"decide":${renderHundredths(decide)}`;
  if (send !== undefined) text += `,"send":${renderHundredths(send)}`;
  if (head !== undefined) text += `,"head":${renderHundredths(head)}`;
  if (first !== undefined) text += `,"first":${renderHundredths(first)}`;
  if (end !== undefined) text += `,"end":${renderHundredths(end)}`;
  return `{${text.slice(1)}}`;
}
