// Budgets as a client and an operator meet them: what is spent, what is set aside while calls run, what is refused and
// until when, what outlives a restart, and what the file changes about it.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Explanation } from '../../src/routing/explain.ts';
import type { Why } from '../../src/routing/why.ts';
import { startBooted, type Booted } from '../support/booted.ts';

let booted: Booted | undefined;
afterEach(async () => {
  await booted?.close();
  booted = undefined;
});

const keys = { ci: 'key-of-ci-0123456789', dev: 'key-of-dev-0123456789' };
const digest = (key: string): string => `sha256:${hash('sha256', key, 'hex')}`;

/** An answer of one token costs a dollar at `paid`, nothing at `free`. */
const configOf = (budgets: string, more = ''): string => `version: 1
server: { listen: 127.0.0.1:0 }
providers:
  paid: { sandbox: { faults: true, behaviours: { it: { reply: "one" }, slow: { reply: "one", latency: 300ms }, long: { reply: "one two three four five six seven eight", tokensPerSecond: 20 }, bad: { status: 503, message: no } } } }
  free: { sandbox: { behaviours: { it: { reply: "free" } } } }
models:
  paid/it: { price: { input: 0, output: 1000000 } }
  paid/slow: { price: { input: 0, output: 1000000 } }
  paid/long: { price: { input: 0, output: 1000000 } }
  paid/bad: { price: { input: 0, output: 1000000 } }
  free/it: { price: { input: 0, output: 0 } }
combos:
  c: { demo: true, targets: [paid/it] }
  slow: { demo: true, targets: [paid/slow] }
  long: { demo: true, targets: [paid/long] }
  both: { demo: true, targets: [paid/it, free/it] }
  falls: { demo: true, targets: [paid/bad, free/it] }
  spare: { demo: true, targets: [free/it] }
keys:
  - { id: ci, digest: "${digest(keys.ci)}", tags: { team: infra } }
  - { id: dev, digest: "${digest(keys.dev)}" }
budgets:
${budgets}
${more}`;

async function ask(model = 'c', key = keys.ci, more: object = {}) {
  const response = await fetch(`${booted!.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, max_tokens: 1, messages: [{ role: 'user', content: 'hi' }], ...more }),
  });
  const body = (await response.json()) as { error?: { code: string; message: string } };
  return {
    status: response.status,
    code: body.error?.code,
    message: body.error?.message ?? '',
    provider: response.headers.get('x-omniroute-provider'),
    retryAfter: Number(response.headers.get('retry-after')),
    id: response.headers.get('x-request-id')!,
  };
}

const statuses = async (count: number, model = 'c', key = keys.ci): Promise<number[]> => {
  const found: number[] = [];
  for (let index = 0; index < count; index++) found.push((await ask(model, key)).status);
  return found;
};

const spent = (counter: string): number =>
  booted!.gateway.server.gateway.world.spent(counter, 0) / 1_000_000_000;

const token = (): string => readFileSync(join(booted!.gateway.dataFolder, 'management.token'), 'utf8').trim();

async function manage<Answer>(path: string, body?: unknown): Promise<Answer> {
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${booted!.gateway.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer;
    if (response.ok || tries > 40) return answer;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

it('counts what answers cost, refuses beyond it with the time of the reset, and spares everybody else', async () => {
  booted = await startBooted(
    configOf('  - { id: infra, match: { tags: { team: infra } }, limit: 3, period: monthly }'),
  );
  expect(await statuses(5)).toEqual([200, 200, 200, 429, 429]);
  expect(spent('infra ')).toBe(3);
  const refused = await ask();
  expect(refused).toMatchObject({ status: 429, code: 'budget_exceeded' });
  expect(refused.message).toContain('the budget infra of 3 USD has no room for it; it resets at ');
  const now = new Date();
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  expect(Math.abs(refused.retryAfter - (next - now.getTime()) / 1000)).toBeLessThan(60);
  expect((await ask('c', keys.dev)).status).toBe(200);
  // What costs nothing is served whatever is used up.
  expect(await ask('spare')).toMatchObject({ status: 200, provider: 'free' });
  expect(await ask('both')).toMatchObject({ status: 200, provider: 'free' });
  const why = await manage<Why>(`/api/requests/${refused.id}/why`);
  expect(why).toMatchObject({
    errorCode: 'budget_exceeded',
    ways: [{ without: 'the budget infra', target: 'paid/it', at: expect.stringContaining(':23:') as string }],
    replay: { outcome: 'refuse' },
  });
  expect(Date.parse(why.reasons.find(({ rule }) => rule === 'infra')!.until!)).toBe(next);
  const explained = await manage<Explanation>('/api/routing/explain', {
    request: { model: 'c', key: 'dev' },
  });
  expect(explained.outcome.kind).toBe('route');
  const mine = await manage<Explanation>('/api/routing/explain', { request: { model: 'c', key: 'ci' } });
  expect(mine.outcome).toMatchObject({ kind: 'refuse', code: 'budget_exceeded' });
});

it('sets money aside while calls run: requests at the same time never spend more than there is', async () => {
  booted = await startBooted(configOf('  - { id: all, limit: 4, period: total, reserve: worst-case }'));
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('slow')));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
  expect(answers.filter(({ code }) => code === 'budget_exceeded')).toHaveLength(8);
  // Without a reset nobody can say when.
  expect(answers.find(({ status }) => status === 429)!.retryAfter).toBe(0);
  expect(spent('all ')).toBe(4);
});

it('refuses as such what it has no room for when its turn has come', async () => {
  booted = await startBooted(
    configOf('  - { id: all, limit: 2, period: total, reserve: none }').replace(
      'targets: [paid/slow]',
      'targets: [paid/slow], maxConcurrent: 1',
    ),
  );
  const answers = await Promise.all(Array.from({ length: 4 }, () => ask('slow')));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 429, 429]);
  expect(answers.filter(({ code }) => code === 'budget_exceeded')).toHaveLength(2);
});

it('takes nothing for calls that fail, and gives back what was set aside', async () => {
  booted = await startBooted(configOf('  - { id: all, limit: 2, period: daily }'));
  expect(await ask('falls')).toMatchObject({ status: 200, provider: 'free' });
  expect(spent('all ')).toBe(0);
  expect(await statuses(3)).toEqual([200, 200, 429]);
});

it('counts what had been said when a client left, and frees the rest', async () => {
  booted = await startBooted(configOf('  - { id: all, limit: 100, period: daily }'));
  const leave = new AbortController();
  const response = await fetch(`${booted.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${keys.ci}` },
    body: JSON.stringify({
      model: 'long',
      stream: true,
      max_tokens: 50,
      messages: [{ role: 'user', content: 'hi' }],
    }),
    signal: leave.signal,
  });
  const reader = response.body!.getReader();
  await reader.read();
  expect(spent('all ')).toBe(50);
  leave.abort();
  await reader.closed.catch(() => undefined);
  for (let tries = 0; spent('all ') === 50 && tries < 100; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(spent('all ')).toBeGreaterThan(0);
  expect(spent('all ')).toBeLessThan(50);
});

it('has a share for each key, sends elsewhere, or only warns', async () => {
  booted = await startBooted(
    configOf(`  - { id: each, per: key, limit: 1, period: hourly, onExceeded: { route: spare } }
  - { id: watch, limit: 2, period: weekly, warnAt: 0.5, onExceeded: warn }`),
  );
  expect(await ask()).toMatchObject({ status: 200, provider: 'paid' });
  expect(await ask()).toMatchObject({ status: 200, provider: 'free' });
  expect(await ask('c', keys.dev)).toMatchObject({ status: 200, provider: 'paid' });
  expect([spent('each ci'), spent('each dev'), spent('watch ')]).toEqual([1, 1, 2]);
  const told = booted.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ budget }) => budget);
  expect(told.filter(({ budget }) => budget === 'watch')).toHaveLength(1);
  expect(told.find(({ budget }) => budget === 'watch')).toMatchObject({
    level: 'warn',
    subject: '',
    limit: 2e9,
  });
});

it('outlives a restart, follows the file and its renames', async () => {
  const rule = '  - { id: infra, limit: 2, period: monthly }';
  booted = await startBooted(configOf(rule));
  const { folder } = booted;
  expect(await statuses(3)).toEqual([200, 200, 429]);
  await booted.gateway.close();
  booted = await startBooted(undefined, {}, folder);
  expect(spent('infra ')).toBe(2);
  expect((await ask()).status).toBe(429);
  booted.write(configOf(rule.replace('limit: 2', 'limit: 3')));
  await booted.gateway.reload('api');
  expect(await statuses(2)).toEqual([200, 429]);
  booted.write(
    configOf(rule.replace('infra', 'team'), 'moved: [{ from: /budgets/id:infra, to: /budgets/id:team }]\n'),
  );
  await booted.gateway.reload('api');
  expect(spent('team ')).toBe(3);
  expect((await ask()).code).toBe('budget_exceeded');
  booted.write(configOf('  []'));
  await booted.gateway.reload('api');
  expect((await ask()).status).toBe(200);
});
