// Connections, one pool per origin, kept alive between calls.
import { Pool } from 'undici';
import { checkHost, createGuardedLookup, type Reach, type ResolveHost } from './address-guard.ts';

export interface Pools {
  /** Throws when `origin` is no http or https URL, and AddressRefusedError for an address out of reach. */
  get(origin: string, connectTimeout: number, reach: Reach): Pool;
  /** Gives up the pools of all other origins; their running calls finish. */
  retain(origins: ReadonlySet<string>): void;
  /** Waits for running calls, at most `milliseconds`, then breaks what is left. */
  close(milliseconds: number): Promise<void>;
}

/** One way into an origin: its providers may differ in how long they wait, and where they may reach. */
interface Door {
  readonly connectTimeout: number;
  readonly reach: Reach;
  readonly pool: Pool;
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
          if (door.connectTimeout === connectTimeout && door.reach === reach) return door.pool;
      }
      const url = new URL(origin);
      checkHost(url.hostname, reach);
      const pool = new Pool(url, {
        connect: { lookup: lookups[reach], timeout: connectTimeout },
        // One socket per call: an abort then ends exactly one call, and back-pressure reaches exactly one sender.
        allowH2: false,
        pipelining: 1,
        // Below the 5 s after which uvicorn and Node close an idle socket, so that a call rarely meets a closing one.
        keepAliveTimeout: 4_000,
      });
      const door = { connectTimeout, reach, pool };
      if (known) known.push(door);
      else doors.set(origin, [door]);
      return pool;
    },
    retain(origins) {
      for (const [origin, given] of doors) {
        if (origins.has(origin)) continue;
        doors.delete(origin);
        // Nobody waits for it: a pool that cannot close any more has nothing left to close.
        for (const { pool } of given) pool.close().catch(() => undefined);
      }
    },
    async close(milliseconds) {
      const all = [...doors.values()].flat().map(({ pool }) => pool);
      doors.clear();
      const closed = Promise.all(all.map((pool) => pool.close()));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, milliseconds, 'late');
      });
      const result = await Promise.race([closed, late]);
      clearTimeout(timer);
      if (result === 'late') await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
}
