// After the fact: the gateway and the command line tell why, admins everything, a key's holder its own and no more; and
// what was stored becomes tests that hold.
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/routing/explain.ts';
import type { OwnWhy, Why } from '../../src/routing/why.ts';
import { startBooted, type Booted } from '../support/booted.ts';
import { runCli } from '../support/cli.ts';

const keys = { mine: 'key-of-mine-0123456789', other: 'key-of-other-0123456789' };
const text = `version: 1
server: { listen: 127.0.0.1:0 }
providers:
  full: { sandbox: { faults: true, behaviours: { it: { status: 429, message: secret-words, retryAfter: 60s } } } }
  good: { sandbox: { behaviours: { it: { reply: fine } } } }
combos:
  c: { demo: true, targets: [full/it, good/it] }
  closed: { demo: true, targets: [full/it] }
keys:
  - { id: mine, digest: "sha256:${hash('sha256', keys.mine, 'hex')}" }
  - { id: other, digest: "sha256:${hash('sha256', keys.other, 'hex')}", models: [c] }
policies:
  - { id: nobody, match: { models: [closed] }, deny: not for you }
  - { id: team-x, match: { metadata: { team: x } }, deny: not for x }
`;

let booted: Booted;
let token: string;
let fallback: string;
let refusal: string;

beforeAll(async () => {
  booted = await startBooted(text);
  token = readFileSync(join(booted.gateway.dataFolder, 'management.token'), 'utf8').trim();
  fallback = (await chat('c', keys.mine)).id;
  refusal = (await chat('closed', keys.mine)).id;
  await chat('c', keys.mine);
  await chat('c', keys.mine);
  await chat('closed', keys.other);
  await chat('c', keys.mine, { 'x-omniroute-metadata-team': 'x' });
});

afterAll(async () => booted.close());

async function chat(model: string, key: string, more: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${booted.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...more },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'a-prompt-that-nobody-keeps' }] }),
  });
  await response.text();
  return { status: response.status, id: response.headers.get('x-request-id') ?? '' };
}

async function get<Answer>(path: string, credential: string): Promise<{ status: number; body: Answer }> {
  const headers = { authorization: `Bearer ${credential}` };
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${booted.gateway.url}${path}`, { headers });
    const body = (await response.json()) as Answer;
    // Rows are written within a moment.
    if (response.status !== 404 || tries >= 40) return { status: response.status, body };
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe('why', () => {
  it('tells admins rule, line, calls, what would have let it pass, and what is still in the way', async () => {
    const { body } = await get<Why>(`/api/requests/${fallback}/why`, token);
    expect(body).toMatchObject({
      model: 'c',
      key: 'mine',
      status: 200,
      servedBy: 'good@default',
      rules: 'current',
      attempts: [
        { target: 'full/it', class: 'rate_limit', status: 429 },
        { target: 'good/it', status: 200 },
      ],
      replay: { outcome: 'route', targets: ['full/it', 'good/it'] },
    });
    expect(body.now).toMatchObject([{ target: 'full/it', cause: 'cooling' }]);
    expect(Date.parse(body.now[0]!.until!)).toBeGreaterThan(Date.parse(body.at));
    const refused = await get<Why>(`/api/requests/${refusal}/why`, token);
    expect(refused.body.reasons.find(({ rule }) => rule === 'nobody')).toMatchObject({
      code: 'policy-deny',
      at: expect.stringMatching(/^omniroute\.config\.yaml:13:/) as string,
      hint: expect.stringContaining('policy') as string,
    });
  });

  it('tells the holder of the key less, and nobody else anything', async () => {
    const own = await get<OwnWhy>(`/api/requests/${refusal}/why`, keys.mine);
    expect(own.body).toMatchObject({ status: 403, errorCode: 'denied_by_policy', model: 'closed' });
    expect(JSON.stringify(own.body)).not.toMatch(/nobody|yaml|full|@/);
    expect((await get(`/api/requests/${refusal}/why`, keys.other)).status).toBe(404);
    expect((await get(`/api/requests/${refusal}/why`, 'no-key')).status).toBe(401);
  });

  it('is told from the data folder too, and by the gateway to the command', async () => {
    const flags = ['--config', booted.file, '--data', booted.gateway.dataFolder];
    const environment = { OMNIROUTE_URL: booted.gateway.url };
    const asked = await runCli(['why', refusal, ...flags], { environment });
    expect(asked.out).toContain('Policy nobody denies');
    const { code, out, err } = await runCli(['why', refusal, '--offline', ...flags]);
    expect(code, err).toBe(0);
    expect(out).toContain('decided again: it is refused: not for you');
    expect((await runCli(['why', 'unknown', '--offline', ...flags])).code).toBe(1);
  });
});

describe('rules that have changed since', () => {
  const old = `version: 1
server: { listen: 127.0.0.1:0 }
providers: { good: { sandbox: { behaviours: { it: { reply: fine } } } } }
combos: { c: { demo: true, targets: [good/it] } }
keys: [{ id: mine, digest: "sha256:${hash('sha256', keys.mine, 'hex')}", limits: { requests: 2/h } }]
policies: [{ id: closed, match: { models: [c] }, deny: not today }]
`;
  const next = old.replace(/^policies.*$/m, '');

  it('are kept: a refusal of then is explained by the rule of then, offline and from the API', async () => {
    const other = await startBooted(old);
    try {
      const send = async () => {
        const response = await fetch(`${other.gateway.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${keys.mine}` },
          body: JSON.stringify({ model: 'c', messages: [{ role: 'user', content: 'hi' }] }),
        });
        await response.text();
        return { status: response.status, id: response.headers.get('x-request-id')! };
      };
      const refused = await send();
      expect(refused.status).toBe(403);
      const before = other.gateway.snapshot().revision;
      other.write(next);
      await other.gateway.reload('api');
      expect(other.gateway.snapshot().revision).not.toBe(before);
      const served = await send();
      expect(served.status).toBe(200);
      const limited = await send();
      expect(limited.status).toBe(429);
      const flags = ['--config', other.file, '--data', other.gateway.dataFolder];
      const environment = { OMNIROUTE_URL: other.gateway.url };
      const ask = async (id: string, ...more: readonly string[]) => {
        for (let tries = 0; ; tries++) {
          const { code, out } = await runCli(['why', id, '--json', ...more, ...flags], { environment });
          if (code === 0) return JSON.parse(out) as Why;
          if (tries > 40) throw new Error('the row was never written');
          await new Promise((resolve) => setTimeout(resolve, 25));
        }
      };
      for (const more of [[], ['--offline']]) {
        expect(await ask(refused.id, ...more)).toMatchObject({
          revision: before,
          rules: 'kept',
          replay: { revision: before, outcome: 'refuse', message: 'not today' },
          ways: [
            { without: 'policy closed', target: 'good/it', at: expect.stringContaining(':6:') as string },
          ],
        });
      }
      // The request of a key that has reached its limit was never read: the limit is told, with its line and its end.
      const full = await ask(limited.id);
      expect(full).toMatchObject({ status: 429, model: '', rules: 'current' });
      expect(full.reasons).toMatchObject([
        { code: 'key-limit', rule: 'mine', at: expect.stringContaining(':5:') as string },
      ]);
      expect(Date.parse(full.reasons[0]!.until!)).toBeGreaterThan(Date.parse(full.at));
      rmSync(join(other.gateway.dataFolder, 'revisions'), { recursive: true });
      const gone = await ask(refused.id, '--offline');
      expect(gone).toMatchObject({ rules: 'gone', replay: { outcome: 'route' } });
    } finally {
      await other.close();
    }
  });
});

describe('explain over the API', () => {
  const explain = async (body: unknown, credential = token) => {
    const response = await fetch(`${booted.gateway.url}/api/routing/explain`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Explanation };
  };

  it('explains in the world as it is, or as it is given', async () => {
    const now = await explain({ request: { model: 'c' } });
    expect(now.body.attempts.map(({ target }) => target)).toEqual(['good/it']);
    const given = await explain({ request: { model: 'c' }, given: { breakers: { good: 'open' } } });
    expect(given.body.attempts.map(({ target }) => target)).toEqual(['full/it']);
  });

  it('says what is wrong with what it was sent, to admins only', async () => {
    expect((await explain({ request: { modell: 'c' } })).status).toBe(400);
    const unknown = await explain({ request: { model: 'c' }, given: { breakers: { god: 'open' } } });
    expect(unknown).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('"good"') as string } },
    });
    expect((await explain({ request: { model: 'c' } }, keys.mine)).status).toBe(401);
  });
});

describe('record', () => {
  it('makes tests out of what came in: each kind once, no prompt, and they hold', async () => {
    const flags = ['--config', booted.file, '--data', booted.gateway.dataFolder];
    const { out, err } = await runCli(['record', ...flags]);
    expect(out, err).not.toContain('a-prompt-that-nobody-keeps');
    expect(out).not.toContain('secret-words');
    expect(out.match(/- name:/g)).toHaveLength(5);
    expect(err).toBe('');
    booted.write(out, 'omniroute.test.yaml');
    const tested = await runCli(['test', booted.file]);
    expect(tested.out + tested.err).toContain('5 passed');
    expect(tested.code).toBe(0);
  });
});
