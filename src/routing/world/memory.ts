// The world over tables: the gateway's instance (tables that a writer persists), and a fresh one for every test and
// simulation. All changes go through the reducers beside this file.
import { createNamePairs } from '../../lib/name-pairs.ts';
import type { Effect } from '../decision.ts';
import {
  readOpening,
  readPermit,
  reduceBreaker,
  type Breaker,
  type BreakerEvent,
  type BreakerPermit,
} from './breaker.ts';
import { coversAccount, reduceCooldown, type Cooldown, type CooldownEvent } from './cooldown.ts';
import { failureEffects } from './failures.ts';
import { reduceLatency, type Latency } from './latency.ts';
import { readSpend, reduceSpend, type Spend } from './spend.ts';
import { addressId, readBan, readLock, reduceLockout, type Ban, type Lockout } from './lockout.ts';
import { reduceQuota, type Quota } from './quota.ts';
import { renderReport } from './report.ts';
import { mayRetry, readRetryTokens, reduceRetryBudget, type RetryBudget } from './retry-budget.ts';
import { SessionTable, type Session } from './sessions.ts';
import { openMemoryTable, update, type OpenTable, type SliceTable } from './slices.ts';
import { reduceUsageCount, type UsageCount } from './usage-count.ts';
import type { Call, CallEnd, MutableWorld } from './world.ts';

export interface WorldOptions {
  /** Whether the credential of `provider@connection` is there; every credential is when left out. */
  readonly hasCredential?: (connection: string) => boolean;
  /** Where the tables live; plain memory when left out. */
  readonly open?: OpenTable;
}

interface Tables {
  readonly rotations: SliceTable<number>;
  readonly cooldowns: SliceTable<Cooldown>;
  readonly breakers: SliceTable<Breaker>;
  readonly latencies: SliceTable<Latency>;
  readonly uses: SliceTable<UsageCount>;
  readonly quotas: SliceTable<Quota>;
  readonly budgets: SliceTable<RetryBudget>;
  readonly spends: SliceTable<Spend>;
  /** Money of calls that run, by counter; what ran before a restart runs no more. */
  readonly reserved: Map<string, number>;
  readonly lockouts: SliceTable<Lockout>;
  readonly bans: SliceTable<Ban>;
  readonly running: Map<string, number>;
  /** The call that probes an account or a target, by its identity: the end of an older call must not free its place. */
  readonly probes: Map<string, Call>;
}

/** Addresses come from outside: the oldest are forgotten, so that nobody can fill the memory. */
const mostAddresses = 10_000;

/** A world in which nothing has happened, or what its tables remember. */
export function createWorld({
  hasCredential = () => true,
  open = openMemoryTable,
}: WorldOptions = {}): MutableWorld {
  const tables: Tables = {
    rotations: open('rotation', readCount),
    cooldowns: open('cooldown', readRecord<Cooldown>('until', 'level')),
    breakers: open('breaker', readBreaker),
    latencies: open('latency', readRecord<Latency>('mean', 'count')),
    uses: open('uses', readRecord<UsageCount>('calls', 'lastUsed')),
    quotas: open('quota', readRecord<Quota>()),
    budgets: open('retry-budget', readRecord<RetryBudget>('tokens', 'at')),
    spends: open('spend', readRecord<Spend>('spent', 'at')),
    reserved: new Map(),
    lockouts: open('lockout', readRecord<Lockout>('failures', 'since')),
    bans: open('ban', readRecord<Ban>('until')),
    running: new Map(),
    probes: new Map(),
  };
  const {
    rotations,
    cooldowns,
    breakers,
    latencies,
    uses,
    quotas,
    budgets,
    spends,
    reserved,
    lockouts,
    bans,
    running,
  } = tables;
  const sessions = new SessionTable(open('session', readRecord<Session>('connection', 'target', 'at')));
  return {
    rotation: (combo) => rotations.get(combo) ?? 0,
    hasCredential,
    // Mostly nobody rests and no breaker knows anything: no name is looked up for that.
    cooldown: (connection, model, now) => {
      if (cooldowns.size === 0) return undefined;
      const account = cooldowns.get(connection);
      const narrow = cooldowns.get(pairOf(connection, model));
      const longer = (narrow?.until ?? 0) > (account?.until ?? 0) ? narrow : account;
      return longer && longer.until > now ? longer : undefined;
    },
    permit: (call, now) => {
      if (breakers.size === 0) return 'pass';
      const account = readPermit(breakers.get(call.connection), now);
      return stricter(account, readPermit(breakers.get(targetOf(call)), now));
    },
    opening: (call) =>
      Math.max(readOpening(breakers.get(call.connection)), readOpening(breakers.get(targetOf(call)))),
    inFlight: (id) => running.get(id) ?? 0,
    latency: (target) => latencies.get(target),
    uses: (id) => uses.get(id),
    quota: (connection) => quotas.get(connection),
    session: (id, now, ttl) => sessions.get(id, now, ttl),
    sessions: (now, ttl) => sessions.list(now, ttl),
    spent: (counter, since) => readSpend(spends.get(counter), since) + (reserved.get(counter) ?? 0),
    settled: (counter, since) => readSpend(spends.get(counter), since),
    retriesLeft: (provider, now) => readRetryTokens(budgets.get(provider), now),
    mayRetry: (provider, now) => mayRetry(budgets.get(provider), now),
    report: (now) => renderReport(tables, now),
    lockedUntil: (address, now) =>
      lockouts.size === 0 ? undefined : readLock(lockouts.get(addressId(address)), now),
    ban: (address, now) => (bans.size === 0 ? undefined : readBan(bans.get(addressId(address)), now)),
    lockedAddresses: (now) =>
      listLive(lockouts, (lockout) => readLock(lockout, now)).map(([address, until]) => ({ address, until })),
    bannedAddresses: (now) =>
      listLive(bans, (ban) => readBan(ban, now)).map(([address, ban]) => ({ address, ...ban })),
    apply: (effects) => applyEffects(rotations, effects),
    record: (event, now) => {
      switch (event.kind) {
        case 'call-began':
          begin(tables, event.call, event.retry, event.retryShare, now);
          break;
        case 'call-ended':
          end(tables, event.call, event.end, now);
          break;
        case 'quota-observed':
          quotas.set(
            event.connection,
            reduceQuota(quotas.get(event.connection), { kind: 'observed', windows: event.windows }, now),
          );
          break;
        case 'quota-spent':
          for (const { window, amount, limit, length } of event.windows) {
            const spent = { kind: 'spent', window, amount, limit, resetAt: now + length } as const;
            quotas.set(event.connection, reduceQuota(quotas.get(event.connection), spent, now));
          }
          break;
        case 'money-reserved':
          for (const { id, amount } of event.charges) reserved.set(id, (reserved.get(id) ?? 0) + amount);
          break;
        case 'money-settled':
          for (const { id, amount, since } of event.charges) {
            const left = (reserved.get(id) ?? 0) - amount;
            if (left > 0) reserved.set(id, left);
            else reserved.delete(id);
            if (event.cost > 0) spends.set(id, reduceSpend(spends.get(id), event.cost, since, now));
          }
          break;
        case 'session-served':
          sessions.serve(event, now);
          break;
        case 'account-cleared':
          clearAccount(tables, event.connection, event.model);
          break;
        case 'target-cleared':
          breakers.delete(event.target);
          tables.probes.delete(event.target);
          break;
        case 'credential-refused': {
          const id = addressId(event.address);
          const { settings } = event;
          makeRoom(lockouts, id);
          update(lockouts, id, reduceLockout(lockouts.get(id), { kind: 'refused', settings }, now));
          break;
        }
        case 'lock-cleared':
          if (lockouts.size > 0) lockouts.delete(addressId(event.address));
          break;
        case 'address-banned': {
          const { until, reason } = event;
          const id = addressId(event.address);
          makeRoom(bans, id);
          bans.set(id, reason === undefined ? { until } : { until, reason });
          break;
        }
        case 'ban-cleared':
          bans.delete(addressId(event.address));
          break;
      }
    },
  };
}

/** Applies what decisions asked for, in order. */
export function applyEffects(
  rotations: { set(combo: string, position: number): unknown },
  effects: readonly Effect[],
): void {
  for (const effect of effects) rotations.set(effect.combo, effect.position);
}

function listLive<Value, Live>(
  table: SliceTable<Value>,
  read: (value: Value | undefined) => Live | undefined,
): readonly (readonly [string, Live])[] {
  const live: (readonly [string, Live])[] = [];
  for (const id of table.ids()) {
    const value = read(table.get(id));
    if (value !== undefined) live.push([id, value]);
  }
  return live;
}

function makeRoom<Value>(table: SliceTable<Value>, id: string): void {
  if (table.size < mostAddresses || table.get(id) !== undefined) return;
  const [oldest] = table.ids();
  if (oldest !== undefined) table.delete(oldest);
}

function begin(tables: Tables, call: Call, retry: boolean, share: number, now: number): void {
  beginAt(tables, call.connection, call, now);
  beginAt(tables, targetOf(call), call, now);
  const { budgets } = tables;
  budgets.set(
    call.provider,
    reduceRetryBudget(budgets.get(call.provider), retry ? { kind: 'retry' } : { kind: 'call', share }, now),
  );
}

/** `id`: the account or the target of the call. */
function beginAt({ breakers, probes, running, uses }: Tables, id: string, call: Call, now: number): void {
  if (breakers.size > 0) {
    const event: BreakerEvent = { kind: 'begin', lease: call.profile.totalTimeout };
    if (readPermit(breakers.get(id), now) === 'probe') probes.set(id, call);
    update(breakers, id, reduceBreaker(breakers.get(id), event, now));
  }
  uses.set(id, reduceUsageCount(uses.get(id), 'begin', now));
  running.set(id, (running.get(id) ?? 0) + 1);
}

function end(tables: Tables, call: Call, outcome: CallEnd, now: number): void {
  const { cooldowns, latencies } = tables;
  const target = targetOf(call);
  endAt(tables, call.connection, call, outcome, now);
  endAt(tables, target, call, outcome, now);
  if (outcome.kind === 'success') {
    if (outcome.firstToken !== undefined)
      latencies.set(target, reduceLatency(latencies.get(target), outcome.firstToken, now));
    if (cooldowns.size === 0) return;
    cooldowns.delete(call.connection);
    cooldowns.delete(pairOf(call.connection, call.model));
  } else if (outcome.kind === 'failure') {
    const { failure, random } = outcome;
    const id = coversAccount(failure) ? call.connection : pairOf(call.connection, call.model);
    const event: CooldownEvent = { kind: 'failure', failure, settings: call.profile.cooldown, random };
    update(cooldowns, id, reduceCooldown(cooldowns.get(id), event, now));
  }
}

/** `id`: the account or the target of the call. */
function endAt(tables: Tables, id: string, call: Call, outcome: CallEnd, now: number): void {
  const { breakers, probes, running, uses } = tables;
  const left = (running.get(id) ?? 1) - 1;
  if (left > 0) running.set(id, left);
  else running.delete(id);
  // While one call probes, only that call, or a success, says anything: what failed began before the breaker opened.
  const probe = probes.size === 0 ? undefined : probes.get(id);
  if (probe === call) probes.delete(id);
  if (outcome.kind === 'success') {
    if (breakers.size > 0) update(breakers, id, reduceBreaker(breakers.get(id), { kind: 'success' }, now));
    uses.set(id, reduceUsageCount(uses.get(id), 'success', now));
  } else if (probe === undefined || probe === call)
    update(breakers, id, reduceBreaker(breakers.get(id), judge(call, outcome), now));
}

function judge(call: Call, outcome: Exclude<CallEnd, { readonly kind: 'success' }>): BreakerEvent {
  if (outcome.kind === 'failure' && failureEffects[outcome.failure.class].breaks) {
    return { kind: 'failure', settings: call.profile.breaker };
  }
  return { kind: 'abandoned' };
}

function clearAccount(tables: Tables, connection: string, model: string | undefined): void {
  const { breakers, cooldowns, probes, quotas } = tables;
  if (model !== undefined) {
    cooldowns.delete(pairOf(connection, model));
    return;
  }
  breakers.delete(connection);
  probes.delete(connection);
  quotas.delete(connection);
  for (const id of cooldowns.ids()) {
    if (id === connection || id.startsWith(`${connection} `)) cooldowns.delete(id);
  }
}

/** Ids of connections hold no blank, so the pair is unambiguous whatever the model is called. */
const pairOf = createNamePairs(' ');

function targetOf({ provider, model }: Pick<Call, 'provider' | 'model'>): string {
  return joinTarget(provider, model);
}

const joinTarget = createNamePairs('/');

function stricter(a: BreakerPermit, b: BreakerPermit): BreakerPermit {
  if (a === 'wait' || b === 'wait') return 'wait';
  return a === 'probe' || b === 'probe' ? 'probe' : 'pass';
}

function readCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

const readState = readRecord<Breaker>('state');

// The call that probed ended with the process that made it: the next one may.
function readBreaker(value: unknown): Breaker | undefined {
  const breaker = readState(value);
  return breaker?.state === 'half-open' ? { state: 'open', until: 0, since: breaker.since } : breaker;
}

// What was stored is our own; the check only keeps a table that an older version wrote from breaking a start.
function readRecord<Value extends object>(
  ...members: readonly (keyof Value & string)[]
): (value: unknown) => Value | undefined {
  return (value) => {
    if (value === null || typeof value !== 'object') return undefined;
    return members.every((member) => Object.hasOwn(value, member)) ? (value as Value) : undefined;
  };
}
