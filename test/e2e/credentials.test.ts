// Every way in which a client may show its key: accepted by the rules of precedence, and never seen by an upstream.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, keyOf, startGuarded, verdictOf, type Guarded } from '../support/access.ts';
import { chat, lanes, type Call } from '../support/gateway.ts';
import { say, startUpstream, type Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let gateway: Guarded;
beforeAll(async () => {
  upstream = await startUpstream(say());
  gateway = await startGuarded({
    auth: { requireApiKey: true, lockout: { failures: 1000 } },
    providers: {
      up: {
        protocols: [{ name: 'openai-chat', baseUrl: upstream.baseUrl }],
        allowPrivateNetwork: true,
        connections: [{ id: 'main', apiKey: '${secret:up-key}' }],
        models: ['m'],
      },
      free: { protocols: [{ name: 'openai-chat', baseUrl: upstream.baseUrl }], auth: 'none', models: ['m'] },
    },
    keys: ['ci', 'other'].map((id) => ({ id, digest: digestOf(id) })),
  });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const key = keyOf('ci');

/** Headers and query; every one of them carries the key in its own way. */
const forms: readonly (readonly [string, Record<string, string>, string])[] = [
  ['Authorization: Bearer', { authorization: `Bearer ${key}` }, ''],
  ['authorization: bearer, with blanks', { authorization: `bearer   ${key} ` }, ''],
  ['x-api-key', { 'x-api-key': key }, ''],
  ['x-goog-api-key', { 'x-goog-api-key': key }, ''],
  ['api-key', { 'api-key': key }, ''],
  ['?key=', {}, `?key=${key}`],
  ['?alt=sse&key=', {}, `?alt=sse&key=${encodeURIComponent(key)}`],
  [
    'all at once',
    { authorization: `Bearer ${key}`, 'x-api-key': key, 'x-goog-api-key': key, 'api-key': key },
    `?key=${key}`,
  ],
  // Places where keys are not looked for, but where clients leave them.
  ['beside cookies', { authorization: `Bearer ${key}`, cookie: `auth_token=${key}` }, ''],
  ['beside a proxy login', { authorization: `Bearer ${key}`, 'proxy-authorization': `Basic ${key}` }, ''],
  ['beside headers of our own', { authorization: `Bearer ${key}`, 'x-omniroute-metadata-key': key }, ''],
];

describe.each(lanes)('%s lane', (lane) => {
  it.each(
    ['up/m', 'free/m'].flatMap((model) =>
      [false, true].flatMap((stream) => forms.map((form) => [form[0], model, stream, form] as const)),
    ),
  )('%s to %s, stream %s: accepted here, unseen there', async (_, model, stream, [, headers, query]) => {
    const seen = upstream.calls.length;
    const call: Call = { path: `/v1/chat/completions${query}`, headers, body: chat(model, { stream }) };
    const answer = await gateway.ask(lane, call);
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('Hello')]);
    expect(gateway.rows.at(-1)?.key).toBe('ci');
    const [sent, ...more] = upstream.calls.slice(seen);
    expect(more).toEqual([]);
    const { path, headers: given, body } = sent!;
    expect(JSON.stringify({ path, given, body })).not.toContain(key);
    expect(given.authorization).toBe(model === 'up/m' ? 'Bearer secret-of-up-key' : undefined);
    expect(Object.keys(given).sort()).toEqual(
      [
        'accept',
        'accept-encoding',
        ...(model === 'up/m' ? ['authorization'] : []),
        'connection',
        'content-length',
        'content-type',
        'host',
        'user-agent',
      ].sort(),
    );
  });

  const bad = 'not-a-key-at-all';
  it.each<[string, string, Record<string, string>, string, string]>([
    ['Bearer before x-api-key', 'chat', { authorization: `Bearer ${key}`, 'x-api-key': bad }, '', 'ok'],
    ['x-api-key where Bearer is empty', 'chat', { authorization: 'Bearer ', 'x-api-key': key }, '', 'ok'],
    [
      'x-api-key where Authorization is Basic',
      'chat',
      { authorization: `Basic ${bad}`, 'x-api-key': key },
      '',
      'ok',
    ],
    ['x-api-key before Gemini', 'chat', { 'x-api-key': bad, 'x-goog-api-key': key }, '', '401'],
    ['x-goog-api-key before api-key', 'chat', { 'x-goog-api-key': key, 'api-key': bad }, '', 'ok'],
    ['a header before the query', 'chat', { 'api-key': bad }, `?key=${key}`, '401'],
    ['an empty query key is none', 'chat', {}, '?key=', '401'],
    ['another parameter is none', 'chat', {}, `?monkey=${key}`, '401'],
    [
      'x-api-key before Bearer for Messages',
      'messages',
      { authorization: `Bearer ${bad}`, 'x-api-key': key },
      '',
      'ok',
    ],
    ['never the second choice', 'messages', { authorization: `Bearer ${key}`, 'x-api-key': bad }, '', '401'],
    ['a key with something behind it', 'chat', { authorization: `Bearer ${key} x` }, '', '401'],
    ['a prefix of a key', 'chat', { authorization: `Bearer ${key.slice(0, 20)}` }, '', '401'],
    ['the digest itself', 'chat', { authorization: `Bearer ${digestOf('ci')}` }, '', '401'],
    ['the bare digest', 'chat', { authorization: `Bearer ${digestOf('ci').slice(7)}` }, '', '401'],
    ['a name of Object.prototype', 'chat', { 'x-api-key': '__proto__' }, '', '401'],
  ])('%s (%s)', async (_, wire, headers, query, expected) => {
    const answer = await gateway.ask(
      lane,
      wire === 'chat'
        ? { method: 'GET', path: `/v1/models${query}`, headers }
        : { path: '/v1/messages', headers, body: { model: 'no/such', max_tokens: 9, messages: [] } },
    );
    const verdict = verdictOf(answer);
    // A Messages call that got past the door asks for a model that is not there.
    const seen = wire === 'messages' && verdict.startsWith('404') ? 'ok' : verdict;
    expect(seen.slice(0, 3).trim()).toBe(expected);
  });
});
