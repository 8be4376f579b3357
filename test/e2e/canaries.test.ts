// Fifty planted secrets, and a search for them in everything that a gateway shows, writes and keeps: every view, every
// error, logs, metrics, the audit log, and the files of the data folder.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { findCommandPlace, openSecretDesk } from '../../src/server/command-state.ts';
import { routes } from '../../src/server/routes.ts';
import { makeFolder, startBooted, type Booted } from '../support/booted.ts';
import { sha256 } from '../support/config.ts';
import { askSocket, chat, type Answer } from '../support/gateway.ts';
import { answerBody, startUpstream, type Upstream } from '../support/upstream.ts';

const planted = new Map<string, string>();
function plant(label: string): string {
  const value = `nightingale-${label}-${sha256(label).slice(0, 24)}`;
  planted.set(label, value);
  return value;
}
const several = (label: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => plant(`${label}${index}`));

const variables = several('variable', 12);
const stored = several('stored', 12);
const files = several('file', 6);
const clients = several('client', 5);
const wrongKeys = several('wrong-key', 5);
const wrongPasswords = several('wrong-password', 3);
const prompts = several('prompt', 2);
const password = plant('password');
const nextPassword = plant('next-password');
const secretKey = plant('secret-key-long-enough');
const literal = plant('literal');
const admin = plant('admin');

const folder = makeFolder();
let upstream: Upstream;
let booted: Booted;
/** What anybody could read, by where. */
const seen: { readonly where: string; readonly text: string }[] = [];

function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: unknown,
): Promise<Answer> {
  return askSocket(booted.gateway.url, {
    method,
    path,
    headers,
    ...(body === undefined ? {} : { body }),
  }).then((answer) => {
    seen.push({ where: `${method} ${path}`, text: `${JSON.stringify(answer.headers)} ${answer.text}` });
    return answer;
  });
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

function config(extra = ''): string {
  const account = (id: string, reference: string): string =>
    `      - { id: ${id}, apiKey: "\${${reference}}" }\n`;
  const accounts = [
    ...variables.map((_, n) => account(`v${n}`, `env:CANARY_${n}`)),
    ...stored.map((_, n) => account(`s${n}`, `secret:canary-${n}`)),
    ...files.map((_, n) => account(`f${n}`, `file:canary-${n}.txt`)),
  ];
  const keys = clients.map((key, n) => `  - { id: c${n}, digest: "sha256:${sha256(key)}" }\n`).join('');
  return `version: 1
server: { listen: 127.0.0.1:0 }
auth: { requireApiKey: true, lockout: { failures: 1000 } }
observability: { logs: { level: trace }, metrics: { perModel: true } }
resilience: { profiles: { calm: { retries: 0, cooldown: { transient: 1ms, maxLevel: 0 }, breaker: { failures: 1000 } } } }
providers:
  up:
    protocols: [{ name: openai-chat, baseUrl: ${upstream.baseUrl} }]
    allowPrivateNetwork: true
    profile: calm
    select: round-robin
    stickyCalls: 0
    models: [m]
    connections:
${accounts.join('')}keys:
${keys}  - { id: ops, digest: "sha256:${sha256(admin)}", role: admin }
${extra}`;
}

beforeAll(async () => {
  // An upstream that says in its errors which key it was sent, as some do.
  let count = 0;
  upstream = await startUpstream(({ headers, body, response }) => {
    count++;
    const key = String(headers.authorization).replace('Bearer ', '');
    if (count % 3 === 0) {
      response.writeHead(401, { 'content-type': 'application/json', 'x-echo': key });
      response.end(
        JSON.stringify({ error: { message: `Incorrect API key provided: ${key}. ${body}`, type: 'x' } }),
      );
    } else if (count % 3 === 1) {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`boom ${key}`);
    } else response.writeHead(200, { 'content-type': 'application/json' }).end(answerBody());
  });
  const environment = {
    ...Object.fromEntries(variables.map((value, n) => [`CANARY_${n}`, value])),
    INITIAL_PASSWORD: password,
    OMNIROUTE_SECRET_KEY: secretKey,
  };
  for (const [n, value] of files.entries()) writeFileSync(join(folder, `canary-${n}.txt`), `${value}\n`);
  writeFileSync(join(folder, 'omniroute.config.yaml'), config());
  const place = await findCommandPlace({ directory: folder, data: join(folder, 'data'), environment });
  const desk = openSecretDesk(place, environment, true, systemClock.now);
  for (const [n, value] of stored.entries()) desk.vault.set(`canary-${n}`, value);
  desk.state.close();
  booted = await startBooted(config(), { environment, cost: { memory: 64, passes: 1 } }, folder);
});
afterAll(async () => {
  await booted.close();
  await upstream.close();
});

it('plants fifty, and each is in use', async () => {
  expect(planted.size).toBe(50);
  expect(new Set(booted.gateway.secrets.values())).toEqual(new Set([...variables, ...stored, ...files]));
});

it('drives everything that could tell them', async () => {
  const good = bearer(admin);
  for (let n = 0; n < 36; n++) {
    const stream = n % 2 === 0;
    await ask(
      'POST',
      '/v1/chat/completions',
      bearer(clients[n % clients.length]!),
      chat('up/m', { stream, user: `u${n}` }),
    );
  }
  await ask('POST', '/v1/chat/completions', bearer(clients[0]!), chat(prompts[0]!));
  await ask(
    'POST',
    '/v1/chat/completions',
    bearer(clients[0]!),
    `{"model":"up/m","messages":[{"content":"${prompts[1]}`,
  );
  for (const [n, key] of wrongKeys.entries()) {
    await ask('POST', '/v1/chat/completions', n % 2 ? bearer(key) : { 'x-api-key': key }, chat('up/m'));
    await ask('GET', '/api/config', n % 2 ? { cookie: `auth_token=${key}` } : bearer(key));
    await ask('GET', `/v1/models?key=${key}`);
  }
  for (const given of wrongPasswords) await ask('POST', '/api/auth/login', {}, { password: given });
  const login = await ask('POST', '/api/auth/login', {}, { password });
  const cookie = { cookie: String(login.headers['set-cookie']?.[0]).split(';')[0]! };
  for (const { method, path, lane } of routes) {
    if (lane !== 'app' || method !== 'GET') continue;
    for (const headers of [good, cookie, {}]) await ask('GET', path.replaceAll(/\*\*:\w+/g, 'x'), headers);
  }
  for (const pointer of ['/providers/up', '/providers/up/connections/id:v0/apiKey', '/keys'])
    await ask('GET', `/api/config/effective?path=${pointer}`, good);
  await ask('POST', '/api/config/plan', good, {
    edits: [{ op: 'set', pointer: '/providers/up/enabled', value: false }],
  });
  const edits = [{ op: 'set', pointer: '/providers/up/stickyCalls', value: 1 }];
  expect((await ask('PATCH', '/api/config', good, { edits })).status).toBe(200);
  const change = { password: nextPassword, currentPassword: password };
  expect((await ask('POST', '/api/settings/require-login', cookie, change)).status).toBe(200);
  // Somebody pastes a key into the file: the fault is told with its place, never with its text.
  booted.write(config(`aliases: {}\n`).replace('"${env:CANARY_0}"', literal));
  expect((await ask('POST', '/api/config/reload', good)).status).toBe(422);
  await ask('GET', '/api/config/status', good);
  await ask('POST', '/api/config/validate', good, {});
  await ask('GET', '/healthz', good);
  booted.write(config());
  expect((await ask('POST', '/api/config/reload', good)).status).toBe(200);
  const audit = await ask('GET', '/api/compliance/audit-log?limit=500', good);
  expect(JSON.parse(audit.text).length).toBeGreaterThan(8);
  await ask('GET', '/metrics', good);
});

it('finds none of them again', async () => {
  await booted.gateway.close();
  const data = join(folder, 'data');
  for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    seen.push({ where: path, text: readFileSync(path, 'latin1') });
  }
  seen.push({ where: 'logs', text: booted.lines.join('') });
  expect(seen.find(({ where }) => where.endsWith('omniroute.sqlite'))?.text.length).toBeGreaterThan(10_000);
  expect(booted.lines.length).toBeGreaterThan(40);
  const found = new Set<string>();
  for (const [label, value] of planted) {
    const forms = [
      value,
      Buffer.from(value).toString('base64').replace(/=+$/, ''),
      Buffer.from(value).toString('hex'),
      encodeURIComponent(value),
    ];
    for (const { where, text } of seen) {
      // Its own client may see a model name that it asked for, and so may the operator who reads the row.
      if (label === 'prompt0') continue;
      if (forms.some((form) => text.includes(form))) found.add(`${label.replace(/\d+$/, '')} in ${where}`);
    }
  }
  expect([...found]).toEqual([]);
});
