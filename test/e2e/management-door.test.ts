// Every management route of the table, tried by everybody who may not use it: refused, and nothing learnt. And the
// attacks that gateways of this kind were hurt by, each as a request that tries it.
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/lib/clock.ts';
import { routes } from '../../src/server/routes.ts';
import { digestOf, keyOf } from '../support/access.ts';
import { startBooted, type Booted } from '../support/booted.ts';
import { askSocket, chat, type Answer } from '../support/gateway.ts';
import { say, startUpstream, type Upstream } from '../support/upstream.ts';

const password = 'correct horse battery';
const clock = createManualClock(Date.UTC(2026, 10, 20, 12));
const options = {
  clock,
  environment: { INITIAL_PASSWORD: password, UP_KEY: 'up-secret' },
  cost: { memory: 64, passes: 1 },
};
let upstream: Upstream;
let trap: Upstream;
/** With keys. */
let keyed: Booted;
/** Without keys and logins: this machine alone. */
let open: Booted;
let cookie = '';
let expired = '';

beforeAll(async () => {
  upstream = await startUpstream(say('Hello'));
  trap = await startUpstream(say('trapped'));
  const providers = `providers:
  up:
    protocols: [{ name: openai-chat, baseUrl: ${upstream.baseUrl} }]
    allowPrivateNetwork: true
    connections: [{ id: main, apiKey: "\${env:UP_KEY}" }]
    models: [m]
`;
  const head = 'version: 1\nserver: { listen: 127.0.0.1:0 }\nstorage: { driver: memory }\n';
  const key = (id: string, more = ''): string => `  - { id: ${id}, digest: "${digestOf(id)}"${more} }\n`;
  keyed = await startBooted(
    `${head}auth: { requireApiKey: true, sessionLifetime: 1d, lockout: { failures: 1000 } }
${providers}keys:
${key('client')}${key('ops', ', role: admin')}${key('off', ', role: admin, enabled: false')}${key('late', ', role: admin, expires: "2026-01-01T00:00:00Z"')}`,
    options,
  );
  open = await startBooted(head + providers, { ...options, environment: { UP_KEY: 'up-secret' } });
  expired = await login();
  clock.advance(25 * 3_600_000);
  cookie = await login();
});
afterAll(async () => {
  await Promise.all([keyed.close(), open.close(), upstream.close(), trap.close()]);
});

async function login(): Promise<string> {
  const answer = await ask('POST', '/api/auth/login', {}, { password });
  return /^(auth_token=[^;]+)/.exec(answer.headers['set-cookie']?.[0] ?? '')?.[1] ?? '';
}

function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: unknown,
  of = keyed,
): Promise<Answer> {
  return askSocket(of.gateway.url, { method, path, headers, ...(body === undefined ? {} : { body }) });
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const tokenOf = (booted: Booted): string =>
  readFileSync(join(booted.folder, 'data', 'management.token'), 'utf8').trim();

const guardedRoutes = routes
  .filter(({ lane, access, path }) => lane === 'app' && access !== 'anybody' && path !== '/')
  .map(({ method, path, access }) => [method, path.replaceAll(/\*\*:\w+|:\w+/g, 'x'), access] as const);

describe.each(guardedRoutes)('%s %s', (method, path, access) => {
  const strangers: Readonly<Record<string, () => Readonly<Record<string, string>>>> = {
    'no credential': () => ({}),
    'an inference key': () => bearer(keyOf('client')),
    'an inference key as x-api-key': () => ({ 'x-api-key': keyOf('client') }),
    'an inference key as a cookie': () => ({ cookie: `auth_token=${keyOf('client')}` }),
    'an administrator that is switched off': () => bearer(keyOf('off')),
    'an administrator that has expired': () => bearer(keyOf('late')),
    'an unknown key': () => bearer('sk-unknown'),
    'an expired cookie': () => ({ cookie: expired }),
    'an inference key beside a good cookie': () => ({ cookie, ...bearer(keyOf('client')) }),
  };
  it.each(Object.keys(strangers))('refuses %s', async (name) => {
    const answer = await ask(method, path, strangers[name]!());
    // Where a client key may ask for what is its own, all that is not is as if it were not there.
    const isClient = access === 'client' && /^an inference key(?! as a cookie)/.test(name);
    expect(answer.status).toBe(isClient ? 404 : 401);
    learnNothing(answer);
  });

  it.each([
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['the origin "null"', { origin: 'null' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' }],
  ])('refuses %s with a good cookie, a good key and a good token', async (_name, headers) => {
    for (const good of [{ cookie }, bearer(keyOf('ops')), bearer(tokenOf(keyed))]) {
      const answer = await ask(method, path, { ...good, ...(headers as Record<string, string>) });
      expect(answer.status).toBe(403);
      learnNothing(answer);
    }
  });

  it('refuses a rebound Host while only this machine is served, good token or not', async () => {
    for (const headers of [{}, bearer(tokenOf(open))]) {
      const answer = await ask(method, path, { ...headers, host: 'rebound.example' }, undefined, open);
      expect(answer.status).toBe(403);
      learnNothing(answer);
    }
  });

  it('lets an administrator in', async () => {
    const answer = await ask(method, path, bearer(keyOf('ops')));
    expect([401, 403]).not.toContain(answer.status);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});

function learnNothing({ text, headers }: Answer): void {
  const { error, ...rest } = JSON.parse(text) as { error: object };
  expect(rest).toEqual({});
  expect(Object.keys(error).sort()).toEqual(['code', 'message']);
  expect(text).not.toMatch(/up-secret|127\.0\.0\.1|omniroute\.config|sha256|revision/);
  const told = Object.keys(headers).filter((name) =>
    /^(x-omniroute|etag|set-cookie|access-control|server|x-powered)/.test(name),
  );
  expect(told).toEqual([]);
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining("'none'"),
  });
}

it('the table holds every management route that is served', () => {
  const app = keyed.gateway.server.app as unknown as {
    readonly '~routes': readonly { readonly method?: string; readonly route?: string }[];
  };
  const served = app['~routes'].filter(
    ({ route }) => route?.startsWith('/api/') === true || route === '/metrics',
  );
  const known = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  expect(served.length).toBeGreaterThan(20);
  expect(served.map(({ method, route }) => `${method} ${route}`).filter((each) => !known.has(each))).toEqual(
    [],
  );
});

it('open to anybody are exactly four', () => {
  expect(
    routes.filter(({ access }) => access === 'anybody').map(({ method, path }) => `${method} ${path}`),
  ).toEqual([
    'POST /api/auth/login',
    'POST /api/auth/logout',
    'GET /api/auth/status',
    'GET /api/settings/require-login',
  ]);
});

describe('attacks', () => {
  it.each([
    '/api/auth/loginx',
    '/api/auth/login/config',
    '/api/auth/status/../../config',
    '/api/auth/status/..%2f..%2fconfig',
    '/api/auth/status%00/../config',
    '/api/settings/require-login-all',
    '/api/auth',
    '//api/config',
    '/api//config',
    '/API/CONFIG',
    '/api/config/',
    '/api/oauth/anthropic/authorize',
    '/api/cloud/sync',
    '/api/init',
  ])('a path beside a public one opens nothing: %s', async (path) => {
    for (const method of ['GET', 'POST']) {
      const answer = await ask(method, path);
      expect([401, 403, 404, 405]).toContain(answer.status);
      expect(answer.text).not.toContain('up-secret');
    }
  });

  it.each([
    { 'x-internal-test': 'combo-health-check' },
    { 'x-internal': '1' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-original-url': '/healthz' },
    { 'x-http-method-override': 'GET' },
  ] as Record<string, string>[])('no header of a client stands for a key: %j', async (headers) => {
    expect((await ask('POST', '/v1/chat/completions', headers, chat('up/m'))).status).toBe(401);
    expect((await ask('POST', '/api/config', headers)).status).not.toBe(200);
    expect((await ask('GET', '/api/config', headers)).status).toBe(401);
  });

  it('a key counts whole: neither its beginning, nor its digest, nor SQL in its place', async () => {
    const key = keyOf('client');
    for (const given of [
      key.slice(0, 20),
      `${key}x`,
      `${key.slice(0, 20)}${'0'.repeat(key.length - 20)}`,
      digestOf('client'),
      digestOf('client').slice('sha256:'.length),
      "' OR '1'='1",
      "x'; DROP TABLE usage; --",
      key.toUpperCase(),
    ]) {
      const answer = await ask('POST', '/v1/chat/completions', bearer(given), chat('up/m'));
      expect([given, answer.status]).toEqual([given, 401]);
    }
    expect((await ask('POST', '/v1/chat/completions', bearer(key), chat('up/m'))).status).toBe(200);
  });

  it('a digest is no password, and there is no account to guess', async () => {
    for (const given of [hash('sha256', password), '123456', 'CHANGEME', 'root', 'admin']) {
      const answer = await ask('POST', '/api/auth/login', {}, { username: 'root', password: given });
      expect(answer.status).toBe(401);
    }
  });

  it('no client chooses where a call goes, by header or by body', async () => {
    const headers = Object.fromEntries(
      ['x-custom-host', 'x-portkey-custom-host', 'x-base-url', 'x-upstream-url', 'x-forwarded-host'].map(
        (name) => [name, trap.baseUrl],
      ),
    );
    const more = {
      api_base: trap.baseUrl,
      base_url: trap.baseUrl,
      baseUrl: trap.baseUrl,
      custom_llm_provider: 'openai',
    };
    const before = upstream.calls.length;
    const answer = await ask(
      'POST',
      '/v1/chat/completions',
      { ...headers, ...bearer(keyOf('client')) },
      chat('up/m', more),
    );
    expect(answer.status).toBe(200);
    expect(upstream.calls).toHaveLength(before + 1);
    expect(trap.calls).toEqual([]);
    expect(Object.keys(upstream.calls.at(-1)?.headers ?? {}).filter((name) => name in headers)).toEqual([]);
  });

  it('imitates no client of anybody: no identity, no client id ships with the catalog', () => {
    const folder = join(import.meta.dirname, '../../src/catalog/providers');
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(texts.length).toBeGreaterThan(10);
    expect(
      texts.filter((text) => /user-agent|client[_-]?id|client[_-]?secret|claude-cli|codex_cli/i.test(text)),
    ).toEqual([]);
  });

  it('refusals are in the audit log, once a minute for each kind, without the credential', async () => {
    const answer = await ask(
      'GET',
      '/api/compliance/audit-log?action=api.refused&limit=500',
      bearer(keyOf('ops')),
    );
    const rows = JSON.parse(answer.text) as readonly {
      readonly target: string;
      readonly ip_address: string;
      readonly details: { readonly code: string };
    }[];
    expect(new Set(rows.map(({ details }) => details.code))).toEqual(
      new Set(['admin_required', 'key_disabled', 'key_expired', 'origin_not_allowed']),
    );
    expect(rows.length).toBeLessThan(10);
    expect(rows.every(({ ip_address: address }) => address === '127.0.0.1')).toBe(true);
    expect(answer.text).not.toContain('sk-unknown');
    expect(Number(answer.headers['x-total-count'])).toBe(rows.length);
  });
});
