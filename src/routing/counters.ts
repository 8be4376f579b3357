// Every counter with a ceiling that requests of a configuration can meet, under the id by which tests, explanations and
// reports call it. Reading one changes nothing; the gateway counts, this only looks.
import type { SourcePosition } from '../diagnostics.ts';
import { keyCeiling, keyCounter, keyLane, quotaWindow, tokenWindow } from './limits.ts';
import type { Ceiling, Slots } from './slots.ts';
import type { ClientKey, Combo, Connection, KeyLimits, Provider, Snapshot } from './snapshot.ts';
import { renderTarget } from './resolve.ts';
import { floor as retryFloor } from './world/retry-budget.ts';
import type { World } from './world/world.ts';

/**
 * `refuse`: the request ends. `skip`: another account or target may serve it. `wait`: the call queues. `stop`: no more
 * repeats. `warn`: nothing but a reason. `route`: the request goes to another name.
 */
export type WhenFull = 'refuse' | 'skip' | 'wait' | 'stop' | 'warn' | 'route';

/** What a counter counts; `calls` are upstream calls, `requests` those of clients. */
export type Counted = 'requests' | 'calls' | 'tokens' | 'running' | 'conversations' | 'retries' | 'nano-USD';

export interface CounterState {
  readonly world: World;
  /** Absent where nothing runs: every lane is free then. */
  readonly slots?: Pick<Slots, 'look'> | undefined;
  /** Milliseconds that a conversation is remembered. */
  readonly ttl: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface Reading {
  readonly used: number;
  /** Epoch milliseconds at which (some of) it is free again; absent where nothing is used or nobody can say. */
  readonly resetAt?: number;
}

/** How a test says that so much of it is used already. */
export type Occupation =
  | {
      readonly kind: 'lane';
      readonly id: string;
      readonly ceiling: Ceiling;
      readonly as: 'running' | 'begun';
    }
  | { readonly kind: 'quota'; readonly id: string; readonly window: string; readonly length: number }
  | { readonly kind: 'conversations'; readonly key: string }
  | { readonly kind: 'retries'; readonly provider: string };

export interface Counter {
  /** `key:ci/tokens`, `openai@primary/quota.requests`, `combo:coding/openai/gpt-5/running`. */
  readonly id: string;
  readonly counts: Counted;
  /** Where `whenFull` begins. */
  readonly limit: number;
  /** What is declared, where routing leaves an account before that. */
  readonly full?: number;
  readonly whenFull: WhenFull;
  readonly occupation: Occupation;
  readonly at?: SourcePosition | undefined;
  read(state: CounterState): Reading;
}

export function listKeyCounters({
  id: key,
  limits = {},
  at,
}: Pick<ClientKey, 'id' | 'limits' | 'at'>): readonly Counter[] {
  const { requests, tokens, concurrent, sessions } = limits;
  const base = { whenFull: 'refuse', at } as const;
  const lane = (as: 'running' | 'begun'): Occupation => laneOf(keyLane(key), keyCeiling(limits)!, as);
  const counters: Counter[] = [];
  const add = (name: keyof KeyLimits, rest: Omit<Counter, 'id' | 'whenFull' | 'at'>): void => {
    counters.push({ id: `key:${key}/${name}`, ...base, ...rest });
  };
  if (tokens) {
    const occupation = {
      kind: 'quota',
      id: keyCounter(key),
      window: tokenWindow,
      length: tokens.per,
    } as const;
    const read = readQuota(keyCounter(key), tokenWindow);
    add('tokens', { counts: 'tokens', limit: tokens.count, occupation, read });
  }
  if (sessions !== undefined) {
    const occupation = { kind: 'conversations', key } as const;
    add('sessions', { counts: 'conversations', limit: sessions, occupation, read: readSessions(key) });
  }
  if (concurrent !== undefined) {
    const occupation = lane('running');
    add('concurrent', { counts: 'running', limit: concurrent, occupation, read: readLane(occupation) });
  }
  if (requests) {
    const occupation = lane('begun');
    add('requests', { counts: 'requests', limit: requests.count, occupation, read: readLane(occupation) });
  }
  return counters;
}

/** What the account bounds; the threshold of a declared quota is its limit, as routing leaves it there. */
export function listAccountCounters(connection: Connection): readonly Counter[] {
  const { key, maxConcurrent, pace, quota, at } = connection;
  const counters: Counter[] = [];
  for (const what of ['requests', 'tokens'] as const) {
    const most = quota?.[what];
    if (!quota || most === undefined) continue;
    const window = quotaWindow(what, quota.window);
    counters.push({
      id: `${key}/quota.${what}`,
      counts: what === 'requests' ? 'calls' : 'tokens',
      limit: most * quota.threshold,
      full: most,
      whenFull: 'skip',
      occupation: { kind: 'quota', id: key, window, length: quota.window },
      at,
      read: readQuota(key, window),
    });
  }
  if (maxConcurrent === undefined && !pace) return counters;
  const concurrent = Math.min(maxConcurrent ?? Infinity, pace?.concurrent ?? Infinity);
  const ceiling = { ...pace, concurrent };
  const running = laneOf(key, ceiling, 'running');
  const base = { whenFull: 'wait', at } as const;
  counters.push({
    ...base,
    id: `${key}/running`,
    counts: 'running',
    limit: concurrent,
    occupation: running,
    read: readLane(running),
  });
  if (!pace) return counters;
  const begun = laneOf(key, ceiling, 'begun');
  const { count } = pace.rate;
  counters.push({
    ...base,
    id: `${key}/pace`,
    counts: 'calls',
    limit: count,
    occupation: begun,
    read: readLane(begun),
  });
  return counters;
}

/** What the answers of the account's provider have said about it; nobody has to declare it. */
export function listObservedCounters({ key }: Connection, { world, now }: CounterState): readonly Counter[] {
  return Object.values(world.quota(key) ?? {}).flatMap(({ window, limit, resetAt, source }): Counter[] => {
    if (source === 'declared' || limit === undefined || resetAt === undefined || resetAt <= now) return [];
    return [
      {
        id: `${key}/observed.${window}`,
        counts: window.includes('token') ? 'tokens' : 'calls',
        limit,
        whenFull: 'skip',
        occupation: { kind: 'quota', id: key, window, length: resetAt - now },
        read: readQuota(key, window),
      },
    ];
  });
}

/** The places at a combo's target: `lane` is the id of its queue, `combo target`. */
export function createPlaceCounter(lane: string, most: number, at?: SourcePosition): Counter {
  const occupation = laneOf(lane, { concurrent: most }, 'running');
  return {
    id: placeId(lane),
    counts: 'running',
    limit: most,
    whenFull: 'wait',
    occupation,
    at,
    read: readLane(occupation),
  };
}

/** Repeats and fallbacks toward a provider; a first call takes none. */
export function createRetryCounter({ id, at }: Pick<Provider, 'id' | 'at'>): Counter {
  return {
    id: `${id}/retries`,
    counts: 'retries',
    limit: retryFloor,
    whenFull: 'stop',
    occupation: { kind: 'retries', provider: id },
    at,
    read: ({ world, now }) => ({ used: Math.max(0, retryFloor - Math.floor(world.retriesLeft(id, now))) }),
  };
}

/** Every counter that the configuration declares, by its id. */
export function listCounters({ keys, combos, providers }: Snapshot): ReadonlyMap<string, Counter> {
  const counters = [
    ...keys.values().flatMap(listKeyCounters),
    ...combos.values().flatMap(listPlaceCounters),
    ...providers.values().flatMap(({ connections }) => connections.flatMap(listAccountCounters)),
    ...providers.values().map(createRetryCounter),
  ];
  return new Map(counters.map((counter) => [counter.id, counter]));
}

function listPlaceCounters({ name, maxConcurrent, targets }: Combo): readonly Counter[] {
  if (maxConcurrent === undefined) return [];
  return targets.map((target) =>
    createPlaceCounter(`${name} ${renderTarget(target)}`, maxConcurrent, target.at),
  );
}

function placeId(lane: string): string {
  const blank = lane.indexOf(' ');
  return `combo:${lane.slice(0, blank)}/${lane.slice(blank + 1)}/running`;
}

function laneOf(id: string, ceiling: Ceiling, as: 'running' | 'begun'): Occupation {
  return { kind: 'lane', id, ceiling, as };
}

function readLane(occupation: Occupation): Counter['read'] {
  return ({ slots, now }) => {
    if (occupation.kind !== 'lane') return { used: 0 };
    const state = slots?.look(occupation.id, occupation.ceiling);
    if (!state) return { used: 0 };
    const used = state[occupation.as];
    const ends = occupation.as === 'begun' && state.delay > 0 && Number.isFinite(state.delay);
    return { used, ...(ends && { resetAt: Math.ceil(now + state.delay) }) };
  };
}

function readQuota(id: string, window: string): Counter['read'] {
  return ({ world, now }) => {
    const { used = 0, resetAt } = world.quota(id)?.[window] ?? {};
    if (resetAt !== undefined && resetAt <= now) return { used: 0 };
    return { used, ...(resetAt !== undefined && { resetAt }) };
  };
}

function readSessions(key: string): Counter['read'] {
  return ({ world, now, ttl }) => {
    const own = world.sessions(now, ttl).filter(({ id }) => id.startsWith(`${key} `));
    const last = own.at(-1);
    return { used: own.length, ...(last && { resetAt: last.at + ttl }) };
  };
}
