// Connections by origin, kept alive between calls.
import { checkHost, createGuardedLookup, type Reach, type ResolveHost } from './address-guard.ts';
import { Connections } from './connections.ts';

export interface Pools {
  /** Throws when `origin` is no http or https URL, and AddressRefusedError for an address out of reach. */
  get(origin: string, connectTimeout: number, reach: Reach): Connections;
  /** Gives up the pools of all other origins; their running calls finish. */
  retain(origins: ReadonlySet<string>): void;
  /** Waits for running calls, at most `milliseconds`, then breaks what is left. */
  close(milliseconds: number): Promise<void>;
}

/** One way into an origin: its providers may differ in how long they wait, and where they may reach. */
interface Door {
  readonly connectTimeout: number;
  readonly reach: Reach;
  readonly connections: Connections;
}

/** `resolve` stands for DNS in tests. */
export function createPools(resolve?: ResolveHost): Pools {
  const doors = new Map<string, Door[]>();
  const lookups = {
    public: createGuardedLookup('public', resolve),
    private: createGuardedLookup('private', resolve),
  };
  return {
    get(origin, connectTimeout, reach) {
      const known = doors.get(origin);
      if (known) {
        for (const door of known)
          if (door.connectTimeout === connectTimeout && door.reach === reach) return door.connections;
      }
      const url = new URL(origin);
      checkHost(url.hostname, reach);
      const connections = new Connections(url, { lookup: lookups[reach], connectTimeout });
      const door = { connectTimeout, reach, connections };
      if (known) known.push(door);
      else doors.set(origin, [door]);
      return connections;
    },
    retain(origins) {
      for (const [origin, given] of doors) {
        if (origins.has(origin)) continue;
        doors.delete(origin);
        // Nobody waits for it: a pool that cannot close any more has nothing left to close.
        for (const { connections } of given) connections.close().catch(() => undefined);
      }
    },
    async close(milliseconds) {
      const all = [...doors.values()].flat().map(({ connections }) => connections);
      doors.clear();
      const closed = Promise.all(all.map((connections) => connections.close()));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, milliseconds, 'late');
      });
      const result = await Promise.race([closed, late]);
      clearTimeout(timer);
      if (result === 'late') await Promise.all(all.map((connections) => connections.destroy()));
    },
  };
}
