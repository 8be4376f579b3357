// Which connection a call gets, counted at a real server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { lookup } from 'node:dns';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Dispatcher } from 'undici';
import { Connections } from '../../../src/upstream/connections.ts';

let server: Server;
let sockets: Socket[];
let waiting: ServerResponse[];
let connections: Connections;

beforeEach(async () => {
  sockets = [];
  waiting = [];
  server = createServer((request, response) => {
    if (request.url === '/held') waiting.push(response);
    else response.end(String(sockets.indexOf(request.socket)));
  });
  server.on('connection', (socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  connections = open((server.address() as AddressInfo).port);
});

afterEach(async () => {
  await connections.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(port: number): Connections {
  return new Connections(new URL(`http://127.0.0.1:${port}`), { lookup, connectTimeout: 1000 });
}

interface Call {
  /** What the server answered, or the code of the error. */
  readonly result: Promise<string>;
  abort(): void;
}

function call(path: string, from = connections, headers: Record<string, string> = {}): Call {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  let controller: Dispatcher.DispatchController | undefined;
  from.dispatch(
    { path, method: 'POST', headers },
    {
      onRequestStart: (given) => void (controller = given),
      onResponseStart: () => undefined,
      onResponseData: (_, chunk) => void (text += chunk.toString()),
      onResponseEnd: () => resolve(text),
      onResponseError: (_, error) => resolve((error as NodeJS.ErrnoException).code ?? error.message),
    },
  );
  return { result: promise, abort: () => controller?.abort(new Error('aborted')) };
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('calls one after the other share a connection', async () => {
  for (let i = 0; i < 5; i++) {
    expect(await call('/').result).toBe('0');
    await turn();
  }
  expect(connections.size).toBe(1);
});

it('calls at the same time have one each, and the last one to come back goes first', async () => {
  const calls = [call('/held'), call('/held'), call('/held')];
  await until(() => waiting.length === 3);
  expect(sockets).toHaveLength(3);
  for (const [index, { result }] of calls.entries()) {
    waiting[index]!.end();
    await result;
    await turn();
  }
  for (let i = 0; i < 4; i++) {
    expect(await call('/').result).toBe('2');
    await turn();
  }
  expect(connections.size).toBe(3);
});

it('a connection that the upstream closes while it is idle is forgotten', async () => {
  await Promise.all([call('/').result, call('/').result]);
  await until(() => sockets.every((socket) => socket.readyState === 'open'));
  expect(connections.size).toBe(2);
  await turn();
  server.closeIdleConnections();
  await until(() => connections.size === 0);
  expect(await call('/').result).toBe('2');
});

it('a call that was aborted gives its connection back', async () => {
  const held = call('/held');
  await until(() => waiting.length === 1);
  held.abort();
  expect(await held.result).toBe('aborted');
  await until(() => sockets[0]!.destroyed);
  await turn();
  expect(await call('/').result).toBe('1');
  expect(connections.size).toBe(1);
});

it('a call that was aborted does not hide a connection that is idle', async () => {
  const calls = [call('/held'), call('/held')];
  await until(() => waiting.length === 2);
  waiting[0]!.end();
  await calls[0]!.result;
  await turn();
  calls[1]!.abort();
  await calls[1]!.result;
  await until(() => connections.size === 1);
  expect(await call('/').result).toBe(String(sockets.indexOf(waiting[0]!.req.socket)));
  expect(sockets).toHaveLength(2);
});

it('connections that fail do not pile up', async () => {
  const closed = createServer();
  await once(closed.listen(0, '127.0.0.1'), 'listening');
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const nowhere = open(port);
  for (let i = 0; i < 5; i++) {
    expect(await call('/', nowhere).result).toBe('ECONNREFUSED');
    await turn();
  }
  await Promise.all(Array.from({ length: 20 }, () => call('/', nowhere).result));
  await until(() => nowhere.size === 0);
  await nowhere.close();
});

it('a call that cannot even be made costs no connection', async () => {
  for (let i = 0; i < 5; i++)
    expect(await call('/', connections, { 'x-broken': 'a\nb' }).result).toBe('UND_ERR_INVALID_ARG');
  expect(connections.size).toBe(0);
  const held = [call('/held'), call('/held')];
  await until(() => waiting.length === 2);
  expect(sockets).toHaveLength(2);
  for (const response of waiting) response.end();
  await Promise.all(held.map(({ result }) => result));
});

it('a call that is given up before it is sent costs no connection', async () => {
  const dispatch = (): Promise<void> =>
    new Promise((resolve) => {
      connections.dispatch(
        { path: '/', method: 'POST' },
        {
          onRequestStart: (controller) => controller.abort(new Error('late')),
          onResponseError: () => resolve(),
        },
      );
    });
  for (let i = 0; i < 5; i++) await dispatch();
  await turn();
  const held = [call('/held'), call('/held')];
  await until(() => waiting.length === 2);
  expect(connections.size).toBe(2);
  for (const response of waiting) response.end();
  await Promise.all(held.map(({ result }) => result));
});

it('a connection keeps a program alive while it has a call, and no longer', async () => {
  // Nobody else ends the connection.
  server.keepAliveTimeout = 0;
  const module = new URL('../../../src/upstream/connections.ts', import.meta.url).href;
  const program = `
    import { lookup } from 'node:dns';
    import { Connections } from ${JSON.stringify(module)};
    const connections = new Connections(new URL(process.argv[1]), { lookup, connectTimeout: 1000 });
    connections.dispatch({ path: '/held', method: 'POST' }, {
      onRequestStart: () => {},
      onResponseStart: () => {},
      onResponseData: (_, chunk) => process.stdout.write(chunk),
      onResponseEnd: () => {},
      onResponseError: (_, error) => process.stdout.write(error.message),
    });
  `;
  const { port } = server.address() as AddressInfo;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, `http://127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  const ended = once(child, 'close');
  await until(() => waiting.length === 1);
  // As long as undici would keep it.
  waiting[0]!.setHeader('Keep-Alive', 'timeout=600');
  waiting[0]!.end('said');
  expect(await ended).toEqual([0, null]);
  expect(said).toBe('said');
});

it('waits for running calls when it closes', async () => {
  const held = call('/held');
  await until(() => waiting.length === 1);
  let closed = false;
  const closing = connections.close().then(() => (closed = true));
  await turn();
  expect(closed).toBe(false);
  waiting[0]!.end('said');
  expect(await held.result).toBe('said');
  await closing;
});
