// server.basePath, for a proxy that does not strip it: everything is below it, the management API too, and a reload moves it.
import { afterEach, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSaying, startBooted, type Booted } from '../support/booted.ts';

let booted: Booted | undefined;
afterEach(() => booted?.close());

const below = (basePath: string): string =>
  configSaying('x').replace('127.0.0.1:0 }', `127.0.0.1:0, basePath: ${basePath} }`);

async function statusOf(path: string): Promise<number> {
  const { gateway } = booted!;
  const token = readFileSync(join(gateway.dataFolder, 'management.token'), 'utf8').trim();
  const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
}

it.each(['/ai', '/a/b'])('serves both planes below %s', async (basePath) => {
  booted = await startBooted(below(basePath));
  expect(await statusOf(`${basePath}/v1/models`)).toBe(200);
  expect(await statusOf(`${basePath}/healthz`)).toBe(200);
  expect(await statusOf(`${basePath}/api/config/status`)).toBe(200);
  expect(await statusOf(`${basePath}/api/config/effective?path=/server/basePath`)).toBe(200);
  expect(await statusOf(`${basePath}/api/nothing`)).toBe(404);
  expect(await statusOf('/v1/models')).toBe(404);
});

it('moves with a reload', async () => {
  booted = await startBooted(below('/old'));
  expect(await statusOf('/old/api/config/status')).toBe(200);
  booted.write(below('/new'));
  expect((await booted.gateway.reload('api')).kind).not.toBe('refused');
  expect(await statusOf('/new/api/config/status')).toBe(200);
  expect(await statusOf('/old/api/config/status')).toBe(404);
});
