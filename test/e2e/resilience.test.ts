// What was learned about accounts outlives a restart, operators see it, and can forgive it: over the real files, the real
// database and the management API.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { ConnectionState, ResilienceView } from '../../src/management/views/resilience.ts';
import { makeFolder, startBooted, type Booted } from '../support/booted.ts';

const config = `version: 1
server: { listen: 127.0.0.1:0 }
providers:
  broke: { sandbox: { faults: true, behaviours: { it: { status: 402 } } } }
  locked: { sandbox: { faults: true, behaviours: { it: { status: 401 } } } }
  slow: { sandbox: { faults: true, behaviours: { it: { status: 429, retryAfter: 60s } } } }
  down: { profile: touchy, sandbox: { faults: true, behaviours: { it: { status: 503 } } } }
  fine:
    connections: [{ id: default, maxConcurrent: 3, quota: { window: 5h, requests: 100 } }]
    sandbox: { behaviours: { it: { reply: fine } } }
resilience: { profiles: { touchy: { retries: 0, breaker: { failures: 1, reset: 10m } } } }
`;

let booted: Booted | undefined;

afterEach(() => booted?.close());

async function ask(model: string): Promise<{ readonly status: number; readonly retryAfter: number }> {
  const response = await fetch(`${booted!.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
  });
  await response.text();
  return { status: response.status, retryAfter: Number(response.headers.get('retry-after') ?? 0) };
}

async function manage<Body>(
  path: string,
  body?: object,
  token = readToken(),
): Promise<Body & { status: number }> {
  const response = await fetch(`${booted!.gateway.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { ...((await response.json()) as Body), status: response.status };
}

const readToken = () => readFileSync(join(booted!.gateway.dataFolder, 'management.token'), 'utf8').trim();
const view = () => manage<ResilienceView>('/api/resilience');
const stateOf = ({ connections }: ResilienceView) =>
  Object.fromEntries(connections.map(({ id, state }: ConnectionState) => [id, state]));

it('is the same after a restart, and gone once an operator says so', async () => {
  const folder = makeFolder();
  booted = await startBooted(config, {}, folder);
  for (const provider of ['broke', 'locked', 'slow', 'down', 'fine']) await ask(`${provider}/it`);
  const before = await view();
  const states = {
    'broke@default': 'resting',
    'locked@default': 'resting',
    'slow@default': 'limited',
    'down@default': 'breaker-open',
    'fine@default': 'usable',
  };
  expect(stateOf(before)).toEqual(states);
  const [broke] = before.connections;
  expect(broke!.cooldowns).toMatchObject([{ class: 'billing', level: 1 }]);
  expect(broke!.cooldowns[0]).not.toHaveProperty('until');
  expect(before.connections.at(-1)).toMatchObject({
    maxConcurrent: 3,
    quota: [{ window: 'requests per 5h', used: 1, limit: 100, source: 'declared' }],
  });
  expect(before.circuitBreakers).toMatchObject([
    { name: 'down/it', kind: 'target', state: 'OPEN' },
    { name: 'down@default', kind: 'connection', state: 'OPEN' },
  ]);
  expect(before.profiles).toMatchObject({
    local: { transientCooldown: 2000, rateLimitCooldown: 5000, circuitBreakerThreshold: 2 },
    touchy: { circuitBreakerReset: 600_000 },
  });

  await booted.gateway.close();
  booted = await startBooted(config, {}, folder);
  const after = await view();
  expect(stateOf(after)).toEqual(states);
  expect(after).toEqual(before);
  const refused = await ask('slow/it');
  expect(refused.status).toBe(503);
  expect(refused.retryAfter).toBeGreaterThan(50);
  expect(refused.retryAfter).toBeLessThanOrEqual(60);

  // One account, one model, one provider, then everything.
  const reset = (body: object) => manage<{ resetCount: number }>('/api/resilience/reset', body);
  expect(await reset({ connection: 'broke@default' })).toMatchObject({ status: 200, resetCount: 1 });
  expect(await reset({ connection: 'slow@default', model: 'it' })).toMatchObject({ resetCount: 1 });
  // What the headers of its 429 said about its quota is left.
  expect(stateOf(await view())['slow@default']).toBe('limited');
  expect(await reset({ connection: 'slow@default' })).toMatchObject({ status: 200 });
  expect(await reset({ provider: 'down' })).toMatchObject({ resetCount: 3 });
  const usable = { 'broke@default': 'usable', 'slow@default': 'usable', 'down@default': 'usable' };
  expect(stateOf(await view())).toEqual({ ...states, ...usable });
  expect(await reset({})).toMatchObject({ resetCount: 2 });
  expect(Object.values(stateOf(await view()))).toEqual(Array(5).fill('usable'));
  expect(await ask('broke/it')).toMatchObject({ status: 429 });

  // Only operators, and only what there is.
  expect(await manage('/api/resilience', undefined, 'wrong')).toMatchObject({ status: 401 });
  expect(await reset({ provider: 'nobody' })).toMatchObject({ status: 404 });
  expect(await reset({ connection: 'fine@nobody' })).toMatchObject({ status: 404 });
  expect(await reset({ model: 'it' })).toMatchObject({ status: 400 });
  expect(await reset({ everything: 'yes' })).toMatchObject({ status: 400 });
});
