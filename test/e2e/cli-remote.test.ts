// `plan`, `apply`, `rollback` and `blame` against a running gateway, with the token of its data folder.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { run } from '../../src/cli/main.ts';
import { configSaying, makeFolder, startBooted, type Booted } from '../support/booted.ts';

let booted: Booted | undefined;
afterEach(async () => {
  await booted?.close();
  booted = undefined;
});

async function cli(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { folder } = booted!;
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(args, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    paint: (_, plain) => plain,
    folder,
    environment: { DATA_DIR: join(folder, 'data') },
    interactive: false,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

it('plans against a gateway, applies there, refuses a stale plan, rolls back and blames', async () => {
  const folder = makeFolder();
  const sh = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const text = (reply: string): string => configSaying(reply, 'gitops: { mode: commit }\n');
  writeFileSync(join(folder, 'omniroute.config.yaml'), text('one'));
  writeFileSync(join(folder, '.gitignore'), 'data/\nnext.yaml\nplan.json\n');
  sh('init', '--quiet', '--initial-branch=main');
  sh('add', '.');
  sh('commit', '--quiet', '-m', 'first');
  booted = await startBooted(text('one'), {}, folder);
  const { url } = booted.gateway;
  booted.write(`${text('two')}aliases: { a: c }\n`, 'next.yaml');

  const plan = await cli('plan', '--from', url, '--to', 'next.yaml', '--out', 'plan.json');
  expect(plan).toMatchObject({ code: 2, out: expect.stringContaining('+ a: ') as string });
  expect(await cli('apply', 'plan.json', '--url', url)).toMatchObject({
    code: 0,
    out: expect.stringContaining('live; revision') as string,
  });
  expect((await booted.ask('a')).text).toBe('two');
  expect(sh('log', '-1', '--format=%an')).toContain('token');
  expect((await cli('plan', '--from', url, '--to', 'next.yaml')).code).toBe(0);
  expect(await cli('apply', 'plan.json', '--url', url)).toMatchObject({ code: 3 });

  expect(await cli('blame', '/aliases/a', '--url', url)).toMatchObject({
    code: 0,
    out: expect.stringContaining('author    token') as string,
  });
  expect(await cli('rollback', '--url', url)).toMatchObject({ code: 0 });
  expect((await booted.ask()).text).toBe('one');
  expect(readFileSync(booted.file, 'utf8')).toBe(text('one'));
});

it('applies several files in one turn, and brings a file back that was removed since', async () => {
  const folder = makeFolder();
  const sh = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
  const main = configSaying('one', 'include: [config.d/*.yaml]\ngitops: { mode: commit }\n');
  mkdirSync(join(folder, 'config.d'));
  mkdirSync(join(folder, 'next', 'config.d'), { recursive: true });
  writeFileSync(join(folder, 'omniroute.config.yaml'), main);
  writeFileSync(join(folder, 'config.d', 'a.yaml'), 'aliases: { a: c } # first\n');
  writeFileSync(join(folder, '.gitignore'), 'data/\nnext/\nplan.json\n');
  sh('init', '--quiet', '--initial-branch=main');
  sh('add', '.');
  sh('commit', '--quiet', '-m', 'first');
  writeFileSync(join(folder, 'next', 'omniroute.config.yaml'), main.replace('reply: "one"', 'reply: "two"'));
  writeFileSync(join(folder, 'next', 'config.d', 'a.yaml'), 'aliases: { a: c, more: c }\n');
  writeFileSync(join(folder, 'next', 'config.d', 'b.yaml'), 'aliases: { b: c }\n');
  booted = await startBooted(undefined, {}, folder);
  const { url } = booted.gateway;
  expect(
    (await cli('plan', '--from', url, '--to', 'next/omniroute.config.yaml', '--out', 'plan.json')).code,
  ).toBe(2);
  expect(await cli('apply', 'plan.json', '--url', url)).toMatchObject({
    code: 0,
    out: expect.stringContaining('live; revision') as string,
  });
  for (const name of ['a', 'more', 'b']) expect((await booted.ask(name)).text).toBe('two');
  expect(sh('show', '--stat', '--format=%an')).toMatch(
    /token[^]*config\.d\/a\.yaml[^]*config\.d\/b\.yaml[^]*omniroute/,
  );
  expect((await cli('apply', 'plan.json', '--url', url)).code).toBe(3);

  rmSync(join(folder, 'config.d', 'a.yaml'));
  sh('commit', '--quiet', '-am', 'without a');
  await booted.gateway.reload('api');
  expect((await booted.ask('a')).status).toBe(404);
  expect(await cli('rollback', '--url', url)).toMatchObject({ code: 0 });
  expect((await booted.ask('more')).text).toBe('two');
  // The same without a gateway.
  rmSync(join(folder, 'config.d', 'a.yaml'));
  expect(await cli('rollback', 'HEAD')).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'config.d', 'a.yaml'), 'utf8')).toBe('aliases: { a: c, more: c }\n');
});

it('finds the token of a data folder that only it knows', async () => {
  booted = await startBooted(configSaying('one'));
  const { folder, gateway } = booted;
  const out: string[] = [];
  const terminal = {
    out: (text: string) => void out.push(text),
    err: () => undefined,
    paint: (_: unknown, text: string) => text,
  };
  const args = ['blame', '/combos/c/targets', '--url', gateway.url];
  const environment = { HOME: folder, XDG_CONFIG_HOME: join(folder, 'nowhere') };
  const there = { ...terminal, folder, environment, interactive: false };
  expect(await run([...args, '--data', join(folder, 'data')], there)).toBe(0);
  expect(out.join('\n')).toContain('place');
  expect(await run(args, there)).toBe(1);
});

it('says who is not let in', async () => {
  booted = await startBooted(configSaying('one'));
  writeFileSync(join(booted.folder, 'data', 'management.token'), 'wrong');
  expect(await cli('plan', '--from', booted.gateway.url)).toMatchObject({
    code: 1,
    err: expect.stringContaining('refuses the credential') as string,
  });
});
