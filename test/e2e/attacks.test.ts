// Attacks on a gateway that stands open to its own machine, and on one with keys: tried as an attacker would, over both
// lanes, and refused before anything is called.
import { afterEach, describe, expect, it } from 'vitest';
import { digestOf, keyOf, startGuarded, verdictOf, type Guarded } from '../support/access.ts';
import { chat, lanes, type Call, type Lane } from '../support/gateway.ts';

const open = { providers: { sandbox: {} } };
const locked = {
  providers: { sandbox: {} },
  auth: { requireApiKey: true },
  keys: [{ id: 'ci', digest: digestOf('ci') }],
};
const proxied = { ...locked, server: { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] } };

let running: Guarded | undefined;
afterEach(async () => {
  const { faults = [] } = running ?? {};
  await running?.close();
  running = undefined;
  expect(faults).toEqual([]);
});

async function start(authored: Readonly<Record<string, unknown>>): Promise<Guarded> {
  running = await startGuarded(authored);
  return running;
}

const hello = (headers: Record<string, string>, path = '/v1/chat/completions'): Call => ({
  path,
  headers,
  body: chat('sandbox/echo', { max_tokens: 50 }),
});
const bearer = (id: string) => ({ authorization: `Bearer ${keyOf(id)}` });

describe.each(lanes)('%s lane', (lane) => {
  const ask = async (call: Call): Promise<string> => verdictOf(await running!.ask(lane, call));

  describe('DNS rebinding', () => {
    it.each([
      'evil.example',
      'evil.example:20128',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '127.0.0.1.nip.io',
      '127.1',
      '0.0.0.0',
      '[::ffff:7f00:1]',
      '192.168.1.5:20128',
      'localhost@evil.example',
    ])('a Host of %s is refused without keys', async (host) => {
      await start(open);
      expect(await ask(hello({ host }))).toMatch(/^403 host_not_allowed/);
      expect(await ask({ method: 'GET', path: '/v1/models', headers: { host } })).toMatch(/^403 host/);
      expect(await ask({ method: 'GET', path: '/healthz', headers: { host } })).toMatch(/^403 host/);
      expect(running!.rows).toEqual([]);
    });

    it.each(['localhost', 'LocalHost:80', '127.0.0.1:20128', '127.8.9.1', '[::1]:20128', 'app.localhost'])(
      'a Host of %s is this machine',
      async (host) => {
        await start(open);
        expect(await ask(hello({ host }))).toBe('ok');
      },
    );

    it('keys that nobody has to show open nothing to other names', async () => {
      await start({ ...locked, auth: {} });
      const host = 'evil.example';
      expect(await ask(hello({ host }))).toMatch(/^403 host_not_allowed/);
      expect(await ask(hello({}))).toBe('ok');
      expect(await ask(hello({ host, ...bearer('ci') }))).toBe('ok');
      expect(await ask(hello({ host, ...bearer('nobody') }))).toMatch(/^401 invalid_api_key/);
    });
  });

  describe('a proxy on the same host', () => {
    it.each([
      { host: 'gateway.example', 'x-forwarded-for': '203.0.113.7' },
      { 'x-forwarded-for': '203.0.113.7' },
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=203.0.113.7' },
      { 'x-real-ip': '203.0.113.7' },
      { 'cf-connecting-ip': '203.0.113.7' },
      { 'x-forwarded-host': 'gateway.example' },
    ])('%j brings nobody in without a key', async (headers) => {
      await start(open);
      expect(await ask(hello(headers as Record<string, string>))).toMatch(/^403 host_not_allowed/);
    });
  });

  describe('web pages of others', () => {
    const evil = 'https://evil.example';
    it.each([
      ['a fetch with JSON', { origin: evil }],
      ['a simple POST', { origin: evil, 'content-type': 'text/plain' }],
      ['a sandboxed frame or a file', { origin: 'null', 'content-type': 'text/plain' }],
      ['another port of this machine', { origin: 'http://localhost:3000' }],
      ['a name that looks like ours', { origin: 'http://127.0.0.1.evil.example' }],
      ['a request without Origin', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ])('%s', async (_, headers) => {
      await start(open);
      expect(await ask(hello(headers as Record<string, string>))).toMatch(/^403 origin_not_allowed/);
      const preflight = await running!.ask(lane, {
        method: 'OPTIONS',
        headers: { 'access-control-request-method': 'POST', ...headers } as Record<string, string>,
      });
      expect(preflight.status).toBe(403);
      expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
    });

    it('the page that was named may call, and reads its answer', async () => {
      await start({ ...open, server: { cors: { origins: ['https://app.example'] } } });
      const answer = await running!.ask(lane, hello({ origin: 'https://app.example' }));
      expect(answer.status).toBe(200);
      expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
      expect(await ask(hello({ origin: evil }))).toMatch(/^403 origin_not_allowed/);
    });

    it('with a key a page may call but not read: no CORS header is sent to it', async () => {
      await start(locked);
      const answer = await running!.ask(lane, hello({ origin: evil, ...bearer('ci') }));
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(await ask(hello({ origin: evil }))).toMatch(/^401 missing_api_key/);
    });
  });

  describe('forged forwarding headers', () => {
    const filtered = {
      ...proxied,
      network: { ipFilter: { mode: 'whitelist', whitelist: ['192.0.2.0/24', '2001:db8::/32'] } },
    };
    it.each([
      // what the proxy appended stands last; what stands before it the client may have written
      ['192.0.2.7', 'ok'],
      ['203.0.113.7', '403'],
      ['192.0.2.7, 203.0.113.7', '403'],
      ['127.0.0.1, 203.0.113.7', '403'],
      ['192.0.2.7, 203.0.113.7, 10.1.1.1', '403'],
      ['203.0.113.7, 192.0.2.7, 10.1.1.1', 'ok'],
      ['192.0.2.7, unknown, 10.1.1.1', '403'],
      ['::ffff:192.0.2.7', 'ok'],
      ['[2001:db8::7]:4711', 'ok'],
      ['2001:db9::7', '403'],
      ['192.0.2.07', 'ok'], // no address: the proxy itself called, from loopback
    ])('X-Forwarded-For: %s', async (forwarded, expected) => {
      await start(filtered);
      const verdict = await ask(hello({ 'x-forwarded-for': forwarded, ...bearer('ci') }));
      expect(verdict.slice(0, 3).trim()).toBe(expected);
    });

    it('are not read from peers that are no proxies', async () => {
      await start({ ...locked, network: { ipFilter: { mode: 'blacklist', blacklist: ['203.0.113.0/24'] } } });
      expect(await ask(hello({ 'x-forwarded-for': '203.0.113.7', ...bearer('ci') }))).toBe('ok');
      expect(JSON.parse(running!.rows[0]!.facts)).toMatchObject({ address: '127.0.0.1' });
    });
  });

  describe('guessing', () => {
    const from = (address: string, headers: Record<string, string>): Call =>
      hello({ 'x-forwarded-for': address, ...headers });

    it('takes one credential of a request, never a second one', async () => {
      await start(locked);
      const good = keyOf('ci');
      const both = (bearerKey: string, apiKey: string) => ({
        authorization: `Bearer ${bearerKey}`,
        'x-api-key': apiKey,
      });
      expect(await ask(hello(both(good, 'bad')))).toBe('ok');
      expect(await ask(hello(both('bad', good)))).toMatch(/^401 invalid_api_key/);
      expect(await ask(hello(both('bad', good), '/v1/messages'))).toBe('ok');
      expect(await ask(hello(both(good, 'bad'), '/v1/messages'))).toMatch(/^401 authentication_error/);
      expect(await ask(hello({ ...both('bad', 'bad'), 'api-key': good, 'x-goog-api-key': good }))).toMatch(
        /^401 invalid_api_key/,
      );
    });

    it('locks an address after five bad keys, and only that one, for fifteen minutes', async () => {
      await start(proxied);
      for (let i = 0; i < 5; i++)
        expect(await ask(from('203.0.113.7', bearer(`guess-${i}`)))).toMatch(/^401 invalid_api_key/);
      const refused = await running!.ask(lane, from('203.0.113.7', bearer('ci')));
      expect(verdictOf(refused)).toMatch(/^429 locked_out/);
      expect(refused.headers['retry-after']).toBe('900');
      expect(await ask(from('203.0.113.8', bearer('ci')))).toBe('ok');
      running!.clock.advance(899_000);
      expect((await running!.ask(lane, from('203.0.113.7', bearer('ci')))).headers['retry-after']).toBe('1');
      running!.clock.advance(1_000);
      expect(await ask(from('203.0.113.7', bearer('ci')))).toBe('ok');
    });

    it('forgets slow mistakes, forgives after a good key, and counts a network of IPv6 as one', async () => {
      await start(proxied);
      for (let i = 0; i < 12; i++) {
        expect(await ask(from('203.0.113.7', bearer('typo')))).toMatch(/^401/);
        running!.clock.advance(100_000);
      }
      for (let i = 0; i < 12; i++) {
        expect(await ask(from('203.0.113.9', bearer('typo')))).toMatch(/^401/);
        expect(await ask(from('203.0.113.9', bearer('ci')))).toBe('ok');
      }
      for (let i = 0; i < 5; i++)
        expect(await ask(from(`2001:db8:1:2::${i + 1}`, bearer('x')))).toMatch(/^401/);
      expect(await ask(from('2001:db8:1:2:ffff::9', bearer('ci')))).toMatch(/^429 locked_out/);
      expect(await ask(from('2001:db8:1:3::9', bearer('ci')))).toBe('ok');
    });
  });

  it('a ban keeps an address out in every mode, and loopback in', async () => {
    await start(proxied);
    const { world } = running!.server.gateway;
    const now = running!.clock.now();
    for (const address of ['203.0.113.7', '127.0.0.1'])
      world.record({ kind: 'address-banned', address, until: now + 60_000 }, now);
    const call = (address: string): Call => hello({ 'x-forwarded-for': address, ...bearer('ci') });
    expect(await ask(call('203.0.113.7'))).toMatch(/^403 address_not_allowed/);
    expect(await ask(hello(bearer('ci')))).toBe('ok');
    running!.clock.advance(60_000);
    expect(await ask(call('203.0.113.7'))).toBe('ok');
  });
});

it.each<[Lane, string, string]>(
  lanes.flatMap((lane) => [
    [lane, 'GET', '/v1/models'],
    [lane, 'GET', '/healthz'],
    [lane, 'GET', '/'],
    [lane, 'GET', '/nothing'],
    [lane, 'OPTIONS', '/v1/messages'],
    [lane, 'POST', '/v1/messages'],
  ]),
)('%s: an address that is not served learns nothing from %s %s', async (lane, method, path) => {
  await start({ ...proxied, network: { ipFilter: { mode: 'whitelist', whitelist: [] } } });
  const { status, text } = await running!.ask(lane, {
    method,
    path,
    headers: { 'x-forwarded-for': '203.0.113.7' },
    ...(method === 'POST' && { body: '{}' }),
  });
  expect(status).toBe(403);
  expect(text).toContain('This address is not served.');
});
