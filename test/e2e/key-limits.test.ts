// The limits of one key, as a client meets them: 429 in its envelope with Retry-After, other keys untouched.
import { createHash } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { startBooted, type Booted } from '../support/booted.ts';

let booted: Booted | undefined;

afterEach(async () => {
  await booted?.close();
  booted = undefined;
});

const digest = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;

function start(limits: string, more = ''): Promise<Booted> {
  return startBooted(`version: 1
server: { listen: 127.0.0.1:0 }
storage: { driver: memory }
providers:
  sandbox: { sandbox: { behaviours: { it: { reply: "one two three" }, slow: { reply: "one two three four", tokensPerSecond: 20 } } } }
combos:
  c: { demo: true, targets: [sandbox/it] }
  slow: { demo: true, targets: [sandbox/slow] }
keys:
  - { id: limited, digest: "${digest('limited-key')}", limits: ${limits} }
  - { id: free, digest: "${digest('free-key')}" }
${more}`);
}

async function ask(key = 'limited-key', model = 'c', headers: Record<string, string> = {}) {
  const response = await fetch(`${booted!.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
  });
  const body = (await response.json()) as { error?: { code: string; message: string } };
  return {
    status: response.status,
    retryAfter: Number(response.headers.get('retry-after')),
    code: body.error?.code,
    message: body.error?.message,
  };
}

it('counts requests per window, and a refused one costs nothing', async () => {
  booted = await start('{ requests: 3/h }');
  const statuses = [await ask(), await ask(), await ask(), await ask(), await ask()].map(
    ({ status }) => status,
  );
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  const refused = await ask();
  expect(refused).toMatchObject({
    code: 'rate_limit_exceeded',
    message: expect.stringContaining('"limited" may make 3 per 1h'),
  });
  expect(refused.retryAfter).toBeGreaterThan(3500);
  expect(refused.retryAfter).toBeLessThanOrEqual(3600);
  expect((await ask('free-key')).status).toBe(200);
});

it('counts tokens of prompt and answer, and refuses once they are used', async () => {
  booted = await start('{ tokens: 5/h }');
  expect((await ask()).status).toBe(200);
  expect(await ask()).toMatchObject({
    status: 429,
    code: 'rate_limit_exceeded',
    message: expect.stringContaining('tokens (5 per 1h)'),
  });
  expect((await ask('free-key')).status).toBe(200);
});

it('bounds requests at the same time, and gives the place back', async () => {
  booted = await start('{ concurrent: 2 }');
  const together = await Promise.all(Array.from({ length: 4 }, () => ask('limited-key', 'slow')));
  expect(together.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
  expect(together.find(({ status }) => status === 429)?.message).toContain('2 requests at the same time');
  expect((await ask()).status).toBe(200);
});

it.each([
  ['', ''],
  [', also where they are not kept together', 'defaults: { session: { affinity: false } }\n'],
])('bounds conversations, and lets known ones go on%s', async (_, more) => {
  booted = await start('{ sessions: 2 }', more);
  const turn = (id: string) => ask('limited-key', 'c', { 'x-session-id': id });
  expect([
    (await turn('a')).status,
    (await turn('b')).status,
    (await turn('c')).status,
    (await turn('a')).status,
  ]).toEqual([200, 200, 429, 200]);
  expect((await ask()).status).toBe(200);
});

it('says it in the envelope of the client', async () => {
  booted = await start('{ requests: 1/h }');
  const messages = () =>
    fetch(`${booted!.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'limited-key' },
      body: JSON.stringify({ model: 'c', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }),
    });
  expect((await messages()).status).toBe(200);
  const refused = await messages();
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
});

it('follows the file: a raised limit holds at once and keeps what was counted', async () => {
  booted = await start('{ requests: 2/h }');
  expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([200, 200, 429]);
  const { readFileSync } = await import('node:fs');
  booted.write(readFileSync(booted.file, 'utf8').replace('2/h', '3/h'));
  await booted.gateway.reload('api');
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
});
