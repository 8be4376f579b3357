// Logging in, and every way of not being logged in any more: against a booted gateway with a clock of its own.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SignJWT } from 'jose';
import { createManualClock, type ManualClock } from '../../src/lib/clock.ts';
import type { BootOptions } from '../../src/server/boot.ts';
import { openCommandState } from '../../src/state/open-for-command.ts';
import { resetPassword } from '../../src/server/reset-password.ts';
import { configSaying, makeFolder, startBooted, type Booted } from '../support/booted.ts';
import { askSocket, type Answer } from '../support/gateway.ts';

const password = 'correct horse battery';
const cost = { memory: 64, passes: 1 };
const day = 86_400_000;
let booted: Booted;
let clock: ManualClock;
afterEach(() => booted.close());

async function start(
  text = configSaying('x'),
  more: Partial<BootOptions> = {},
  folder = makeFolder(),
): Promise<void> {
  clock = createManualClock(Date.UTC(2026, 10, 20, 12));
  const environment = { INITIAL_PASSWORD: password };
  booted = await startBooted(text, { environment, clock, cost, ...more }, folder);
}

const sqlite = configSaying('x').replace('storage: { driver: memory }\n', '');

interface Ask {
  readonly method?: string;
  readonly body?: unknown;
  readonly cookie?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

function call(path: string, { method = 'GET', body, cookie, headers = {} }: Ask = {}): Promise<Answer> {
  const cookies = cookie === undefined ? {} : { cookie: `auth_token=${cookie}` };
  return askSocket(booted.gateway.url, {
    path,
    method,
    headers: { ...cookies, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

const post = (path: string, body?: unknown, cookie?: string, headers = {}): Promise<Answer> =>
  call(path, { method: 'POST', body, cookie, headers });

async function login(given = password, headers = {}): Promise<string> {
  const answer = await post('/api/auth/login', { password: given }, undefined, headers);
  expect(answer.status).toBe(200);
  return /^auth_token=([^;]+)/.exec(answer.headers['set-cookie']?.[0] ?? '')?.[1] ?? '';
}

const isIn = async (cookie: string): Promise<boolean> =>
  (await call('/api/config/status', { cookie })).status === 200;

const readToken = (name: string): string => readFileSync(join(booted.folder, 'data', name), 'utf8').trim();

describe('login', () => {
  it('gives a cookie that browsers keep to themselves, and that administers', async () => {
    await start();
    const answer = await post('/api/auth/login', { password }, undefined, { 'x-forwarded-proto': 'https' });
    expect(answer.text).toBe('{"success":true}');
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^auth_token=eyJ[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=2592000; Secure$/,
      ),
    ]);
    const cookie = await login();
    expect(await isIn(cookie)).toBe(true);
    expect((await call('/api/auth/status', { cookie })).text).toBe('{"authenticated":true}');
    expect((await call('/api/auth/status')).text).toBe('{"authenticated":false}');
    expect((await call('/api/settings/require-login')).text).toBe(
      '{"requireLogin":true,"hasPassword":true,"setupComplete":true}',
    );
  });

  it.each([
    ['nothing', undefined, 400],
    ['an empty password', { password: '' }, 400],
    ['a long one', { password: 'x'.repeat(201) }, 400],
    ['a number', { password: 1 }, 400],
    ['an array', [], 400],
    ['a wrong one', { password: 'wrong-canary' }, 401],
  ])('refuses %s and repeats nothing', async (_name, body, status) => {
    await start();
    const answer = await post('/api/auth/login', body);
    expect(answer.status).toBe(status);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.text).not.toContain('canary');
  });

  it('says that a password must be set first, and lets nobody set one without a credential', async () => {
    await start(configSaying('x'), { environment: {} });
    expect(await post('/api/auth/login', { password })).toMatchObject({
      status: 403,
      text: expect.stringContaining('"needsSetup":true'),
    });
    const path = '/api/settings/require-login';
    expect((await post(path, { password: 'of the attacker' })).status).toBe(401);
    expect((await call(path)).text).toContain('"hasPassword":false');
    const headers = { authorization: `Bearer ${readToken('management.token')}` };
    expect((await post(path, { password: 'short' }, undefined, headers)).status).toBe(400);
    expect((await post(path, { password: 'CHANGEME' }, undefined, headers)).status).toBe(400);
    expect((await post(path, { password }, undefined, headers)).status).toBe(200);
    expect(await isIn(await login())).toBe(true);
  });

  it.each(['123456', 'CHANGEME', 'password'])('does not start with INITIAL_PASSWORD=%s', async (initial) => {
    await start();
    const folder = makeFolder();
    const options = { environment: { INITIAL_PASSWORD: initial }, cost };
    await expect(startBooted(configSaying('x'), options, folder)).rejects.toThrow(/^INITIAL_PASSWORD: /);
  });

  it('locks an address after five wrong ones for a quarter of an hour, right or wrong, and nobody else', async () => {
    await start(
      configSaying('x', '')
        .replace('server: {', 'server: { trustedProxies: [127.0.0.1],')
        .replace(
          'version: 1',
          `version: 1
auth: { requireApiKey: true }
keys: [{ id: a, digest: "sha256:${'a'.repeat(64)}" }]`,
        ),
    );
    const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });
    const guess = (given: string, address: string): Promise<Answer> =>
      post('/api/auth/login', { password: given }, undefined, from(address));
    for (let n = 0; n < 5; n++) expect((await guess(`wrong ${n}`, '192.0.2.7')).status).toBe(401);
    const locked = await guess(password, '192.0.2.7');
    expect([locked.status, locked.headers['retry-after']]).toEqual([429, '900']);
    expect((await guess(password, '192.0.2.8')).status).toBe(200);
    clock.advance(900_001);
    expect((await guess(password, '192.0.2.7')).status).toBe(200);
  });

  it('a good key between two guesses forgives no guess', async () => {
    await start();
    const headers = { authorization: `Bearer ${readToken('management.token')}` };
    for (let n = 0; n < 5; n++) {
      await post('/api/auth/login', { password: `wrong ${n}` });
      await call('/api/config/status', { headers });
    }
    expect((await post('/api/auth/login', { password })).status).toBe(429);
  });

  it('slows down whoever asks too often, even with the right one', async () => {
    await start();
    const statuses = [];
    for (let n = 0; n < 21; n++) statuses.push((await post('/api/auth/login', { password })).status);
    expect(statuses.slice(0, 20).every((status) => status === 200)).toBe(true);
    expect(statuses[20]).toBe(429);
  });
});

describe('a login is dead', () => {
  it('after its logout, alone', async () => {
    await start();
    const [one, two] = [await login(), await login()];
    const answer = await post('/api/auth/logout', undefined, one);
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^auth_token=; .*Max-Age=0/);
    expect([await isIn(one), await isIn(two)]).toEqual([false, true]);
  });

  it('after a change of the password, which wants the current one', async () => {
    await start();
    const [one, two] = [await login(), await login()];
    const change = (body: object): Promise<Answer> => post('/api/settings/require-login', body, one);
    expect((await change({ password: 'another good one' })).status).toBe(401);
    expect((await change({ password: 'another good one', currentPassword: 'wrong' })).status).toBe(401);
    expect(await isIn(two)).toBe(true);
    expect((await change({ password: 'another good one', currentPassword: password })).status).toBe(200);
    expect([await isIn(one), await isIn(two)]).toEqual([false, false]);
    expect((await post('/api/auth/login', { password })).status).toBe(401);
    expect(await isIn(await login('another good one'))).toBe(true);
  });

  it('after its lifetime without use; use prolongs it', async () => {
    await start(configSaying('x', 'auth: { sessionLifetime: 10d }\n'));
    let cookie = await login();
    clock.advance(6 * day);
    const used = await call('/api/config/status', { cookie });
    cookie = /^auth_token=([^;]+)/.exec(used.headers['set-cookie']?.[0] ?? '')?.[1] ?? '';
    clock.advance(6 * day);
    expect(await isIn(cookie)).toBe(true);
    clock.advance(10 * day + 1000);
    expect(await isIn(cookie)).toBe(false);
  });

  it('when another key, another algorithm or none signed it, or when its row was never made', async () => {
    await start();
    const real = await login();
    const [head = '', body = '', seal = ''] = real.split('.');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const sign = (more: object, key: string): Promise<string> =>
      new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(key));
    const forged = [
      `${encode({ alg: 'none' })}.${body}.`,
      `${encode({ alg: 'HS512' })}.${body}.${seal}`,
      `${head}.${encode({ ...claims, exp: 99_999_999_999 })}.${seal}`,
      await sign({}, 'another key of thirty-two bytes!'),
      await sign({ jti: 'planted' }, readToken('session.key')),
      await sign({ aud: 'elsewhere' }, readToken('session.key')),
      `${real}x`,
    ];
    expect(await Promise.all(forged.map(isIn))).toEqual(forged.map(() => false));
    expect(await isIn(await sign({}, readToken('session.key')))).toBe(true);
  });

  it('a planted cookie never becomes a login: each has a name of its own, and the old one ends', async () => {
    await start();
    const planted = await login();
    const answer = await post('/api/auth/login', { password }, planted);
    const fresh = /^auth_token=([^;]+)/.exec(answer.headers['set-cookie']?.[0] ?? '')?.[1] ?? '';
    expect(fresh).not.toBe(planted);
    expect([await isIn(planted), await isIn(fresh)]).toEqual([false, true]);
    // Two of one name: whoever planted one of them must not choose.
    expect(
      (await call('/api/config/status', { headers: { cookie: `auth_token=x; auth_token=${fresh}` } })).status,
    ).toBe(401);
  });

  it('logins outlive a restart, a reset by the command line ends them', async () => {
    await start(sqlite);
    const { folder } = booted;
    const cookie = await login();
    await booted.gateway.close();
    await start(sqlite, { environment: { INITIAL_PASSWORD: 'not the first any more' } }, folder);
    expect(await isIn(cookie)).toBe(true);
    const place = {
      dataFolder: join(folder, 'data'),
      keeps: true,
      url: booted.gateway.url,
      secretNames: new Set<string>(),
    };
    expect(await resetPassword(place, 'a whole new one', 'cli:me', clock)).toBe('reloaded');
    expect(await isIn(cookie)).toBe(false);
    expect((await post('/api/auth/login', { password })).status).toBe(401);
    expect(await isIn(await login('a whole new one'))).toBe(true);
    const state = openCommandState(place.dataFolder);
    expect(
      state
        .slices('account')
        .map(({ value }) => value)
        .join(),
    ).not.toContain('new one');
    state.close();
  });
});

describe('what a browser sends for somebody else', () => {
  it.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['no origin of its own', { origin: 'null' }],
    ['a neighbour port', { origin: 'http://127.0.0.1:1' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling of the site', { 'sec-fetch-site': 'same-site' }],
  ])('from %s changes nothing', async (_name, headers: Record<string, string>) => {
    await start();
    const cookie = await login();
    for (const path of [
      '/api/auth/logout',
      '/api/auth/login',
      '/api/config/reload',
      '/api/settings/require-login',
    ]) {
      const answer = await post(path, { password, requireLogin: false }, cookie, headers);
      expect([path, answer.status, answer.headers['set-cookie']]).toEqual([path, 403, undefined]);
    }
    expect(await isIn(cookie)).toBe(true);
    const own = { origin: booted.gateway.url, 'sec-fetch-site': 'same-origin' };
    expect((await post('/api/config/reload', undefined, cookie, own)).status).toBe(200);
  });
});

describe('without a required login', () => {
  it('this machine needs none, everybody else does', async () => {
    await start(configSaying('x', 'auth: { requireLogin: false }\n'));
    expect((await call('/api/config/status')).status).toBe(200);
    for (const headers of [
      { host: 'rebound.example' },
      { 'x-forwarded-for': '192.0.2.1' },
      { via: '1.1 proxy' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { authorization: 'Bearer wrong' },
    ] as Record<string, string>[])
      expect((await call('/api/config/status', { headers })).status, JSON.stringify(headers)).toBeGreaterThan(
        400,
      );
  });

  it('is a change of the file like any other', async () => {
    await start();
    const cookie = await login();
    expect((await post('/api/settings/require-login', { requireLogin: false }, cookie)).status).toBe(200);
    expect(readFileSync(booted.file, 'utf8')).toContain('requireLogin: false');
    expect((await call('/api/config/status')).status).toBe(200);
  });
});

it('every file of the data folder is for the owner alone, and none holds the password or a login', async () => {
  await start(sqlite);
  const cookie = await login();
  const folder = join(booted.folder, 'data');
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name);
    expect([entry.name, statSync(path).mode & 0o077]).toEqual([entry.name, 0]);
    const text = readFileSync(path, 'latin1');
    expect(text).not.toContain(password);
    const { jti } = JSON.parse(Buffer.from(cookie.split('.')[1] ?? '', 'base64url').toString()) as {
      jti: string;
    };
    expect(text).not.toContain(jti);
  }
});
