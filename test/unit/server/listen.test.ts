// A port that somebody else takes between listhen's choice and its bind.
import { once } from 'node:events';
import { channel } from 'node:diagnostics_channel';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { listen } from '../../../src/server/listen.ts';

const binds = channel('tracing:net.server.listen:asyncStart');
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

/** Takes the port of the next `times` HTTP servers in the moment before they bind it; gives those ports. */
function takeNextPorts(times: number): number[] {
  const taken: number[] = [];
  const take = (message: unknown): void => {
    const { server, options } = message as { server: Server; options: { port: number } };
    if (server.listenerCount('request') === 0 || taken.length >= times) return;
    taken.push(options.port);
    const other = createServer().listen(options.port);
    cleanups.push(() => new Promise((resolve) => other.close(resolve)));
  };
  binds.subscribe(take);
  cleanups.push(() => binds.unsubscribe(take));
  return taken;
}

it('takes another free port when the chosen one is gone', async () => {
  const taken = takeNextPorts(2);
  const listening = await listen(() => {}, { host: '127.0.0.1', port: 0 });
  cleanups.push(() => listening.close());
  expect(taken).toHaveLength(2);
  expect(taken).not.toContain(Number(new URL(listening.url).port));
  expect(listening.server.listenerCount('error')).toBe(0);
});

it('lets nobody else hear of every request', async () => {
  const listener = (): void => {};
  const listening = await listen(listener, { host: '127.0.0.1', port: 0 });
  cleanups.push(() => listening.close());
  expect(listening.server.listeners('request')).toEqual([listener]);
});

it('says in the end that no port could be had', async () => {
  const taken = takeNextPorts(Number.POSITIVE_INFINITY);
  await expect(listen(() => {}, { host: '127.0.0.1', port: 0 })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  expect(taken.length).toBeGreaterThan(1);
});

it('rejects when a named port is taken in that moment', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  takeNextPorts(1);
  await expect(listen(() => {}, { host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    port,
  });
});

it('a port that is taken concerns nobody else who binds the same listener', async () => {
  const taken = takeNextPorts(1);
  const listener = (): void => {};
  const all = await Promise.all(
    Array.from({ length: 4 }, () => listen(listener, { host: '127.0.0.1', port: 0 })),
  );
  cleanups.push(() => Promise.all(all.map((each) => each.close())));
  expect(taken).toHaveLength(1);
  expect(all.map(({ server }) => server.listenerCount('error'))).toEqual([0, 0, 0, 0]);
});
