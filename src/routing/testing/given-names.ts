// The names that a given world speaks of, looked up in a snapshot: what a command line or an API says is no part of the
// file, whose checks would otherwise tell.
import { renderNearest } from '../../lib/nearest.ts';
import { listCounters } from '../counters.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Given } from './given.ts';

/** One sentence for each name that stands for nothing; empty when all is well. */
export function findUnknownNames(given: Given, snapshot: Snapshot): readonly string[] {
  const { breakers, cooldowns, quota, latency, credentials, sessions, usage, spend } = given;
  const places = [
    ...[breakers, cooldowns, quota, latency, credentials].flatMap((map) => Object.keys(map)),
    ...Object.values(sessions),
  ];
  const counters = Object.keys(usage).length === 0 ? [] : [...listCounters(snapshot).keys()];
  return [
    ...places.flatMap((name) => findPlace(name, snapshot)),
    ...Object.keys(usage).flatMap((id) =>
      counters.includes(id) ? [] : [say(`there is no limit "${id}"`, id, counters)],
    ),
    ...Object.keys(spend).flatMap((id) => {
      const known = snapshot.budgets.map((budget) => budget.id);
      return known.includes(id) ? [] : [say(`there is no budget "${id}"`, id, known)];
    }),
  ];
}

function findPlace(name: string, { prefixes, providers }: Snapshot): readonly string[] {
  const id = name.split(/[@/]/)[0] ?? name;
  const provider = prefixes.get(id);
  if (!provider) return [say(`there is no provider "${id}"`, id, providers.names())];
  const slash = name.indexOf('/');
  const at = name.indexOf('@');
  if (at < 0 || (slash >= 0 && slash < at)) return [];
  const account = name.slice(at + 1).split('/')[0] ?? '';
  const ids = provider.connections.map((connection) => connection.id);
  return ids.includes(account) ? [] : [say(`"${provider.id}" has no account "${account}"`, account, ids)];
}

function say(message: string, name: string, known: readonly string[]): string {
  const nearest = renderNearest(name, known);
  return nearest === undefined ? message : `${message}, ${nearest}`;
}
