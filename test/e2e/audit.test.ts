// What the audit log says of changes: who, from where, between which revisions, with a masked difference; and the
// change that an attacker would want is flagged.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { configSaying, startBooted, type Booted } from '../support/booted.ts';

let booted: Booted;
afterEach(() => booted.close());

interface Row {
  readonly id: number;
  readonly action: string;
  readonly actor: string;
  readonly status: string;
  readonly target: string;
  readonly ip_address: string | null;
  readonly requestId: string | null;
  readonly revisionBefore: string | null;
  readonly revisionAfter: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

function ask(path: string, method = 'GET', body?: unknown): Promise<Response> {
  const token = readFileSync(join(booted.folder, 'data', 'management.token'), 'utf8').trim();
  return fetch(`${booted.gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const rows = async (query = ''): Promise<readonly Row[]> =>
  (await (await ask(`/api/compliance/audit-log${query}`)).json()) as readonly Row[];

it('a write has its intent and its outcome, with the difference and both revisions', async () => {
  // Beside the change stands what should not stand there.
  const text = configSaying('one').replace(
    'combos:',
    '# old password: nightingale-0123456789abcdef\ncombos:',
  );
  booted = await startBooted(text);
  const before = booted.gateway.status().revision;
  const pointer = '/providers/sandbox/sandbox/behaviours/it/reply';
  const answer = await ask('/api/config', 'PATCH', {
    edits: [{ op: 'set', pointer, value: 'two' }],
  });
  expect(answer.status).toBe(200);
  const [outcome, intent] = await rows('?action=config.change');
  const common = {
    actor: 'token',
    ip_address: '127.0.0.1',
    requestId: answer.headers.get('x-request-id'),
    revisionBefore: before,
  };
  expect(intent).toMatchObject({
    ...common,
    status: 'intent',
    target: 'omniroute.config.yaml',
    revisionAfter: null,
  });
  expect(outcome).toMatchObject({
    ...common,
    status: 'success',
    revisionAfter: booted.gateway.status().revision,
  });
  expect(outcome?.details['change']).toBe(intent?.details['change']);
  expect(intent?.details['patch']).toMatch(/^-.*one[^]*# old password: •/m);
  expect(intent?.details['patch']).not.toContain('nightingale');
});

it('a credential that goes to another address is flagged, whoever edits the file', async () => {
  const config = (host: string): string => `version: 1
server: { listen: 127.0.0.1:0 }
storage: { driver: memory }
providers:
  up: { protocols: [{ name: openai-chat, baseUrl: "https://${host}/v1" }], connections: [{ id: a, apiKey: "\${env:K}" }] }
  free: { protocols: [{ name: openai-chat, baseUrl: "https://free.${host}/v1" }], auth: none }
`;
  booted = await startBooted(config('api.example.com'), { environment: { K: 'k' } });
  booted.write(config('evil.example'));
  await booted.until(({ revision }) => revision !== booted.gateway.status().revision || revision !== '');
  await booted.gateway.reload('signal');
  const flagged = await rows('?action=provider');
  expect(flagged).toMatchObject([
    {
      action: 'provider.address_changed',
      target: 'up',
      details: { flagged: true, from: ['https://api.example.com'], to: ['https://evil.example'] },
    },
  ]);
});

it('other changes through the API have a row, reading has none', async () => {
  booted = await startBooted(configSaying('one'));
  await ask('/api/config/status');
  await ask('/api/config/reload', 'POST');
  expect(await rows('?action=api.call')).toMatchObject([
    { actor: 'token', status: 'success', target: 'POST /api/config/reload', ip_address: '127.0.0.1' },
  ]);
});

it('pages and refuses what is no page', async () => {
  booted = await startBooted(configSaying('one'));
  for (let n = 0; n < 3; n++) await ask('/api/config/reload', 'POST');
  const page = await ask('/api/compliance/audit-log?limit=2&offset=1');
  expect(['x-total-count', 'x-page-limit', 'x-page-offset'].map((name) => page.headers.get(name))).toEqual([
    '3',
    '2',
    '1',
  ]);
  expect(((await page.json()) as readonly Row[]).map(({ id }) => id)).toEqual([2, 1]);
  for (const query of ['?limit=0', '?limit=501', '?offset=-1', '?offset=10001', '?status=fine', '?from=noon'])
    expect((await ask(`/api/compliance/audit-log${query}`)).status, query).toBe(400);
});
