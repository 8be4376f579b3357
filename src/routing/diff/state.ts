// What becomes of state that outlives a snapshot, by the ids that it is kept by. State is never carried over silently
// to something else, and never lost silently.
import { renderCanonical } from '../../lib/stable-hash.ts';
import type { Snapshot } from '../snapshot.ts';

export interface StateChange {
  /** `connection`: cooldowns, breakers, quota, use. `combo`: the place of its round. */
  readonly kind: 'connection' | 'combo';
  readonly id: string;
  /** `fresh` begins without history; `dropped` has nobody left who reads it. */
  readonly fate: 'fresh' | 'dropped' | 'reset';
  readonly reason: string;
}

/** Only what does not simply stay as it is. */
export function diffState(previous: Snapshot, next: Snapshot): readonly StateChange[] {
  return [...diffConnections(previous, next), ...diffCombos(previous, next)];
}

function diffConnections(previous: Snapshot, next: Snapshot): readonly StateChange[] {
  const [was, is] = [listCredentials(previous), listCredentials(next)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((id): readonly StateChange[] => {
    if (!was.has(id)) return [{ kind: 'connection', id, fate: 'fresh', reason: 'the account is new' }];
    if (!is.has(id)) return [{ kind: 'connection', id, fate: 'dropped', reason: 'the account is gone' }];
    if (was.get(id) === is.get(id)) return [];
    return [{ kind: 'connection', id, fate: 'reset', reason: 'its credential is another one' }];
  });
}

function listCredentials({ providers }: Snapshot): ReadonlyMap<string, string> {
  const credentials = new Map<string, string>();
  for (const { connections } of providers.values()) {
    for (const { key, credential } of connections) credentials.set(key, renderCanonical(credential ?? null));
  }
  return credentials;
}

function diffCombos(previous: Snapshot, next: Snapshot): readonly StateChange[] {
  return previous.combos
    .values()
    .filter(({ strategy }) => strategy === 'round-robin' || strategy === 'strict-random')
    .flatMap(({ name, strategy }): readonly StateChange[] => {
      const now = next.combos.get(name);
      if (now?.strategy === strategy) return [];
      const reason = now ? `it is ${now.strategy} now` : 'the combo is gone';
      return [{ kind: 'combo', id: name, fate: 'dropped', reason }];
    });
}
