// `omniroute start` as people run it: the quick-start file of the repository, real sockets, real signals.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteState } from '../../src/state/open.ts';
import type { RunningCli } from '../support/cli.ts';
import { runCli, startCli } from '../support/cli.ts';
import { gather } from '../support/sandbox.ts';

const root = join(import.meta.dirname, '../..');

let folder: string;
let config: string;
let data: string;
const started: RunningCli[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-start-'));
  config = join(folder, 'omniroute.config.yaml');
  data = join(folder, 'data');
  await cp(join(root, 'omniroute.config.yaml'), config);
});

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

/** Starts on a free port; resolves when it serves. */
async function start(...more: readonly string[]) {
  const cli = startCli(['start', '--config', config, '--port', '0', '--data', data, ...more], { folder });
  started.push(cli);
  const [, url = '', revision = ''] = await cli.until(/"url":"([^"]+)".*"revision":"([^"]+)"/);
  return { cli, url, revision, client: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 }) };
}

const hello = [{ role: 'user' as const, content: 'Say hello' }];

describe('the quick-start file', () => {
  test('answers the demo whole and streamed, says who served at which revision, and keeps the usage', async () => {
    const { cli, url, revision, client } = await start();
    const { data: whole, response } = await client.chat.completions
      .create({ model: 'demo', messages: hello })
      .withResponse();
    expect(whole.choices[0]?.message.content).toBe('Say hello');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-omniroute-provider': 'sandbox',
      'x-omniroute-model': 'echo',
      'x-omniroute-sandbox': 'true',
      'x-omniroute-attempts': '2',
      'x-omniroute-revision': revision,
    });
    const streamed = await client.chat.completions
      .create({ model: 'demo', messages: hello, stream: true })
      .withResponse();
    expect(streamed.response.headers.get('x-omniroute-revision')).toBe(revision);
    const chunks = await gather(streamed.data);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Say hello');
    expect(await runCli(['status', '--url', url])).toMatchObject({
      code: 0,
      out: expect.stringContaining(revision),
    });

    cli.child.kill('SIGTERM');
    expect(await cli.ended, cli.err).toEqual({ code: 0, signal: null });

    const state = await openSqliteState({ dataDir: data });
    try {
      const { rows } = await state.reader.query('recentRequests', { limit: 10 });
      expect(rows).toHaveLength(2);
      for (const row of rows) {
        expect(row).toMatchObject({
          revision,
          requestedModel: 'demo',
          provider: 'sandbox',
          model: 'echo',
          status: 200,
          estimated: false,
        });
        expect(row.tokens).toMatchObject({ input: 3, output: 3 });
      }
      expect(rows.map((row) => row.stream)).toEqual([true, false]);
    } finally {
      await state.close();
    }
  });

  test('loads without a single complaint', async () => {
    const { cli } = await start();
    cli.child.kill('SIGINT');
    expect(await cli.ended).toEqual({ code: 0, signal: null });
    expect(cli.err).not.toMatch(/"level":"(?:warn|error)"/);
  });

  test('real providers stand by until their variable is set', async () => {
    const { cli, client } = await start('--json');
    const facts = JSON.parse(cli.out) as { providers: { provider: string; ready: boolean; note: string }[] };
    expect(facts.providers).toContainEqual({ provider: 'openai', ready: false, note: 'set OPENAI_API_KEY' });
    await expect(client.chat.completions.create({ model: 'fast', messages: hello })).rejects.toThrow(
      'OPENAI_API_KEY',
    );
    const joined = startCli(['start', '--config', config, '--port', '0', '--data', data, '--json'], {
      folder,
      environment: { OPENAI_API_KEY: 'sk-not-a-key' },
    });
    started.push(joined);
    await joined.until(/"provider":"openai","ready":true/);
    expect(joined.out + joined.err).not.toContain('sk-not-a-key');
  });
});

test('a running answer is finished before the end', async () => {
  const { cli, client } = await start();
  const stream = await client.chat.completions.create({
    model: 'sandbox/script/slow+rate=100',
    messages: hello,
    stream: true,
  });
  let text = '';
  let told = false;
  for await (const chunk of stream) {
    // Once: a second signal ends the process at once, whatever runs.
    if (!told) told = cli.child.kill('SIGTERM');
    text += chunk.choices[0]?.delta.content ?? '';
  }
  expect(text).toMatch(/^one two .* ten$/);
  expect(await cli.ended, cli.err).toEqual({ code: 0, signal: null });
});

test('a change of the file goes live, a broken one changes nothing and says where', async () => {
  const { cli, url, revision, client } = await start();
  const text = await readFile(config, 'utf8');
  const later = 'combos:\n  later: { demo: true, targets: [sandbox/script/text] }\n';
  await writeFile(config, text.replace('combos:\n', later));
  await cli.until(/configuration is live/);
  const { response } = await client.chat.completions
    .create({ model: 'later', messages: hello })
    .withResponse();
  const next = response.headers.get('x-omniroute-revision');
  expect(next).not.toBe(revision);
  await writeFile(
    config,
    (await readFile(config, 'utf8')).replace('targets: [sandbox/script/text]', 'targts: []'),
  );
  await cli.until(/configuration was refused/);
  expect(cli.err).toMatch(/omniroute\.config\.yaml:\d+:\d+ error schema\/unknown-key/);
  const after = await fetch(`${url}/v1/models`);
  expect(after.headers.get('x-omniroute-revision')).toBe(next);
  await after.body?.cancel();
  cli.child.kill('SIGTERM');
  expect(await cli.ended).toEqual({ code: 0, signal: null });
});

test('a fault of our own ends with 70, a line for people and the whole story in the log', async () => {
  const fault = 'data:text/javascript,process.once("SIGUSR2", () => { throw new TypeError("boom"); })';
  const cli = startCli(['start', '--config', config, '--port', '0', '--data', data], {
    folder,
    node: ['--import', fault],
  });
  started.push(cli);
  await cli.until(/"url":/);
  cli.child.kill('SIGUSR2');
  expect(await cli.ended).toEqual({ code: 70, signal: null });
  expect(cli.err).toMatch(/^error {2}cli\/internal {2}something that should not happen: TypeError: boom$/m);
  expect(cli.err).toMatch(/^\{"level":"fatal".*"stack":"TypeError: boom/m);
  expect(cli.err).not.toMatch(/^ {4}at /m);
});

describe('what cannot start ends with 1 and says why', () => {
  const attempt = (...more: readonly string[]) =>
    runCli(['start', '--config', config, '--data', data, ...more], { folder });

  test('a file with faults: all of them, with place and carets', async () => {
    await writeFile(config, 'version: 1\nprovider: {}\ncombos:\n  a: { targets: [nobody/x] }\n');
    const { code, out, err } = await attempt('--port', '0');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^omniroute\.config\.yaml:2:1 {2}error {2}schema\/unknown-key/m);
    expect(err).toMatch(/^omniroute\.config\.yaml:4:\d+ {2}error/m);
    expect(err).toContain('^^^^^^^^');
    const json = await attempt('--port', '0', '--json');
    expect(json.code).toBe(1);
    expect(JSON.stringify(JSON.parse(json.out))).toContain('schema/unknown-key');
  });

  test('no file at all', async () => {
    await rm(config);
    const { code, err } = await runCli(['start'], { folder });
    expect(code).toBe(1);
    expect(err).toContain('source/none');
    expect(await attempt('--port', '0')).toMatchObject({
      code: 1,
      err: expect.stringContaining('omniroute.config.yaml'),
    });
  });

  test('an address that is taken', async () => {
    const { url } = await start();
    const { code, err } = await attempt('--port', new URL(url).port);
    expect(code).toBe(1);
    expect(err).toContain('cli/address-in-use');
    expect(err).not.toContain('    at ');
  });

  test('an address that others reach, without keys', async () => {
    const { code, err } = await attempt('--listen', '0.0.0.0:0');
    expect(code).toBe(1);
    expect(err).toContain('server/exposed-without-keys');
  });

  test('a data folder that cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    const { code, err } = await runCli(
      ['start', '--config', config, '--port', '0', '--data', join(folder, 'file/data')],
      { folder },
    );
    expect(code).toBe(1);
    expect(err).toMatch(/^error {2}cli\//m);
    expect(err).not.toContain('    at ');
  });
});
