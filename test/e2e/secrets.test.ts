// The secret store from the command line to an upstream, with the gateway running: set, use, rotate, lose the key.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FirstLoadError } from '../../src/control/coordinator.ts';
import { makeFolder, startBooted, type Booted } from '../support/booted.ts';
import { say, startUpstream, type Upstream } from '../support/upstream.ts';

const bin = join(import.meta.dirname, '../../src/cli/bin.js');

async function secrets(folder: string, args: readonly string[], input = '', environment = {}) {
  const child = spawn(process.execPath, [bin, 'secrets', ...args, '--data', join(folder, 'data')], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NO_COLOR: '1', ...environment },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, text };
}

describe('omniroute secrets', () => {
  const folder = makeFolder();
  let upstream: Upstream;
  let booted: Booted;
  const config = (): string => `version: 1
server: { listen: 127.0.0.1:0 }
providers:
  own:
    protocols: [{ name: openai-chat, baseUrl: ${upstream.baseUrl} }]
    allowPrivateNetwork: true
    connections: [{ id: main, apiKey: "\${secret:own-main}" }]
combos:
  c: { demo: true, targets: [own/m] }
`;
  // Read by another process: whoever closes a file gives up all locks of its process on it, SQLite's own among them. The
  // next process would then take the database for unused, and cut the index that this one has mapped (SIGBUS).
  const files = (): string => {
    const paths = readdirSync(join(folder, 'data'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'secret.key')
      .map((entry) => join(entry.parentPath, entry.name));
    return execFileSync('cat', paths, { encoding: 'latin1', maxBuffer: 2 ** 30 });
  };

  beforeAll(async () => {
    upstream = await startUpstream(say('Hello'));
  });
  afterAll(async () => {
    await booted.close();
    await upstream.close();
  });

  it('takes the value from a pipe, keeps it sealed, and the gateway sends it', async () => {
    writeFileSync(join(folder, 'omniroute.config.yaml'), config());
    expect((await secrets(folder, ['list'])).text).toContain('own-main  MISSING');
    const set = await secrets(folder, ['set', 'own-main'], 'first-value-canary\n');
    expect(set).toEqual({ code: 0, text: expect.stringContaining('the next start uses it') });
    booted = await startBooted(config(), {}, folder);
    expect((await booted.ask()).status).toBe(200);
    expect(upstream.calls.at(-1)?.headers.authorization).toBe('Bearer first-value-canary');
    expect(files()).not.toContain('first-value-canary');
  });

  it('a running gateway uses a new value at once, and counts the rotation', async () => {
    const environment = { OMNIROUTE_URL: booted.gateway.url };
    const epoch = booted.gateway.status().secretEpoch;
    const revision = booted.gateway.status().revision;
    const set = await secrets(folder, ['set', 'own-main'], 'second-value-canary', environment);
    expect(set.text).toContain('the running gateway uses it now');
    await booted.ask();
    expect(upstream.calls.at(-1)?.headers.authorization).toBe('Bearer second-value-canary');
    expect(booted.gateway.status()).toMatchObject({ secretEpoch: epoch + 1, revision });
  });

  it('a new key seals everything; nothing of it is a rotation of values', async () => {
    const before = readFileSync(join(folder, 'data', 'secret.key'), 'utf8');
    const environment = { OMNIROUTE_URL: booted.gateway.url };
    expect((await secrets(folder, ['rotate'], '', environment)).text).toContain('1 secret sealed');
    expect(readFileSync(join(folder, 'data', 'secret.key'), 'utf8')).not.toBe(before);
    await booted.ask();
    expect(upstream.calls.at(-1)?.headers.authorization).toBe('Bearer second-value-canary');
  });

  it('while the key is away a reload is refused by name and the last good values serve on', async () => {
    const key = join(folder, 'data', 'secret.key');
    renameSync(key, `${key}.away`);
    const outcome = await booted.gateway.reload('signal');
    expect(outcome).toMatchObject({ kind: 'refused', diagnostics: [{ code: 'secret/locked' }] });
    expect((await booted.ask()).status).toBe(200);
    expect((await secrets(folder, ['set', 'another'], 'x')).text).toContain('Bring the key back');
    renameSync(`${key}.away`, key);
    expect((await booted.gateway.reload('signal')).kind).not.toBe('refused');
  });

  it('a start without the key names every secret at its line, and makes no new key', async () => {
    const key = join(folder, 'data', 'secret.key');
    await booted.gateway.close();
    renameSync(key, `${key}.away`);
    const start = startBooted(config(), {}, folder);
    await expect(start).rejects.toThrow(FirstLoadError);
    const fault: unknown = await start.catch((error: unknown) => error);
    expect((fault as FirstLoadError).diagnostics).toMatchObject([
      { code: 'secret/locked', message: expect.stringContaining('"own-main"'), at: { line: 7 } },
    ]);
    expect(readdirSync(join(folder, 'data'))).not.toContain('secret.key');
    renameSync(`${key}.away`, key);
    booted = await startBooted(config(), {}, folder);
  });

  it('lists without values, removes, and leaves an audit', async () => {
    expect((await secrets(folder, ['list', '--json'])).text).not.toContain('canary');
    expect(await secrets(folder, ['rm', 'own-main'])).toEqual({
      code: 0,
      text: expect.stringContaining('still refers'),
    });
    expect((await secrets(folder, ['rm', 'own-main'])).code).toBe(1);
    expect((await secrets(folder, ['set', 'own-main', 'on-the-command-line'])).code).toBe(2);
    expect((await secrets(folder, ['set', '../x'], 'v')).code).toBe(2);
    expect((await secrets(folder, ['set', 'empty'])).code).toBe(2);
    expect(files()).not.toContain('-value-canary');
    rmSync(join(folder, 'data', 'secret.key.away'), { force: true });
  });
});
