// A stored request explained after the fact: what was decided and by which line, what every call came to, what would have
// let it pass, and when that comes by itself. The same request is decided again on the rules at hand, in a world in which
// all is well, so that rules and the state of that moment can be told apart.
import type { SourcePosition } from '../diagnostics.ts';
import { renderPosition } from '../diagnostics.ts';
import { createRandom } from '../lib/random.ts';
import { decide } from './decide.ts';
import type { Reason } from './decision.ts';
import type { UsageRow } from './ports.ts';
import type { ReasonCode } from './reasons.ts';
import type { Snapshot } from './snapshot.ts';
import { readStoredAttempts, readStoredFacts, readStoredReasons, type StoredAttempt } from './stored.ts';
import { createWorld } from './world/memory.ts';
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
  /** False when the rules have changed since: the replay and `hints` are about the rules of now. */
  readonly sameRules: boolean;
  readonly reasons: readonly WhyReason[];
  readonly attempts: readonly StoredAttempt[];
  /** Where the request goes by the rules alone; absent when it left no facts. */
  readonly replay?: {
    readonly outcome: 'route' | 'refuse';
    readonly targets: readonly string[];
    readonly message?: string;
  };
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
}

export interface WhyInput {
  readonly row: UsageRow;
  readonly snapshot: Snapshot;
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
  'breaker-open': 'Ask again when the breaker lets a probe through.',
  'no-endpoint': 'Choose a target that speaks such requests.',
  'not-retryable': 'Change the request: every candidate would say the same.',
  exhausted: 'Ask again later, or add a candidate of another vendor.',
};

export function explainWhy({ row, snapshot, world, now }: WhyInput): Why {
  const facts = readStoredFacts(row, snapshot);
  const { requestId, key, status, errorCode, provider, connection, revision } = row;
  const replay =
    facts && decide({ snapshot, facts, world: createWorld(), now: row.at, random: createRandom(1) });
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
    sameRules: revision === snapshot.revision,
    reasons: readStoredReasons(row).map(describe),
    attempts: readStoredAttempts(row),
    ...(replay && {
      replay: {
        outcome: replay.kind,
        targets: replay.kind === 'route' ? [...new Set(replay.attempts.map(({ target }) => target))] : [],
        ...(replay.kind === 'refuse' && { message: replay.message }),
      },
    }),
    now: today && world ? listObstacles(today.reasons, snapshot, world, now) : [],
  };
}

/** The form for the key's own holder. */
export function explainOwn(why: Why): OwnWhy {
  const { requestId, at, model, status, errorCode, revision, attempts, reasons } = why;
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
  };
}

export function renderWhy(why: Why): string {
  const { requestId, at, model, key, status, errorCode, servedBy, revision, sameRules } = why;
  const who = key === undefined ? '' : ` with key ${key}`;
  const lines = [
    `${requestId}: ${status}${errorCode === undefined ? '' : ` ${errorCode}`}, ${model}${who}, ${at}`,
    sameRules
      ? `revision ${revision}, which is also the one at hand`
      : `revision ${revision}, which is gone: the replay is by the rules at hand`,
  ];
  if (why.reasons.length > 0) lines.push('', 'why');
  for (const { message, code, at: place, hint } of why.reasons) {
    lines.push(`  ${message} (${code}${place === undefined ? '' : `, ${place}`})`);
    if (hint !== undefined && status >= 400) lines.push(`    → ${hint}`);
  }
  if (why.attempts.length > 0) lines.push('', 'calls');
  for (const one of why.attempts)
    lines.push(
      `  ${one.target}  ${one.class ?? 'answered'}${one.status === undefined ? '' : ` ${one.status}`}`,
    );
  if (servedBy !== undefined) lines.push(`  answered by ${servedBy}`);
  if (why.replay) {
    const { outcome, targets, message } = why.replay;
    const text = outcome === 'route' ? `it goes to ${targets.join(', ')}` : `it is refused: ${message ?? ''}`;
    lines.push('', `by the rules alone ${text}`);
  }
  for (const { target, cause, until } of why.now)
    lines.push(`still in the way: ${target} ${cause}${until === undefined ? '' : ` until ${until}`}`);
  return lines.join('\n');
}

function describe({ code, message, rule, at }: Reason): WhyReason {
  const hint = hints[code];
  return {
    code,
    message,
    ...(rule !== undefined && { rule }),
    ...placeOf(at),
    ...(hint !== undefined && { hint }),
  };
}

function placeOf(at: SourcePosition | undefined): { readonly at?: string } {
  return at ? { at: renderPosition(at) } : {};
}

const passing: ReadonlySet<ReasonCode> = new Set(['cooling', 'breaker-open', 'quota-spent']);

function listObstacles(
  reasons: readonly Reason[],
  { providers }: Snapshot,
  world: World,
  now: number,
): Why['now'] {
  return reasons.flatMap(({ code, about }) => {
    if (!passing.has(code) || about === undefined) return [];
    const slash = about.indexOf('/');
    const provider = providers.get(about.slice(0, slash));
    const model = about.slice(slash + 1);
    const ends = (provider?.connections ?? []).flatMap(({ key }) => {
      const end =
        code === 'cooling'
          ? world.cooldown(key, model, now)?.until
          : code === 'breaker-open' && provider
            ? world.opening({ provider: provider.id, connection: key, model })
            : Object.values(world.quota(key) ?? {}).find(({ resetAt }) => (resetAt ?? 0) > now)?.resetAt;
      return end !== undefined && end > now && end < 8.64e15 ? [end] : [];
    });
    const until = ends.length === 0 ? {} : { until: new Date(Math.min(...ends)).toISOString() };
    return [{ target: about, cause: code, ...until }];
  });
}
