// The order of the accounts of one provider: which of those that can be used now is tried first (contract §15.4). The
// places of rounds are kept under `provider@`, which no combo can be called.
import type { Attempt, Effect } from './decision.ts';
import type { Provider } from './snapshot.ts';
import { shuffle } from './strategies/random.ts';
import type { World } from './world/world.ts';

export interface Selection {
  readonly order: readonly Attempt[];
  /** Applied when the first of them is begun. */
  readonly effects: readonly Effect[];
}

interface Moment {
  readonly world: World;
  readonly random: () => number;
}

type Select = (attempts: readonly Attempt[], moment: Moment, provider: Provider) => Selection;

/** `providers.X.select` → its rule; attempts come by priority, at least two of them. */
const selects: Readonly<Record<NonNullable<Provider['select']>, Select>> = {
  'fill-first': (attempts) => keep(attempts),
  random: (attempts, { random }) => keep(shuffle(attempts, random)),
  'least-used': (attempts, { world }) =>
    keep(attempts.toSorted((a, b) => lastUsed(a, world) - lastUsed(b, world))),
  p2c: selectOfTwo,
  // Stays on one account for some calls, because its prompt cache is warm, and then goes on to the next.
  'round-robin': rotate,
  'strict-random': selectFromDeck,
};

/** Orders the usable accounts of a provider. */
export function selectConnections(
  attempts: readonly Attempt[],
  provider: Provider,
  moment: Moment,
): Selection {
  if (attempts.length < 2) return keep(attempts);
  const { order, effects } = selects[provider.select ?? 'fill-first'](attempts, moment, provider);
  return { order: putFullLast(order, moment), effects };
}

// Nobody waits in the queue of one account while another one is free.
function putFullLast(order: readonly Attempt[], moment: Moment): readonly Attempt[] {
  const isFull = ({ connection: { key, maxConcurrent, pace } }: Attempt): boolean => {
    const most = Math.min(maxConcurrent ?? Infinity, pace?.concurrent ?? Infinity);
    return most < Infinity && moment.world.inFlight(key) >= most;
  };
  return order.some(isFull)
    ? [...order.filter((attempt) => !isFull(attempt)), ...order.filter(isFull)]
    : order;
}

function keep(order: readonly Attempt[]): Selection {
  return { order, effects: nothing };
}

const nothing: readonly Effect[] = Object.freeze([]);

function rotate(attempts: readonly Attempt[], { world }: Moment, provider: Provider): Selection {
  const calls = Math.max(1, provider.stickyCalls ?? 1);
  const name = `${provider.id}@`;
  const position = world.rotation(name);
  const start = Math.floor(position / calls) % attempts.length;
  return {
    order: [...attempts.slice(start), ...attempts.slice(0, start)],
    effects: [{ kind: 'rotate', combo: name, position: (position + 1) % 0x4000_0000 }],
  };
}

// Every account once, in an order that changes from round to round: a round of the shuffled list of all accounts.
function selectFromDeck(
  attempts: readonly Attempt[],
  { world, random }: Moment,
  provider: Provider,
): Selection {
  const name = `${provider.id}@`;
  const dealt = world.rotation(name);
  const size = provider.connections.length;
  // One bit for each account that this round has had; beyond thirty accounts the deck is a plain shuffle.
  if (size > 30) return keep(shuffle(attempts, random));
  const bit = (attempt: Attempt): number => 1 << provider.connections.indexOf(attempt.connection);
  const fresh = attempts.filter((attempt) => (dealt & bit(attempt)) === 0);
  const cards = fresh.length > 0 ? fresh : attempts;
  const first = cards[Math.floor(random() * cards.length)]!;
  const position = (fresh.length > 0 ? dealt : 0) | bit(first);
  return {
    order: [first, ...attempts.filter((attempt) => attempt !== first)],
    effects: [{ kind: 'rotate', combo: name, position }],
  };
}

function selectOfTwo(attempts: readonly Attempt[], { world, random }: Moment): Selection {
  const one = Math.floor(random() * attempts.length);
  const other = (one + 1 + Math.floor(random() * (attempts.length - 1))) % attempts.length;
  const pair = [attempts[one]!, attempts[other]!].sort((a, b) => load(a, world) - load(b, world));
  return keep([...pair, ...attempts.filter((attempt) => !pair.includes(attempt))]);
}

// Running calls, and as much as ten of them for an account whose last call failed.
function load({ connection }: Attempt, world: World): number {
  const uses = world.uses(connection.key);
  const running = world.inFlight(connection.key);
  return running + (uses && uses.lastUsed > uses.lastSuccess && running === 0 ? 10 : 0);
}

function lastUsed({ connection }: Attempt, world: World): number {
  return world.uses(connection.key)?.lastUsed ?? 0;
}
