// The usage row of a settled call. Its texts are made when they are read, which the ledger does for many rows in one go:
// code that runs once between other work takes two to three times as long as code that has just run.
import { renderHundredths } from '../lib/decimals.ts';
import { quoteName } from '../lib/quote-name.ts';
import type { Facts } from '../routing/facts.ts';
import type { TokenCounts, UsageRow } from '../routing/ports.ts';
import { renderReasons } from '../routing/reason-text.ts';
import type { AttemptRecord, Exchange, Marks } from './exchange.ts';
import { retainable } from './retainable.ts';

/** Holds what the texts are made of and nothing else of the exchange: its body must not outlive the call. */
export class SettledRow implements UsageRow {
  readonly requestId: string;
  readonly at: number;
  readonly revision: string;
  readonly secretEpoch: number;
  readonly key: string | null;
  readonly protocol: string;
  readonly operation: string;
  readonly requestedModel: string;
  readonly provider: string | null;
  readonly connection: string | null;
  readonly model: string | null;
  readonly tokens: TokenCounts;
  readonly cost: number | null;
  readonly estimated: boolean;
  readonly status: number;
  readonly errorCode: string | null;
  readonly stream: boolean;
  readonly #facts: Facts | undefined;
  readonly #reasons: Exchange['reasons'];
  readonly #attempts: readonly AttemptRecord[];
  readonly #marks: Readonly<Marks>;

  /** The exchange must have a principal. */
  constructor(exchange: Exchange, tokens: TokenCounts, secretEpoch: number) {
    const { attempt, marks, route } = exchange;
    const answered = marks.first === undefined ? undefined : attempt;
    const kept = retainable(exchange);
    this.requestId = exchange.id;
    this.at = exchange.at;
    this.revision = exchange.snapshot.revision;
    this.secretEpoch = secretEpoch;
    this.key = exchange.principal!.key ?? null;
    this.protocol = route.protocol;
    this.operation = route.operation;
    this.requestedModel = kept ? (exchange.peek?.model ?? '') : '';
    this.provider = answered?.provider.id ?? null;
    this.connection = answered?.connection.id ?? null;
    this.model = answered?.model ?? null;
    this.tokens = tokens;
    this.cost = exchange.cost;
    this.estimated = exchange.usage === undefined && answered !== undefined;
    this.status = exchange.errorCode === 'client_closed_request' ? 499 : exchange.status;
    this.errorCode = exchange.errorCode ?? null;
    this.stream = exchange.stream;
    this.#facts = kept ? exchange.facts : undefined;
    this.#reasons = kept ? exchange.reasons : [];
    this.#attempts = exchange.attempts;
    this.#marks = marks;
  }

  get facts(): string {
    return this.#facts ? renderFacts(this.#facts) : '{}';
  }

  get reasons(): string {
    return renderReasons(this.#reasons);
  }

  get attempts(): string {
    return renderAttempts(this.#attempts);
  }

  get marks(): string {
    return renderMarks(this.#marks);
  }
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

function renderAttempts(attempts: readonly AttemptRecord[]): string {
  const [first] = attempts;
  if (attempts.length !== 1 || first!.class !== undefined || first!.status === undefined) {
    return JSON.stringify(attempts);
  }
  const { target, status, milliseconds } = first!;
  return `[{"target":${quoteName(target)},"status":${status},"milliseconds":${milliseconds}}]`;
}

function renderMarks({ read, decide, send, head, first, end }: Readonly<Marks>): string {
  let text = '';
  if (read !== undefined) text += `,"read":${renderHundredths(read)}`;
  if (decide !== undefined) text += `,"decide":${renderHundredths(decide)}`;
  if (send !== undefined) text += `,"send":${renderHundredths(send)}`;
  if (head !== undefined) text += `,"head":${renderHundredths(head)}`;
  if (first !== undefined) text += `,"first":${renderHundredths(first)}`;
  if (end !== undefined) text += `,"end":${renderHundredths(end)}`;
  return `{${text.slice(1)}}`;
}
