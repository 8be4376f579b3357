// `plan`, `apply`, `rollback` and `blame` against a running gateway, with the token of its data folder.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
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

it('says who is not let in', async () => {
  booted = await startBooted(configSaying('one'));
  writeFileSync(join(booted.folder, 'data', 'management.token'), 'wrong');
  expect(await cli('plan', '--from', booted.gateway.url)).toMatchObject({
    code: 1,
    err: expect.stringContaining('refuses the credential') as string,
  });
});
