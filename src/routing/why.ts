// A stored request explained after the fact: what was decided and by which line, what every call came to, what would have
// let it pass, and when that comes by itself. The request is decided again on the rules that served it, in the world of
// that moment as its reasons tell it; where those rules are gone, on the rules at hand, and that is said.
import { renderPosition } from '../diagnostics.ts';
import { createRandom } from '../lib/random.ts';
import { decide } from './decide.ts';
import type { Decision, Reason } from './decision.ts';
import { listObstacles } from './moment.ts';
import type { UsageRow } from './ports.ts';
import type { ReasonCode } from './reasons.ts';
import { isDrawn } from './record.ts';
import type { Snapshot } from './snapshot.ts';
import { readStoredAttempts, readStoredFacts, readStoredReasons, type StoredAttempt } from './stored.ts';
import { findWays, replay, type Way } from './ways.ts';
import type { World } from './world/world.ts';

export interface Why {
  readonly requestId: string;
  /** ISO time of arrival. */
  readonly at: string;
  readonly model: string;
  readonly key?: string;
  readonly status: number;
  readonly errorCode?: string;
  /** Who answered (`provider@connection`). */
  readonly servedBy?: string;
  readonly revision: string;
  /** The rules of the replay: those of now served it, or those of then are kept, or they are gone and now's stand in. */
  readonly rules: 'current' | 'kept' | 'gone';
  readonly reasons: readonly WhyReason[];
  readonly attempts: readonly StoredAttempt[];
  /** The same decision made again; absent when the request left no facts. */
  readonly replay?: {
    /** The revision on which it was made. */
    readonly revision: string;
    readonly outcome: 'route' | 'refuse';
    /** In order, each once. */
    readonly targets: readonly string[];
    readonly message?: string;
    /** The order was drawn or led to by earlier requests: another one of the same targets is as true. */
    readonly drawn: boolean;
  };
  /** What would have let it pass, or go elsewhere first; each was tried on those rules. */
  readonly ways: readonly Way[];
  /** What is still in the way at this moment, and until when. */
  readonly now: readonly { readonly target: string; readonly cause: string; readonly until?: string }[];
}

export interface WhyReason {
  readonly code: string;
  readonly message: string;
  readonly rule?: string;
  readonly at?: string;
  /** What would have let the request, or this candidate, pass. */
  readonly hint?: string;
  /** The account that it is about. */
  readonly connection?: string;
  /** ISO time at which it is over by itself, as seen then. */
  readonly until?: string;
}

/** What a caller may know about a request of its own: no accounts, no places in files, no names of rules. */
export interface OwnWhy {
  readonly requestId: string;
  readonly at: string;
  readonly model: string;
  readonly status: number;
  readonly errorCode?: string;
  readonly revision: string;
  /** Calls upstream, without their targets. */
  readonly attempts: readonly { readonly class?: string; readonly status?: number }[];
  readonly hints: readonly string[];
  /** ISO time from which it is worth asking again. */
  readonly again?: string;
}

export interface WhyInput {
  readonly row: UsageRow;
  /** The rules at hand. */
  readonly snapshot: Snapshot;
  /** The rules of the row's revision, where they are kept and are not those at hand. */
  readonly served?: Snapshot | undefined;
  /** The world of now; what is in the way is left out without it. */
  readonly world?: World;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** What lets pass, by cause. Everything that is no obstacle is left out. */
const hints: Readonly<Partial<Record<ReasonCode, string>>> = {
  'unknown-name': 'Ask for a name that GET /v1/models lists, or declare this one.',
  'invalid-name': 'Send a model name.',
  ambiguous: 'Write provider/model, or declare an alias.',
  'not-served': 'Add the model to the list of its provider.',
  'key-limit': 'Ask again later, or raise the limit of the key.',
  'key-not-allowed': 'Add the name to the models of the key, or use another key.',
  'policy-deny': 'The policy has to let this request pass.',
  'policy-allow': 'The policy has to allow another target.',
  'policy-block': 'The policy has to stop blocking the target.',
  'connection-disabled': 'Switch the connection on.',
  'connection-not-allowed': 'Add the account to the connections of the key.',
  'connection-not-chosen': 'Let target and connection name each other.',
  condition: 'The condition of the target has to hold for the request.',
  schedule: 'Ask again inside of the schedule.',
  'no-connection': 'Give the provider a connection.',
  'no-credential': 'Set the secret that the connection names.',
  cooling: 'Ask again after the rest.',
  'quota-spent': 'Ask again after the reset.',
  'budget-exceeded': 'Ask again after the reset, or raise the budget.',
  'breaker-open': 'Ask again when the breaker lets a probe through.',
  'no-endpoint': 'Choose a target that speaks such requests.',
  'not-retryable': 'Change the request: every candidate would say the same.',
  exhausted: 'Ask again later, or add a candidate of another vendor.',
};

export function explainWhy({ row, snapshot, served, world, now }: WhyInput): Why {
  const isCurrent = row.revision === snapshot.revision;
  const rules = isCurrent ? snapshot : (served ?? snapshot);
  const facts = readStoredFacts(row, rules);
  const { requestId, key, status, errorCode, provider, connection, revision } = row;
  const reasons = readStoredReasons(row);
  const input = facts && { snapshot: rules, facts, reasons, at: row.at };
  const today = facts && world && decide({ snapshot, facts, world, now, random: createRandom(1) });
  return {
    requestId,
    at: new Date(row.at).toISOString(),
    model: row.requestedModel,
    ...(key !== null && { key }),
    status,
    ...(errorCode !== null && { errorCode }),
    ...(provider !== null && { servedBy: connection === null ? provider : `${provider}@${connection}` }),
    revision,
    rules: isCurrent ? 'current' : served ? 'kept' : 'gone',
    reasons: reasons.map(describe),
    attempts: readStoredAttempts(row),
    ...(input && { replay: describeReplay(replay(input), rules.revision, reasons) }),
    ways: input ? findWays(input) : [],
    now: today ? listWaits(today.reasons, now) : [],
  };
}

function describeReplay(
  decision: Decision,
  revision: string,
  reasons: readonly Reason[],
): NonNullable<Why['replay']> {
  return {
    revision,
    outcome: decision.kind,
    targets: decision.kind === 'route' ? [...new Set(decision.attempts.map(({ target }) => target))] : [],
    ...(decision.kind === 'refuse' && { message: decision.message }),
    drawn: reasons.some(isDrawn),
  };
}

/** The form for the key's own holder. */
export function explainOwn(why: Why): OwnWhy {
  const { requestId, at, model, status, errorCode, revision, attempts, reasons } = why;
  const ends = reasons.flatMap(({ until }) => until ?? []).sort();
  return {
    requestId,
    at,
    model,
    status,
    ...(errorCode !== undefined && { errorCode }),
    revision,
    attempts: attempts.map((one) => ({
      ...(one.class !== undefined && { class: one.class }),
      ...(one.status !== undefined && { status: one.status }),
    })),
    hints: status < 400 ? [] : [...new Set(reasons.flatMap(({ hint }) => hint ?? []))],
    ...(status >= 400 && ends[0] !== undefined && { again: ends[0] }),
  };
}

export function renderWhy(why: Why): string {
  const { requestId, at, model, key, status, errorCode, servedBy, reasons, attempts, ways } = why;
  const who = key === undefined ? '' : ` with key ${key}`;
  const lines = [
    `${requestId}: ${status}${errorCode === undefined ? '' : ` ${errorCode}`}, ${model === '' ? 'nothing was read of it' : model}${who}, ${at}`,
    describeRules(why),
  ];
  if (reasons.length > 0) lines.push('', 'why');
  for (const { message, code, at: place, hint, until } of reasons) {
    const end = until === undefined ? '' : `, over at ${until}`;
    lines.push(`  ${message} (${code}${place === undefined ? '' : `, ${place}`}${end})`);
    if (hint !== undefined && status >= 400) lines.push(`    → ${hint}`);
  }
  if (attempts.length > 0) lines.push('', 'calls');
  for (const one of attempts)
    lines.push(
      `  ${one.target}  ${one.class ?? 'answered'}${one.status === undefined ? '' : ` ${one.status}`}`,
    );
  if (servedBy !== undefined) lines.push(`  answered by ${servedBy}`);
  if (ways.length > 0) {
    const together = ways.some((way) => way.together);
    lines.push(
      '',
      together ? 'what would have let it pass, all of it together' : 'what would have made a difference',
    );
  }
  for (const { without, target, at: place, until } of ways) {
    const end = until === undefined ? '' : `, over at ${until}`;
    lines.push(`  without ${without}: ${target}${end}${place === undefined ? '' : `  ${place}`}`);
  }
  if (why.replay) {
    const { outcome, targets, message, drawn } = why.replay;
    const order = drawn ? ', in an order that is drawn' : '';
    const text =
      outcome === 'route' ? `it goes to ${targets.join(', ')}${order}` : `it is refused: ${message ?? ''}`;
    lines.push('', `decided again: ${text}`);
  }
  for (const { target, cause, until } of why.now)
    lines.push(`still in the way: ${target} ${cause}${until === undefined ? '' : ` until ${until}`}`);
  return lines.join('\n');
}

function describeRules({ revision, rules, replay: again }: Why): string {
  if (rules === 'current') return `revision ${revision}, which is also the one at hand`;
  if (rules === 'kept') return `revision ${revision}, which is no longer the one at hand; its rules are kept`;
  const instead = again ? `: decided again by the rules at hand, revision ${again.revision}` : '';
  return `revision ${revision}, which is gone${instead}`;
}

function describe({ code, message, rule, at, connection, until }: Reason): WhyReason {
  const hint = hints[code];
  return {
    code,
    message,
    ...(rule !== undefined && { rule }),
    ...(at && { at: renderPosition(at) }),
    ...(hint !== undefined && { hint }),
    ...(connection !== undefined && { connection }),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  };
}

/** What passes by itself and has not yet, each target once, with the soonest end. */
function listWaits(reasons: readonly Reason[], now: number): Why['now'] {
  const waits = new Map<
    string,
    { readonly target: string; readonly cause: string; readonly until?: number }
  >();
  for (const { code, target, until } of listObstacles(reasons)) {
    if (code === 'no-credential') continue;
    const id = `${code} ${target}`;
    const known = waits.get(id)?.until;
    const ends = [known, until].filter((end) => end !== undefined && end > now) as number[];
    waits.set(id, { target, cause: code, ...(ends.length > 0 && { until: Math.min(...ends) }) });
  }
  return [...waits.values()].map(({ target, cause, until }) => ({
    target,
    cause,
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  }));
}
