// A listening HTTP server. listhen stays in here: it reads ports and hosts from the environment, treats port 0 as 3000,
// moves away from ports that browsers refuse, and prints by itself unless told otherwise.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
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
export async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  { host, port }: ListenAddress,
): Promise<Listening> {
  const listening = listenWith(listener, {
    hostname: host,
    port: port === 0 ? { random: true } : port,
    public: !isLoopback(host),
    isProd: true,
    isTest: false,
    showURL: false,
    open: false,
    clipboard: false,
    autoClose: false,
  });
  const { server } = await listening.catch(async (error: unknown) => {
    await probe({ host, port });
    throw error;
  });
  const plain = server as Server;
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
