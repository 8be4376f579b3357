// A listening HTTP server. listhen stays in here: it reads ports and hosts from the environment, treats port 0 as 3000,
// moves away from ports that browsers refuse, and prints by itself unless told otherwise.
import { channel } from 'node:diagnostics_channel';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:net';
import { listen as listenWith } from 'listhen';
import { renderListenUrl, type ListenAddress } from '../lib/listen-address.ts';
import { refuseBrokenRequest } from './broken-request.ts';

export interface Listening {
  readonly url: string;
  readonly server: Server;
  /** Takes no new connection; resolves when the last one has ended. */
  close(): Promise<void>;
  /** Breaks what is still open. */
  breakOff(): void;
}

/** Binds or throws (`EADDRINUSE` and the like); port 0 takes a free one. */
export async function listen(listener: RequestListener, { host, port }: ListenAddress): Promise<Listening> {
  const plain = await (port === 0 ? bindFree(listener, host) : bind(listener, { host, port }));
  // listhen's own shutdown would hear of every request and of the end of every answer; nobody asks it, see `close`.
  plain.removeAllListeners('request').on('request', listener);
  // Longer than load balancers keep idle connections, so that it is never us who closes under a request.
  plain.keepAliveTimeout = 75_000;
  plain.on('clientError', refuseBrokenRequest);
  const address = plain.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  if (port !== 0 && bound !== port) {
    await new Promise((resolve) => plain.close(resolve));
    throw new Error(`Port ${port} is one that browsers refuse to open; choose another for server.listen.`);
  }
  return {
    url: renderListenUrl({ host, port: bound }),
    server: plain,
    close: () => new Promise((resolve) => plain.close(() => resolve())),
    breakOff: () => plain.closeAllConnections(),
  };
}

/** listhen chooses a free port and binds it later; a port that was taken in between is given up for another. */
async function bindFree(listener: RequestListener, host: string): Promise<Server> {
  for (let left = FREE_PORT_TRIES; ; left--) {
    try {
      return await bind(listener, { host, port: 0 });
    } catch (error) {
      if (left <= 1 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

const FREE_PORT_TRIES = 5;

/**
 * The bound server, or the system's own error. listhen names its server only when it is bound and does not listen for its
 * errors: a bind that fails would end the process and leave this promise open. Node's channel names it before.
 */
async function bind(listener: RequestListener, { host, port }: ListenAddress): Promise<Server> {
  const failed = Promise.withResolvers<never>();
  // Its own, because the same listener may be bound to another address at the same time.
  const own: RequestListener = (request, response) => listener(request, response);
  let watched: Server | undefined;
  const watch = (message: unknown): void => {
    const { server } = message as { server: Server };
    if (server.listeners('request').includes(own)) watched = server.once('error', failed.reject);
  };
  binds.subscribe(watch);
  try {
    const listening = listenWith(own, {
      hostname: host,
      port: port === 0 ? { random: true } : port,
      public: !isLoopback(host),
      isProd: true,
      isTest: false,
      showURL: false,
      open: false,
      clipboard: false,
      autoClose: false,
    }).catch(async (error: unknown) => {
      await probe({ host, port });
      throw error;
    });
    return (await Promise.race([listening, failed.promise])).server as Server;
  } finally {
    binds.unsubscribe(watch);
    watched?.off('error', failed.reject);
  }
}

const binds = channel('tracing:net.server.listen:asyncStart');

/** Throws the system's own error: listhen tries the port beforehand and forgets why that failed. */
function probe({ host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, host, () => server.close(() => resolve()));
  });
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
