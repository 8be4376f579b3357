// A request that shall leave no trace leaves none: its texts are looked for in every log line, metric, view, error and
// file of the data folder. A request that may be kept goes the same ways beside it, so that looking can find something.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retainable, retainableFault } from '../../src/gateway/retainable.ts';
import { digestOf, keyOf } from '../support/access.ts';
import { startBooted, type Booted } from '../support/booted.ts';
import { chat } from '../support/gateway.ts';
import { frames, say, startUpstream, stream, type Script, type Upstream } from '../support/upstream.ts';

const secret = 'upstream-credential-4711-canary';

/** Text of a client that nobody may find; unlike any word of ours. */
const canaryOf = (who: string): string => `zq${who}canary${'7x3'.repeat(3)}`;

/** Refuses with the prompt in its own error text, as vendors do. */
const parrot: Script = ({ body, response }) => {
  response.writeHead(400, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message: `cannot read ${body}`, type: 'invalid_request_error' } }));
};

let booted: Booted;
let upstream: Upstream;
let haystack = '';

beforeAll(async () => {
  upstream = await startUpstream(say());
  booted = await startBooted(
    `version: 1
server: { listen: 127.0.0.1:0 }
auth: { requireApiKey: true, lockout: { failures: 1000 } }
observability: { logs: { level: trace }, metrics: { perModel: true } }
providers:
  up:
    protocols: [{ name: openai-chat, baseUrl: ${upstream.baseUrl} }]
    allowPrivateNetwork: true
    connections: [{ id: main, apiKey: "\${env:UP_KEY}" }]
    models: [m]
    profile: calm
resilience: { profiles: { calm: { retries: 0, cooldown: { transient: 1ms, maxLevel: 0 }, breaker: { failures: 1000 } } } }
aliases: { loudname: up/m }
keys:
  - { id: quiet, digest: "${digestOf('quiet')}", noLog: true }
  - { id: ruled, digest: "${digestOf('ruled')}", tags: { keep: nothing } }
  - { id: loud, digest: "${digestOf('loud')}" }
policies:
  - { id: silence, match: { tags: { keep: nothing } }, noLog: true }
  - { id: watch, match: { metadata: { anything: "*" } }, preferProviders: [up] }
  - { id: closed, match: { metadata: { refuse: "*" } }, deny: "not today" }
`,
    { environment: { UP_KEY: secret } },
  );
  for (const who of ['quiet', 'ruled', 'loud']) await goEveryWay(who);
  haystack = await collectEverything();
}, 60_000);

afterAll(async () => {
  await booted.close();
  await upstream.close();
});

/** Success, streams, translation, every kind of failure, and every place where a client can write. */
async function goEveryWay(who: string): Promise<void> {
  const canary = canaryOf(who);
  const talk = { model: 'up/m', messages: [{ role: 'user', content: canary }] };
  const ask = async (
    script: Script,
    body: unknown,
    headers: Record<string, string> = {},
    path = '/v1/chat/completions',
  ): Promise<number> => {
    upstream.play(script);
    const response = await fetch(booted.gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${keyOf(who)}`, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }).catch(() => undefined);
    await response?.text().catch(() => '');
    return response?.status ?? 0;
  };
  expect(await ask(say(canary), talk)).toBe(200);
  expect(await ask(say(canary), { ...talk, stream: true })).toBe(200);
  expect(await ask(say(canary), { ...talk, max_tokens: 50 }, {}, '/v1/messages')).toBe(200);
  expect(
    await ask(say(canary), talk, { 'x-session-id': canary, 'x-omniroute-metadata-anything': canary }),
  ).toBe(200);
  expect(await ask(say(canary), talk, { 'x-omniroute-metadata-refuse': canary })).toBe(403);
  const response = { model: 'up/m', input: canary, instructions: canary };
  expect(await ask(say(canary), response, {}, '/v1/responses')).toBe(200);
  expect(await ask(say(canary), { ...response, stream: true }, {}, '/v1/responses')).toBe(200);
  expect(await ask(say(canary), { ...response, previous_response_id: canary }, {}, '/v1/responses')).toBe(
    400,
  );
  expect(await ask(parrot, talk)).toBe(400);
  expect(await ask(stream([frames.role, frames.hello], 'cut'), { ...talk, stream: true })).toBe(200);
  expect(await ask(say(canary), chat(canary))).toBe(404);
  expect(await ask(say(canary), chat(`up/${canary}`))).toBe(404);
  expect(await ask(say(canary), `{"model":"up/m","messages":"${canary}`)).toBe(400);
  expect(await ask(say(canary), { ...talk, tools: canary }, {}, '/v1/messages')).toBe(400);
  expect(
    await ask(
      say(canary),
      talk,
      { 'user-agent': canary, cookie: canary },
      `/v1/chat/completions?x=${canary}`,
    ),
  ).toBe(200);
}

async function collectEverything(): Promise<string> {
  const { gateway, lines, folder } = booted;
  const token = readFileSync(join(gateway.dataFolder, 'management.token'), 'utf8').trim();
  const views: string[] = [];
  for (const path of [
    '/metrics',
    '/api/config/status',
    '/api/config',
    '/api/config/effective',
    '/healthz',
    '/v1/models',
  ]) {
    for (const credential of [token, keyOf('loud')]) {
      const response = await fetch(gateway.url + path, {
        headers: { authorization: `Bearer ${credential}` },
      });
      views.push(`${path} ${response.status} ${await response.text()}`);
    }
  }
  // Closing writes what waits, and folds the write-ahead log into the database.
  await gateway.close();
  const files = listFiles(gateway.dataFolder).map((path) => readFileSync(path, 'latin1'));
  const config = readFileSync(join(folder, 'omniroute.config.yaml'), 'utf8');
  return [...lines, ...views, ...files, config].join('\n');
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** The ways in which a store or a dump may spell a text. */
function spell(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  return [
    text,
    bytes.toString('hex'),
    bytes.toString('base64').slice(0, -4),
    encodeURIComponent(text),
    [...text].reverse().join(''),
  ];
}

describe('what is found afterwards', () => {
  it('the texts of a client that may be kept, where names of models are kept', () => {
    expect(haystack).toContain(canaryOf('loud'));
  });

  it.each(['quiet', 'ruled'])('nothing of %s', (who) => {
    for (const form of spell(canaryOf(who))) expect(haystack.includes(form)).toBe(false);
  });

  it('no prompt of anybody', () => {
    // The loud client wrote its canary into names too; a prompt of its own is only in `content`.
    expect(haystack).not.toContain(`"content":"${canaryOf('loud')}`);
  });

  it.each([secret, keyOf('quiet'), keyOf('ruled'), keyOf('loud')])('no credential: %s', (credential) => {
    for (const form of spell(credential)) expect(haystack.includes(form)).toBe(false);
  });

  it('the counters of requests without traces', () => {
    const [file] = listFiles(booted.gateway.dataFolder).filter((path) => /\.(db|sqlite)$/.test(path));
    const database = new Database(file!, { readonly: true });
    const read = (key: string) =>
      database
        .prepare(
          'SELECT status, input_tokens AS input, requested_model AS asked, facts, reasons, model FROM usage WHERE key = ? ORDER BY id',
        )
        .all(key) as {
        status: number;
        input: number | null;
        asked: string;
        facts: string;
        reasons: string;
        model: string | null;
      }[];
    const [quiet, ruled, loud] = [read('quiet'), read('ruled'), read('loud')];
    database.close();
    expect(quiet.length).toBe(loud.length);
    expect(quiet.map(({ status, input, model }) => [status, input, model])).toEqual(
      loud.map(({ status, input, model }) => [status, input, model]),
    );
    for (const { asked, facts, reasons } of quiet) expect([asked, facts, reasons]).toEqual(['', '{}', '[]']);
    expect(ruled.map(({ status }) => status)).toEqual(loud.map(({ status }) => status));
    expect(loud.some(({ asked, facts, reasons }) => asked !== '' && facts !== '{}' && reasons !== '[]')).toBe(
      true,
    );
  });
});

describe('retainable', () => {
  const principal = (noLog: boolean) => ({ role: 'inference', tags: {}, noLog }) as const;
  it.each([
    [false, false, true],
    [true, false, false],
    [false, true, false],
    [true, true, false],
  ])('policy %s, key %s: %s', (noLog, byKey, expected) => {
    expect(retainable({ noLog, principal: principal(byKey) })).toBe(expected);
  });

  it('a fault keeps its kind and place, not its words', () => {
    const words = canaryOf('fault');
    const error = new SyntaxError(`Unexpected token in "${words}\n    at ${words} (/nowhere)"`);
    expect(retainableFault(error, { noLog: false, principal: principal(false) })).toBe(error);
    const told = retainableFault(error, { noLog: true, principal: undefined }) as Error;
    expect(told.message).toContain('SyntaxError');
    expect(told.stack).toContain('no-log.test.ts');
    expect(`${told.message}${told.stack}`).not.toContain(words);
    expect((retainableFault(words, { noLog: true, principal: undefined }) as Error).stack).not.toContain(
      words,
    );
  });
});
