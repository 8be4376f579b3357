// Connections into one origin, each for one call at a time.
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';

export interface ConnectionOptions {
  readonly lookup: LookupFunction;
  /** Milliseconds until a connection stands. */
  readonly connectTimeout: number;
}

/**
 * A stack and not undici's Pool: the connection that was used last is used next, which is the one that the upstream will
 * not close in this moment, and those below run out and are given up. It also costs 1 µs less with each call.
 */
export class Connections {
  readonly #origin: URL;
  readonly #options: Client.Options;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];

  constructor(origin: URL, { lookup, connectTimeout }: ConnectionOptions) {
    this.#origin = origin;
    this.#options = {
      // One for all, because it keeps the TLS sessions.
      connect: createConnector(lookup, connectTimeout),
      // One socket per call: an abort then ends exactly one call, and back-pressure reaches exactly one sender.
      pipelining: 1,
      // Below the 5 s after which uvicorn and Node close an idle socket, so that a call rarely meets a closing one.
      keepAliveTimeout: 4_000,
    };
  }

  /** How many there are, in use or idle. */
  get size(): number {
    return this.#all.size;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    const connection = this.#idle.pop() ?? this.#open();
    connection.idle = false;
    connection.client.dispatch(options, handler);
    // What undici refuses (a header with a line break) never makes it busy.
    if (connection.client.stats.size === 0) this.#rest(connection);
  }

  /** Waits for running calls. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#all, ({ client }) => client.close()));
  }

  async destroy(): Promise<void> {
    await Promise.all(Array.from(this.#all, ({ client }) => client.destroy()));
  }

  #open(): Connection {
    const client = new Client(this.#origin, this.#options);
    const connection = { client, connected: false, idle: false };
    this.#all.add(connection);
    client.on('connect', () => void (connection.connected = true));
    // A client is busy from its dispatch on; this says that it could take the next call.
    client.on('drain', () => this.#rest(connection));
    client.on('disconnect', () => this.#disconnect(connection));
    return connection;
  }

  #rest(connection: Connection): void {
    if (connection.idle) return;
    // Without a socket it holds nothing that had to be closed, and would hide those that have one.
    if (!connection.connected) {
      this.#all.delete(connection);
      return;
    }
    connection.idle = true;
    this.#idle.push(connection);
  }

  /** One in use may connect again for its call. */
  #disconnect(connection: Connection): void {
    connection.connected = false;
    if (!connection.idle) return;
    connection.idle = false;
    this.#idle.splice(this.#idle.lastIndexOf(connection), 1);
    this.#all.delete(connection);
  }
}

interface Connection {
  readonly client: Client;
  connected: boolean;
  /** It lies on the stack. */
  idle: boolean;
}

function createConnector(lookup: LookupFunction, timeout: number): buildConnector.connector {
  const connect = buildConnector({ lookup, timeout, allowH2: false } as buildConnector.BuildOptions);
  return (options, callback) =>
    connect(options, (...result) => {
      const [, socket] = result;
      if (socket) holdByCalls(socket);
      callback(...result);
    });
}

/**
 * A connection keeps the process alive while it has a call, as undici wants it: a program without a server ends with its
 * last answer. undici calls these around each call, and each is a way into libuv and back, 1 µs for both; one timer for
 * all connections costs that only with the first call and the last.
 */
function holdByCalls(socket: Socket): void {
  let held = false;
  socket.unref();
  socket.ref = () => {
    if (!held && holding++ === 0) alive.ref();
    held = true;
    return socket;
  };
  socket.unref = () => {
    if (held && --holding === 0) alive.unref();
    held = false;
    return socket;
  };
  socket.ref();
  socket.once('close', socket.unref);
}

/** Sockets with a call. */
let holding = 0;

const alive = setInterval(() => {}, 2 ** 31 - 1).unref();
