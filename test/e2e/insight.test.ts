// Sessions, combo metrics and availability as an operator asks for them, over a real gateway and the simulator.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startBooted, type Booted } from '../support/booted.ts';

let booted: Booted | undefined;

afterEach(async () => {
  await booted?.close();
  booted = undefined;
});

const config = `version: 1
server: { listen: 127.0.0.1:0 }
storage: { driver: memory }
providers:
  one: { catalog: sandbox, sandbox: { faults: true, behaviours: { good: { reply: one }, bad: { status: 503 } } } }
  two: { catalog: sandbox, sandbox: { behaviours: { good: { reply: two } } } }
combos:
  turns: { demo: true, strategy: round-robin, targets: [one/good, two/good] }
  falls: { demo: true, targets: [one/bad, two/good] }
`;

async function api(path: string, init: { readonly method?: string; readonly body?: unknown } = {}) {
  const token = readFileSync(join(booted!.folder, 'data/management.token'), 'utf8').trim();
  const response = await fetch(`${booted!.gateway.url}${path}`, {
    method: init.method ?? 'GET',
    headers: { authorization: `Bearer ${token}` },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function chat(model: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${booted!.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
  });
  const body = (await response.json()) as { choices: { message: { content: string } }[] };
  return { text: body.choices[0]?.message.content, session: response.headers.get('x-omniroute-session-id') };
}

describe('conversations', () => {
  it('stay where they are while others go round, and are listed', async () => {
    booted = await startBooted(config);
    const free = [await chat('turns'), await chat('turns'), await chat('turns'), await chat('turns')];
    expect(free.map(({ text }) => text)).toEqual(['one', 'two', 'one', 'two']);
    expect(free[0]?.session).toBeNull();
    const mine = [];
    for (let turn = 0; turn < 4; turn++) mine.push(await chat('turns', { 'x-session-id': 'mine' }));
    expect(new Set(mine.map(({ text }) => text)).size).toBe(1);
    expect(mine[0]?.session).toBe('ext:mine');
    await chat('turns', { 'x-claude-code-session-id': 'agent' });
    const { body } = await api('/api/sessions');
    expect(body).toMatchObject({
      count: 2,
      sessions: [
        { sessionId: 'ext:agent', requestCount: 1 },
        {
          sessionId: 'ext:mine',
          key: null,
          requestCount: 4,
          moves: 0,
          connectionId: `${mine[0]?.text}@default`,
        },
      ],
    });
  });
});

describe('combo metrics', () => {
  it('count requests, fallbacks and each model, and are forgotten on demand', async () => {
    booted = await startBooted(config);
    expect((await api('/api/combos/metrics?combo=falls')).body).toMatchObject({ metrics: null });
    await chat('falls');
    await chat('falls');
    const { body } = await api('/api/combos/metrics?combo=falls');
    expect(body.metrics).toMatchObject({
      totalRequests: 2,
      totalSuccesses: 2,
      totalFailures: 0,
      totalFallbacks: 1,
      successRate: 100,
      fallbackRate: 50,
      strategy: 'priority',
      byModel: {
        'one/bad': { requests: 1, failures: 1, lastStatus: 'error' },
        'two/good': { requests: 2, successes: 2, lastStatus: 'ok' },
      },
    });
    expect(Object.keys((await api('/api/combos/metrics')).body.metrics as object)).toEqual(['falls']);
    await api('/api/combos/metrics', { method: 'DELETE' });
    expect((await api('/api/combos/metrics')).body.metrics).toEqual({});
  });
});

describe('availability of models', () => {
  it('names what rests and why, says who could serve, and clears it', async () => {
    booted = await startBooted(config);
    expect((await api('/api/models/availability')).body).toEqual({ unavailableCount: 0, models: [] });
    await chat('falls');
    const listed = (await api('/api/models/availability')).body;
    expect(listed).toMatchObject({
      unavailableCount: 1,
      models: [{ provider: 'one', model: 'bad', reason: 'overloaded' }],
    });
    const asked = await api('/api/models/availability', { method: 'POST', body: { model: 'falls' } });
    expect(asked.body).toMatchObject({
      available: true,
      providers: [
        { provider: 'one', available: false, connections: 1, activeConnections: 1 },
        { provider: 'two', available: true, cooldownUntil: null, breaker: 'CLOSED' },
      ],
    });
    const cleared = await api('/api/models/availability', {
      method: 'POST',
      body: { provider: 'one', model: 'bad' },
    });
    expect(cleared.body).toEqual({ success: true, removed: true });
    expect((await api('/api/models/availability')).body.unavailableCount).toBe(0);
    expect(
      (await api('/api/models/availability', { method: 'POST', body: { model: 'nobody/knows' } })).body,
    ).toMatchObject({ available: false, providers: [] });
    expect((await api('/api/models/availability', { method: 'POST', body: {} })).status).toBe(400);
  });
});
