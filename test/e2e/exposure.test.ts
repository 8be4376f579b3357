// What may be exposed: a start that others could reach without a key does not happen, a reload neither, and the
// management API is as careful as the data plane.
import { afterEach, describe, expect, it } from 'vitest';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Flags } from '../../src/config/environment.ts';
import type { Diagnostic } from '../../src/diagnostics.ts';
import { digestOf, keyOf } from '../support/access.ts';
import { makeFolder, startBooted, type Booted } from '../support/booted.ts';
import { askSocket } from '../support/gateway.ts';

let booted: Booted | undefined;
afterEach(async () => {
  await booted?.close();
  booted = undefined;
});

const config = (more: string): string => `version: 1
storage: { driver: memory }
providers: { sandbox: {} }
${more}`;
const keys = `keys:
  - { id: ci, digest: "${digestOf('ci')}" }
  - { id: root, digest: "${digestOf('root')}", role: admin }
  - { id: old, digest: "${digestOf('old')}", role: admin, expires: 2020-01-01 }
  - { id: off, digest: "${digestOf('off')}", role: admin, enabled: false }
`;
const off = keys
  .replaceAll(' }', ', enabled: false }')
  .replace(', enabled: false, enabled: false', ', enabled: false');

const password = 'a password of the tests';
const cost = { memory: 64, passes: 1 };

async function start(
  more: string,
  flags: Flags = {},
  environment: Record<string, string> = { INITIAL_PASSWORD: password },
): Promise<string> {
  const folder = makeFolder();
  try {
    const all = { ...flags, data: join(folder, 'data') };
    booted = await startBooted(config(more), { flags: all, environment, cost }, folder);
    return 'serves';
  } catch (error) {
    rmSync(folder, { recursive: true });
    const { diagnostics } = error as { diagnostics?: readonly Diagnostic[] };
    const errors = diagnostics?.filter(({ severity }) => severity === 'error');
    return errors?.map(({ code }) => code).join() ?? (error as Error).name;
  }
}

describe('a start', () => {
  const local = 'server: { listen: 127.0.0.1:0 }\n';
  const open = 'server: { listen: "0.0.0.0:0" }\n';
  const behind = 'server: { listen: 127.0.0.1:0, trustedProxies: [10.0.0.0/8] }\n';
  const required = 'auth: { requireApiKey: true }\n';
  it.each<[string, string, Flags, string]>([
    ['loopback, no keys', local, {}, 'serves'],
    ['loopback, keys required', local + required + keys, {}, 'serves'],
    ['everywhere, no keys', open, {}, 'server/exposed-without-keys'],
    ['everywhere, keys not required', open + keys, {}, 'server/exposed-without-keys'],
    ['everywhere, required, none declared', open + required, {}, 'server/exposed-without-keys'],
    ['everywhere, required, all switched off', open + required + off, {}, 'server/exposed-without-keys'],
    ['everywhere, required and declared', open + required + keys, {}, 'serves'],
    ['behind a proxy, no keys', behind, {}, 'server/exposed-without-keys'],
    ['behind a proxy, required and declared', behind + required + keys, {}, 'serves'],
    [
      'loopback in the file, everywhere by a flag',
      local,
      { listen: '0.0.0.0:0' },
      'server/exposed-without-keys',
    ],
    ['all of IPv6 by a flag', local, { listen: '[::]:0' }, 'server/exposed-without-keys'],
    ['keys required by a flag', open + keys, { requireApiKey: 'true' }, 'serves'],
  ])('%s', async (_, more, flags, expected) => {
    expect(await start(more, flags)).toBe(expected);
  });

  it.each([
    ['everywhere', open],
    ['behind a proxy', behind],
  ])('%s wants an admin password; keys alone are not enough', async (_, address) => {
    expect(await start(address + required + keys, {}, {})).toBe('ExposureError');
  });

  it('takes a password that was set before', async () => {
    const folder = makeFolder();
    const text = config(local).replace('memory', 'sqlite');
    booted = await startBooted(text, { environment: { INITIAL_PASSWORD: password }, cost }, folder);
    await booted.gateway.close();
    booted = await startBooted(
      config(behind + required + keys).replace('memory', 'sqlite'),
      { cost },
      folder,
    );
    expect(booted.gateway.url).toContain('127.0.0.1');
  });
});

it('a reload that would open the gateway is refused, the rules before it stay', async () => {
  await start(`server: { listen: "0.0.0.0:0" }\nauth: { requireApiKey: true }\n${keys}`);
  booted!.write(config(`server: { listen: "0.0.0.0:0" }\n${keys}`));
  const outcome = await booted!.gateway.reload('api');
  expect(outcome.kind).toBe('refused');
  const { port } = new URL(booted!.gateway.url);
  const { status } = await askSocket(`http://127.0.0.1:${port}`, { method: 'GET', path: '/v1/models' });
  expect(status).toBe(401);
});

it('a reload that would open it before anybody has set a password is refused, and taken once there is one', async () => {
  const local = `auth: { requireApiKey: true }\n${keys}`;
  const behind = `server: { listen: 127.0.0.1:0, trustedProxies: [10.0.0.0/8] }\n${local}`;
  await start(`server: { listen: 127.0.0.1:0 }\n${local}`, {}, {});
  booted!.write(config(behind));
  const outcome = await booted!.gateway.reload('api');
  expect(outcome.kind).toBe('refused');
  expect(
    'diagnostics' in outcome && outcome.diagnostics.filter(({ severity }) => severity === 'error'),
  ).toMatchObject([{ code: 'server/exposed-without-password' }]);
  const { status } = await askSocket(booted!.gateway.url, {
    method: 'POST',
    path: '/api/settings/require-login',
    headers: { authorization: `Bearer ${keyOf('root')}` },
    body: { password },
  });
  expect(status).toBe(200);
  // The watcher may have been faster.
  expect((await booted!.gateway.reload('api')).kind).toMatch(/^(?:live|unchanged)$/);
  expect(booted!.gateway.snapshot().access.trustedProxies).toEqual(['10.0.0.0/8']);
});

describe('the management API', () => {
  const ask = async (headers: Record<string, string>): Promise<string> => {
    const { status, text } = await askSocket(booted!.gateway.url, {
      method: 'GET',
      path: '/api/config/status',
      headers,
    });
    const { error } = JSON.parse(text) as { error?: { code: string } };
    return error ? `${status} ${error.code}` : String(status);
  };
  const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });
  const token = (): string =>
    readFileSync(join(booted!.gateway.dataFolder, 'management.token'), 'utf8').trim();

  it('takes the token and admin keys that are valid now, and nothing else', async () => {
    await start(`server: { listen: 127.0.0.1:0 }\n${keys}`);
    expect(await ask(bearer(token()))).toBe('200');
    expect(await ask(bearer(keyOf('root')))).toBe('200');
    expect(await ask({ 'x-api-key': keyOf('root') })).toBe('200');
    expect(await ask({})).toBe('401 admin_required');
    expect(await ask(bearer(keyOf('ci')))).toBe('401 admin_required');
    expect(await ask(bearer(keyOf('old')))).toBe('401 key_expired');
    expect(await ask(bearer(keyOf('off')))).toBe('401 key_disabled');
    expect(await ask({ ...bearer('bad'), 'x-api-key': token() })).toBe('401 admin_required');
  });

  it('is closed to rebound names and to pages of others even with the token', async () => {
    await start('server: { listen: 127.0.0.1:0 }\n');
    expect(await ask({ ...bearer(token()), host: 'evil.example' })).toBe('403 host_not_allowed');
    expect(await ask({ ...bearer(token()), origin: 'https://evil.example' })).toBe('403 origin_not_allowed');
    expect(await ask({ ...bearer(token()), origin: 'null' })).toBe('403 origin_not_allowed');
    const { host } = new URL(booted!.gateway.url);
    expect(await ask({ ...bearer(token()), origin: `http://${host}` })).toBe('200');
  });

  it('locks guesses out, on both planes', async () => {
    await start(`server: { listen: 127.0.0.1:0 }\n${keys}`);
    for (let i = 0; i < 8; i++) expect(await ask(bearer(keyOf('ci')))).toBe('401 admin_required');
    // Another address in a header that nobody may be believed in changes nothing.
    for (let i = 0; i < 5; i++)
      expect(await ask({ ...bearer(`guess-${i}`), 'x-forwarded-for': `198.51.100.${i}` })).toBe(
        '401 admin_required',
      );
    expect(await ask(bearer(token()))).toBe('429 locked_out');
    const data = await askSocket(booted!.gateway.url, {
      method: 'GET',
      path: '/v1/models',
      headers: bearer(keyOf('ci')),
    });
    expect([data.status, Number(data.headers['retry-after']) > 890]).toEqual([429, true]);
  });

  it('lists and lifts locks, bans for a time and lifts bans', async () => {
    await start(
      `server: { listen: 127.0.0.1:0, trustedProxies: [127.0.0.1] }\nauth: { requireApiKey: true }\n${keys}`,
    );
    const call = async (method: string, path: string, body?: object, from?: string, key = 'root') => {
      const { status, text } = await askSocket(booted!.gateway.url, {
        method,
        path,
        headers: { ...bearer(keyOf(key)), ...(from !== undefined && { 'x-forwarded-for': from }) },
        ...(body && { body }),
      });
      return { status, body: JSON.parse(text) as Record<string, unknown> };
    };
    const guest = async (key = 'ci') =>
      (await call('GET', '/v1/models', undefined, '203.0.113.7', key)).status;
    for (let i = 0; i < 5; i++) expect(await guest('guess')).toBe(401);
    expect(await guest()).toBe(429);
    const { body } = await call('GET', '/api/policies');
    expect(body['lockedIdentifiers']).toMatchObject([{ identifier: '203.0.113.7' }]);
    expect(
      (await call('POST', '/api/policies', { action: 'unlock', identifier: '203.0.113.7' })).status,
    ).toBe(200);
    expect(await guest()).toBe(200);

    const filter = '/api/settings/ip-filter';
    const banned = await call('PUT', filter, {
      tempBan: { ip: '203.0.113.7', durationMs: 60_000, reason: 'noise' },
    });
    expect(banned.body).toMatchObject({
      enabled: false,
      mode: 'off',
      tempBans: [{ ip: '203.0.113.7', reason: 'noise' }],
    });
    expect(await guest()).toBe(403);
    expect((await call('PUT', filter, { removeBan: '203.0.113.7' })).body).toMatchObject({ tempBans: [] });
    expect(await guest()).toBe(200);
    for (const bad of [
      {},
      { tempBan: {} },
      { tempBan: { ip: 'x' } },
      { tempBan: { ip: '::1', durationMs: 0 } },
      { mode: 'whitelist' },
    ])
      expect((await call('PUT', filter, bad)).status).toBe(400);
    expect((await call('POST', '/api/policies', { action: 'lock' })).status).toBe(400);
  });
});
