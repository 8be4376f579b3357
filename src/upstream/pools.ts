// Connections, one pool per origin, kept alive between calls.
import { Pool } from 'undici';

export interface Pools {
  /** Throws when `origin` is no http or https URL. */
  get(origin: string, connectTimeout: number): Pool;
  /** Gives up the pools of all other origins; their running calls finish. */
  retain(origins: ReadonlySet<string>): void;
  /** Waits for running calls, at most `milliseconds`, then breaks what is left. */
  close(milliseconds: number): Promise<void>;
}

export function createPools(): Pools {
  const pools = new Map<string, Pool>();
  return {
    get(origin, connectTimeout) {
      const key = `${connectTimeout} ${origin}`;
      const known = pools.get(key);
      if (known) return known;
      const pool = new Pool(origin, {
        connectTimeout,
        // One socket per call: an abort then ends exactly one call, and back-pressure reaches exactly one sender.
        allowH2: false,
        pipelining: 1,
        // Below the 5 s after which uvicorn and Node close an idle socket, so that a call rarely meets a closing one.
        keepAliveTimeout: 4_000,
      });
      pools.set(key, pool);
      return pool;
    },
    retain(origins) {
      for (const [key, pool] of pools) {
        if (origins.has(key.slice(key.indexOf(' ') + 1))) continue;
        pools.delete(key);
        // Nobody waits for it: a pool that cannot close any more has nothing left to close.
        pool.close().catch(() => undefined);
      }
    },
    async close(milliseconds) {
      const all = [...pools.values()];
      pools.clear();
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
