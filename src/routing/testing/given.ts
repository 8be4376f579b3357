// The state of the world as tests, `explain --given` and scenarios write it → a world. It goes through the tables that
// also restore a stored world: what a test can say is what a gateway can be in.
import type { ResolvedTestWorld } from '../../config/generated/types.ts';
import { parseDuration } from '../../lib/duration.ts';
import { listCounters } from '../counters.ts';
import { createStillSlots, type Slots } from '../slots.ts';
import type { Snapshot } from '../snapshot.ts';
import { floor as retryFloor } from '../world/retry-budget.ts';
import { createWorld } from '../world/memory.ts';
import { mostSessions, sessionIdOf } from '../world/sessions.ts';
import { openMemoryTable, type OpenTable } from '../world/slices.ts';
import type { MutableWorld } from '../world/world.ts';

export type Given = ResolvedTestWorld;

/** The moment of a test that says none. */
export const usualTime = Date.UTC(2026, 0, 1);

/** Long enough for everything that a test may try, and shorter than what a header is believed for. */
const restOfQuota = 3_600_000;
const samples = 20;

export function readTime({ time }: Pick<Given, 'time'>): number {
  return time === undefined ? usualTime : Date.parse(time);
}

export interface GivenOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whose conversations the given sessions are. */
  readonly key?: string | undefined;
  /** The target (`provider/model`) that a conversation was served by at this connection. */
  readonly servedBy?: (connection: string) => string | undefined;
  /** For credentials that the test does not mention; all are there when left out. */
  readonly hasCredential?: (connection: string) => boolean;
}

export function createGivenWorld(given: Given, snapshot: Snapshot, options: GivenOptions): MutableWorld {
  const { now, key, servedBy = () => undefined, hasCredential = () => true } = options;
  const seeds = new Map<string, Map<string, unknown>>();
  const seed = (kind: string, id: string, value: unknown): void => {
    const table = seeds.get(kind) ?? new Map<string, unknown>();
    table.set(id, value);
    seeds.set(kind, table);
  };
  for (const [name, state] of Object.entries(given.breakers)) {
    for (const { id, reset } of listBreakers(name, snapshot)) {
      if (state === 'closed') seeds.get('breaker')?.delete(id);
      else seed('breaker', id, { state: 'open', until: state === 'open' ? now + reset : now, since: now });
    }
  }
  for (const [name, left] of Object.entries(given.cooldowns)) {
    const until = now + (parseDuration(left) ?? 0);
    for (const id of listRests(name, snapshot))
      seed('cooldown', id, { until, level: 1, class: 'rate_limit', since: now });
  }
  for (const [connection, used] of Object.entries(given.quota)) {
    const source = findConnection(connection, snapshot)?.quota ? 'declared' : 'header';
    const window = { window: 'given', used, limit: 1, resetAt: now + restOfQuota, source, at: now };
    seed('quota', connection, { given: window });
  }
  for (const [target, time] of Object.entries(given.latency))
    seed('latency', target, { mean: parseDuration(time) ?? 0, deviation: 0, count: samples, at: now });
  for (const [session, connection] of Object.entries(given.sessions)) {
    const target = servedBy(connection) ?? '';
    const id = sessionIdOf(key, sessionOf(session));
    seed('session', id, { connection, target, turns: 1, moves: 0, began: now, at: now });
  }
  const busy = new Map<string, number>();
  const counters = Object.keys(given.usage).length === 0 ? undefined : listCounters(snapshot);
  for (const [id, used] of Object.entries(given.usage)) {
    const { occupation, limit, full = limit } = counters?.get(id) ?? {};
    if (occupation?.kind === 'lane' && occupation.as === 'running') busy.set(occupation.id, used);
    if (occupation?.kind === 'retries')
      seed('retry-budget', occupation.provider, { tokens: Math.max(0, retryFloor - used), at: now });
    if (occupation?.kind === 'conversations')
      for (let index = 0; index < Math.min(used, mostSessions); index++) {
        const session = { connection: '', target: '', turns: 1, moves: 0, began: now, at: now };
        seed('session', sessionIdOf(occupation.key, `given ${index}`), session);
      }
    if (occupation?.kind === 'quota') {
      const { id: owner, window, length } = occupation;
      const known = seeds.get('quota')?.get(owner) as object | undefined;
      const count = { window, used, limit: full, resetAt: now + length, source: 'declared', at: now };
      seed('quota', owner, { ...known, [window]: count });
    }
  }
  const world = createWorld({
    open: openSeeded(seeds),
    hasCredential: (id) =>
      given.credentials[id] ?? given.credentials[id.slice(0, id.indexOf('@'))] ?? hasCredential(id),
  });
  const spent = new Map(Object.entries(given.spend).map(([id, usd]) => [id, Math.round(usd * 1e9)]));
  // A test does not say whose share of a budget it is: everybody's.
  const before = (counter: string): number => spent.get(counter.slice(0, counter.indexOf(' '))) ?? 0;
  return {
    ...world,
    ...(busy.size > 0 && { inFlight: (id: string) => world.inFlight(id) + (busy.get(id) ?? 0) }),
    ...(spent.size > 0 && {
      spent: (counter: string, since: number) => world.spent(counter, since) + before(counter),
      settled: (counter: string, since: number) => world.settled(counter, since) + before(counter),
    }),
  };
}

/** What `given.usage` says of lanes: so many calls run and do not end, so many have just begun. */
export function occupyLanes({ usage }: Pick<Given, 'usage'>, snapshot: Snapshot, slots: Slots): void {
  const counters = Object.keys(usage).length === 0 ? undefined : listCounters(snapshot);
  for (const [id, used] of Object.entries(usage)) {
    const occupation = counters?.get(id)?.occupation;
    if (occupation?.kind === 'lane')
      slots.occupy(occupation.id, occupation.ceiling, { [occupation.as]: used });
  }
}

/** A conversation as the gateway calls one that the client named. */
export function sessionOf(name: string): string {
  return `ext:${name}`;
}

/** The lanes of a moment that tests describe. */
export function createGivenSlots(given: Pick<Given, 'usage'>, snapshot: Snapshot, now: number): Slots {
  const slots = createStillSlots(now);
  occupyLanes(given, snapshot, slots);
  return slots;
}

function openSeeded(seeds: ReadonlyMap<string, ReadonlyMap<string, unknown>>): OpenTable {
  return <Value>(kind: string, read: (value: unknown) => Value | undefined) => {
    const table = openMemoryTable<Value>(kind, read);
    for (const [id, raw] of seeds.get(kind) ?? []) {
      const value = read(raw);
      if (value !== undefined) table.set(id, value);
    }
    return table;
  };
}

/** The breakers that a name stands for: all accounts of a provider, one account, or one target. */
function listBreakers(
  name: string,
  snapshot: Snapshot,
): readonly { readonly id: string; readonly reset: number }[] {
  const { provider, slash } = split(name, snapshot);
  const reset = provider?.profile.breaker.reset ?? 0;
  if (slash) {
    const model = name.slice(name.indexOf('/') + 1);
    const upstream = provider && snapshot.modelFacts(provider.id, model)?.upstreamId;
    return [{ id: `${provider?.id ?? ''}/${upstream ?? model}`, reset }];
  }
  if (name.includes('@')) return [{ id: name, reset }];
  return (provider?.connections ?? []).map(({ key }) => ({ id: key, reset }));
}

function listRests(name: string, snapshot: Snapshot): readonly string[] {
  const { provider, slash } = split(name, snapshot);
  if (!slash) return name.includes('@') ? [name] : (provider?.connections ?? []).map(({ key }) => key);
  const model = name.slice(name.indexOf('/') + 1);
  const upstream = provider && snapshot.modelFacts(provider.id, model)?.upstreamId;
  return (provider?.connections ?? []).map(({ key }) => `${key} ${upstream ?? model}`);
}

function split(name: string, { prefixes }: Snapshot) {
  const end = name.search(/[/@]/);
  return { provider: prefixes.get(end < 0 ? name : name.slice(0, end)), slash: name[end] === '/' };
}

function findConnection(key: string, { providers }: Snapshot) {
  const id = key.slice(0, key.indexOf('@'));
  return providers.get(id)?.connections.find((connection) => connection.key === key);
}
