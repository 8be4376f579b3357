// How many compiled snapshots are still in memory: one for new requests, and one for each old revision that a running
// request holds. A number that does not fall back to one is a leak.
import type { Snapshot } from '../routing/snapshot.ts';

export interface LiveSnapshots {
  add(snapshot: Snapshot): void;
  count(): number;
}

export function createLiveSnapshots(): LiveSnapshots {
  let references: WeakRef<Snapshot>[] = [];
  const prune = (): number => {
    references = references.filter((reference) => reference.deref() !== undefined);
    return references.length;
  };
  return {
    add: (snapshot) => {
      prune();
      references.push(new WeakRef(snapshot));
    },
    count: prune,
  };
}
