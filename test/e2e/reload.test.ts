// Reload as operators meet it: real files, real events, real sockets. Times are bounds that only a hang would pass.
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FirstLoadError } from '../../src/control/coordinator.ts';
import { configSaying, makeFolder, startBooted, type Booted } from '../support/booted.ts';

let booted: Booted | undefined;

afterEach(async () => {
  await booted?.close();
  booted = undefined;
});

const live = (revision: string) => (status: { revision: string; healthy: boolean }) =>
  status.healthy && status.revision !== revision;

describe('an edit', () => {
  it('goes live, twenty times in a row', async () => {
    booted = await startBooted(configSaying('0'));
    const seen = new Set([booted.gateway.status().revision]);
    for (let edit = 1; edit <= 20; edit++) {
      const before = booted.gateway.status().revision;
      booted.write(configSaying(String(edit)));
      await booted.until(live(before));
      const answer = await booted.ask();
      expect(answer).toMatchObject({
        status: 200,
        text: String(edit),
        revision: booted.gateway.status().revision,
      });
      seen.add(answer.revision);
    }
    expect(seen.size).toBe(21);
  });

  it('goes live by polling where no events come', async () => {
    booted = await startBooted(configSaying('old'), { fileEvents: false, pollInterval: 50 });
    const before = booted.gateway.status().revision;
    booted.write(configSaying('new'));
    await booted.until(live(before));
    expect((await booted.ask()).text).toBe('new');
  });

  it('of comments and layout alone changes no revision', async () => {
    booted = await startBooted(configSaying('same'));
    const before = booted.gateway.status();
    booted.write(`# a thought\n${configSaying('same')}\n# another\n`);
    await booted.until((status) => status.lastAttempt !== before.lastAttempt);
    expect(booted.gateway.status()).toMatchObject({ revision: before.revision, healthy: true });
  });

  it.each([
    ['broken', 'version: 1\nproviders: {{', 'omniroute.config.yaml:2:'],
    ['with an unknown name', configSaying('x').replace('sandbox/it', 'sandbix/it'), 'omniroute.config.yaml:'],
    ['empty', '', 'source/empty'],
    ['only comments', '# nothing\n', 'source/empty'],
    ['cut in the middle', configSaying('x').slice(0, 120), 'omniroute.config.yaml:'],
  ])('that is %s changes nothing, is reported, and the repair goes live', async (_, text, told) => {
    booted = await startBooted(configSaying('good'));
    const { revision } = booted.gateway.status();
    booted.write(text);
    await booted.until((status) => !status.healthy);
    expect(await booted.ask()).toMatchObject({ status: 200, text: 'good', revision });
    const refused = booted.lines.find((line) => line.includes('configuration was refused'));
    expect(refused).toContain(told);
    booted.write(configSaying('repaired'));
    await booted.until(live(revision));
    expect((await booted.ask()).text).toBe('repaired');
  });

  it('survives a file that is gone or unreadable for a moment', async () => {
    booted = await startBooted(configSaying('good'));
    const { revision } = booted.gateway.status();
    unlinkSync(booted.file);
    await booted.until((status) => !status.healthy);
    expect((await booted.ask()).text).toBe('good');
    mkdirSync(booted.file);
    await booted.gateway.reload('signal');
    expect(booted.gateway.status().healthy).toBe(false);
    execFileSync('rmdir', [booted.file]);
    booted.write(configSaying('back'));
    await booted.until(live(revision));
    expect((await booted.ask()).text).toBe('back');
  });

  it('by an editor that truncates first and writes later is one change', async () => {
    booted = await startBooted(configSaying('old'));
    const { revision } = booted.gateway.status();
    truncateSync(booted.file, 0);
    booted.write(configSaying('new'));
    await booted.until(live(revision));
    expect(booted.lines.filter((line) => line.includes('refused'))).toEqual([]);
  });
});

describe('the files around the main one', () => {
  it('reload when an included file changes, appears or goes', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'config.d'));
    writeFileSync(join(folder, 'config.d/a.yaml'), 'aliases: { one: c }\n');
    booted = await startBooted(configSaying('x', 'include: [config.d/*.yaml]\n'), {}, folder);
    expect((await booted.ask('one')).status).toBe(200);
    let { revision } = booted.gateway.status();
    booted.write('aliases: { two: c }\n', 'config.d/b.yaml');
    await booted.until(live(revision));
    expect((await booted.ask('two')).status).toBe(200);
    ({ revision } = booted.gateway.status());
    booted.write('aliases: { uno: c }\n', 'config.d/a.yaml');
    await booted.until(live(revision));
    expect([(await booted.ask('uno')).status, (await booted.ask('one')).status]).toEqual([200, 404]);
    ({ revision } = booted.gateway.status());
    unlinkSync(join(folder, 'config.d/b.yaml'));
    await booted.until(live(revision));
    expect((await booted.ask('two')).status).toBe(404);
  });

  it('rotate a secret from a file without a new revision', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'key.txt'), 'first-key\n');
    const provider =
      '  real: { protocols: [{ name: openai-chat, baseUrl: http://127.0.0.1:9/v1 }], allowPrivateNetwork: true, connections: [{ id: only, apiKey: "${file:key.txt}" }] }\ncombos:';
    booted = await startBooted(configSaying('x').replace('combos:', provider), {}, folder);
    const before = booted.gateway.status();
    booted.write('second-key\n', 'key.txt');
    await booted.until((status) => status.secretEpoch > before.secretEpoch);
    expect(booted.gateway.status()).toMatchObject({
      revision: before.revision,
      secretEpoch: before.secretEpoch + 1,
      healthy: true,
    });
    expect(booted.lines.join('')).not.toMatch(/first-key|second-key/);
  });

  it('follow a swapped ..data symlink, as Kubernetes does it', async () => {
    const folder = makeFolder();
    for (const [version, reply] of [
      ['..1', 'one'],
      ['..2', 'two'],
    ] as const) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'main.yaml'), configSaying(reply));
    }
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync(join('..data', 'main.yaml'), join(folder, 'main.yaml'));
    booted = await startBooted(configSaying('unused'), { config: join(folder, 'main.yaml') }, folder);
    const { revision } = booted.gateway.status();
    expect((await booted.ask()).text).toBe('one');
    symlinkSync('..2', join(folder, '..tmp'));
    renameSync(join(folder, '..tmp'), join(folder, '..data'));
    await booted.until(live(revision));
    expect((await booted.ask()).text).toBe('two');
  });

  it('wait for a checkout that git has not finished, though every moment of it is valid', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'config.d'));
    writeFileSync(join(folder, 'config.d/a.yaml'), 'aliases: { one: c }\n');
    execFileSync('git', ['init', '--quiet', folder]);
    booted = await startBooted(configSaying('old', 'include: [config.d/*.yaml]\n'), {}, folder);
    const { revision } = booted.gateway.status();
    const lock = join(folder, '.git', 'index.lock');
    writeFileSync(lock, '');
    booted.write(configSaying('new', 'include: [config.d/*.yaml]\n'));
    const reload = booted.gateway.reload('api');
    const early = await Promise.race([
      reload,
      new Promise((resolve) => setTimeout(resolve, 300, 'still waiting')),
    ]);
    expect(early).toBe('still waiting');
    expect(await booted.ask()).toMatchObject({ text: 'old', revision });
    booted.write('aliases: { two: c }\n', 'config.d/a.yaml');
    unlinkSync(lock);
    expect(await reload).toMatchObject({ kind: 'live' });
    await booted.until(live(revision));
    expect([(await booted.ask('two')).text, (await booted.ask('one')).status]).toEqual(['new', 404]);
  });
});

describe('what runs while a reload happens', () => {
  it('finishes on the revision that it began with', async () => {
    booted = await startBooted(
      configSaying('one two three four five six').replace('reply:', 'tokensPerSecond: 12, reply:'),
    );
    const { revision } = booted.gateway.status();
    const response = await fetch(`${booted.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'c', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    });
    expect(response.headers.get('x-omniroute-revision')).toBe(revision);
    booted.write(configSaying('other'));
    await booted.until(live(revision));
    expect((await booted.ask()).text).toBe('other');
    const text = await response.text();
    expect(text).toContain('six');
    expect(text).toContain('[DONE]');
  });

  it('moves to a new address before it leaves the old one', async () => {
    booted = await startBooted(configSaying('x'));
    const free = await findFreePort();
    const old = booted.gateway.url;
    const { revision } = booted.gateway.status();
    booted.write(configSaying('x').replace('127.0.0.1:0', `127.0.0.1:${free}`));
    await booted.until(live(revision));
    expect(booted.gateway.url).toBe(`http://127.0.0.1:${free}`);
    expect((await booted.ask()).status).toBe(200);
    await expect(fetch(`${old}/healthz`)).rejects.toThrow();
  });

  it('stays where it is when the new address is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    booted = await startBooted(configSaying('x'));
    const { url } = booted.gateway;
    booted.write(configSaying('y').replace('127.0.0.1:0', `127.0.0.1:${port}`));
    await booted.until((status) => !status.healthy);
    expect(booted.gateway.status().diagnostics.map(({ code }) => code)).toContain('reload/cannot-bind');
    expect(booted.gateway.url).toBe(url);
    expect((await booted.ask()).text).toBe('x');
    await new Promise((resolve) => taken.close(resolve));
  });
});

describe('the reload call', () => {
  it('answers when the change is live, or with every fault', async () => {
    booted = await startBooted(configSaying('old'));
    const { readFileSync } = await import('node:fs');
    const token = readFileSync(join(booted.folder, 'data/management.token'), 'utf8').trim();
    const call = (headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
      fetch(`${booted?.gateway.url}/api/config/reload`, { method: 'POST', headers });
    booted.write(configSaying('new'));
    const reloaded = (await (await call()).json()) as { kind: string; revision: string };
    expect(['live', 'unchanged']).toContain(reloaded.kind);
    expect(await booted.ask()).toMatchObject({ text: 'new', revision: reloaded.revision });
    booted.write('version: 1\nprovidrs: {}\nalises: {}\n');
    const refused = await call();
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      kind: 'refused',
      faults: expect.arrayContaining([
        expect.stringContaining('omniroute.config.yaml:2:1'),
        expect.stringContaining('omniroute.config.yaml:3:1'),
      ]),
    });
    expect((await call({})).status).toBe(401);
    expect((await call({ authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await call({ authorization: `Bearer ${token}`, origin: 'http://evil.example' })).status).toBe(
      403,
    );
  });
});

it('a first start on a bad file fails with all its faults', async () => {
  const folder = makeFolder();
  await expect(startBooted('version: 1\nprovidrs: {}\n', {}, folder)).rejects.toBeInstanceOf(FirstLoadError);
  execFileSync('rm', ['-rf', folder]);
});

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
