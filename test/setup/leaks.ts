// Watches which sockets, servers, timers, workers and child processes a test file opens, and names those that are
// still open when the file ends. It never closes anything itself: a leak is a fault of the test or of the product.
import { createHook } from 'node:async_hooks';
import { Server } from 'node:net';

/** How a kind of handle is called in messages, and whether an unreferenced one counts. */
const watched: Readonly<Record<string, { readonly name: string; readonly whenUnreferenced: boolean }>> = {
  TCPSERVERWRAP: { name: 'server', whenUnreferenced: true },
  PIPESERVERWRAP: { name: 'server on a pipe', whenUnreferenced: true },
  PROCESSWRAP: { name: 'child process', whenUnreferenced: true },
  WORKER: { name: 'worker', whenUnreferenced: true },
  FSEVENTWRAP: { name: 'file watcher', whenUnreferenced: true },
  STATWATCHER: { name: 'polling file watcher', whenUnreferenced: true },
  UDPWRAP: { name: 'UDP socket', whenUnreferenced: true },
  // Idle keep-alive connections and background timers are unreferenced on purpose: they keep no process alive.
  TCPWRAP: { name: 'socket', whenUnreferenced: false },
  Timeout: { name: 'timer', whenUnreferenced: false },
};

interface Handle {
  readonly name: string;
  readonly place: string;
  readonly resource: WeakRef<object>;
  readonly whenUnreferenced: boolean;
}

/** Watches from `start()` on. */
export interface LeakWatch {
  start(): void;
  /**
   * Waits until everything is closed, at most `grace` milliseconds (a closed socket needs a few turns of the loop,
   * a killed child a moment), then stops watching and answers one line per handle that is still open.
   */
  finish(grace: number): Promise<readonly string[]>;
}

export function createLeakWatch(): LeakWatch {
  const handles = new Map<number, Handle>();
  const listeners = new WeakMap<Server, string>();
  const servers: WeakRef<Server>[] = [];
  // Taken now: a test may replace the global by a fake clock.
  const wait = globalThis.setTimeout;
  let ignoring = false;

  const hook = createHook({
    // Promises are neither handles nor cheap to follow.
    trackPromises: false,
    init(id, type, trigger, resource) {
      const kind = watched[type];
      if (!kind || ignoring) return;
      const place = findPlace(new Error('opened').stack ?? '');
      if (place === 'runner') return;
      handles.set(id, {
        ...kind,
        place: place ?? handles.get(trigger)?.place ?? 'an unknown place',
        resource: new WeakRef(resource),
      });
    },
    destroy(id) {
      handles.delete(id);
    },
  });

  // A server with a host name opens its handle only after a look-up, far from the line that called listen.
  const listen = Server.prototype.listen as (...values: unknown[]) => Server;
  const rememberAndListen = function (this: Server, ...values: unknown[]): Server {
    servers.push(new WeakRef(this));
    listeners.set(this, findPlace(new Error('listening').stack ?? '') ?? 'an unknown place');
    return listen.apply(this, values);
  };
  const findListener = (resource: object | undefined): string | undefined => {
    const server = servers
      .map((reference) => reference.deref())
      .find((each) => each && handleOf(each) === resource);
    return server && listeners.get(server);
  };
  const listOpen = (): readonly string[] =>
    [...handles.values()]
      .filter(isOpen)
      .map(({ name, place, resource }) => `${name} opened at ${findListener(resource.deref()) ?? place}`);

  return {
    start() {
      hook.enable();
      Object.assign(Server.prototype, { listen: rememberAndListen });
    },
    async finish(grace) {
      const end = performance.now() + grace;
      while (listOpen().length > 0 && performance.now() < end) {
        await new Promise<void>((resolve) => {
          ignoring = true;
          wait(resolve, 10);
          ignoring = false;
        });
      }
      hook.disable();
      Object.assign(Server.prototype, { listen });
      return listOpen();
    },
  };
}

function isOpen({ resource, whenUnreferenced }: Handle): boolean {
  const handle = resource.deref() as { hasRef?: () => boolean } | undefined;
  if (!handle) return false;
  return whenUnreferenced || handle.hasRef?.() === true;
}

function handleOf(server: Server): unknown {
  return Reflect.get(server, '_handle');
}

/** The first line of the stack that is ours; 'runner' when the test runner itself opened the handle. */
function findPlace(stack: string): string | undefined {
  for (const line of stack.split('\n').slice(1)) {
    if (line.includes('node:') || line.includes('/test/setup/leaks.')) continue;
    if (/node_modules\/(vitest|@vitest|vite|tinypool|birpc)\//.test(line)) return 'runner';
    if (line.includes('/node_modules/')) continue;
    return line
      .trim()
      .replace(/^at /, '')
      .replace(/file:\/\//, '')
      .replace(`${process.cwd()}/`, '');
  }
  return undefined;
}
