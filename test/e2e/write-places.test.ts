// Where configurations live in earnest: a read-only mount, a single bind-mounted file, a ConfigMap's chain of links.
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sha256 } from '../../src/control/evaluate.ts';
import { configSaying, makeFolder, startBooted, type Booted } from '../support/booted.ts';

let booted: Booted | undefined;
let mounts: string[] = [];
let folder = '';
let data = '';
beforeEach(() => {
  folder = makeFolder();
  data = makeFolder();
});
afterEach(async () => {
  await booted?.gateway.close();
  for (const at of mounts.toReversed()) execFileSync('umount', [at]);
  mounts = [];
  execFileSync('rm', ['-rf', folder, data]);
  booted = undefined;
});

function mount(...args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    mounts.push(args.at(-1) ?? '');
    return true;
  } catch {
    console.warn('this machine lets nobody mount: the case is not run');
    return false;
  }
}

async function say(reply: string): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> {
  const token = readFileSync(join(data, 'management.token'), 'utf8').trim();
  const response = await fetch(`${booted!.gateway.url}/api/config`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({
      edits: [{ op: 'set', pointer: '/providers/sandbox/sandbox/behaviours/it/reply', value: reply }],
    }),
  });
  return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> };
}

it('a single bind-mounted file is written in place and stays the mounted one', async () => {
  const outside = join(data, 'real.yaml');
  writeFileSync(outside, configSaying('one', '# kept\n'));
  const file = join(folder, 'omniroute.config.yaml');
  writeFileSync(file, '');
  if (!mount('--bind', outside, file)) return;
  const { ino } = statSync(file);
  booted = await startBooted(configSaying('one', '# kept\n'), { flags: { data } }, folder);
  expect(await say('two, and longer than before')).toMatchObject({ status: 200, body: { outcome: 'live' } });
  expect((await booted.ask()).text).toBe('two, and longer than before');
  expect(readFileSync(outside, 'utf8')).toBe(configSaying('two, and longer than before', '# kept\n'));
  expect(await say('2')).toMatchObject({ status: 200 });
  expect(readFileSync(outside, 'utf8')).toBe(configSaying('2', '# kept\n'));
  expect(statSync(file).ino).toBe(ino);
  expect(readdirSync(folder)).toEqual(['omniroute.config.yaml']);
});

it('a read-only file system answers 409 with the patch, and serves on', async () => {
  writeFileSync(join(folder, 'omniroute.config.yaml'), configSaying('one'));
  if (!mount('--bind', folder, folder)) return;
  execFileSync('mount', ['-o', 'remount,ro,bind', folder]);
  booted = await startBooted(undefined, { flags: { data } }, folder);
  expect(await say('two')).toMatchObject({
    status: 409,
    body: {
      outcome: 'readonly',
      message: expect.stringContaining('EROFS') as string,
      patch: expect.stringContaining('two') as string,
    },
  });
  expect((await booted.ask()).text).toBe('one');
  const response = await fetch(`${booted.gateway.url}/api/compliance/audit-log?action=config`, {
    headers: { authorization: `Bearer ${readFileSync(join(data, 'management.token'), 'utf8').trim()}` },
  });
  expect(await response.json()).toMatchObject([
    { status: 'failed', details: { result: 'failed' } },
    { status: 'intent', actor: 'token' },
  ]);
});

it('a chain of links as a ConfigMap has it is written through, and every link stays', async () => {
  mkdirSync(join(folder, '..2026'));
  writeFileSync(join(folder, '..2026', 'omniroute.config.yaml'), configSaying('one'));
  symlinkSync('..2026', join(folder, '..data'));
  symlinkSync('..data/omniroute.config.yaml', join(folder, 'omniroute.config.yaml'));
  booted = await startBooted(undefined, { flags: { data } }, folder);
  expect(await say('two')).toMatchObject({ status: 200 });
  expect((await booted.ask()).text).toBe('two');
  expect(lstatSync(join(folder, 'omniroute.config.yaml')).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(folder, '..2026', 'omniroute.config.yaml'), 'utf8')).toBe(configSaying('two'));
  expect(readdirSync(join(folder, '..2026'))).toEqual(['omniroute.config.yaml']);
});

it('a write that a crash interrupted is completed at the next start', async () => {
  booted = await startBooted(configSaying('one'), { flags: { data } }, folder);
  await say('two');
  await booted.gateway.close();
  const file = join(folder, 'omniroute.config.yaml');
  const [before, after] = [configSaying('two'), configSaying('three, which is longer')];
  // As a write in place leaves it: new bytes in front, old ones behind.
  writeFileSync(file, after.slice(0, 150) + before.slice(150));
  const journal = join(data, 'journals', `${sha256(file).slice(0, 16)}.json`);
  writeFileSync(journal, JSON.stringify({ version: 1, writes: [{ path: file, before, after }] }));
  booted = await startBooted(undefined, { flags: { data } }, folder);
  expect((await booted.ask()).text).toBe('three, which is longer');
  expect(readFileSync(file, 'utf8')).toBe(after);
  expect(readdirSync(join(data, 'journals'))).toEqual([]);
  // So is that of a command, once the command has gone.
  await booted.gateway.close();
  const [dead, alive] = [2 ** 22 + 1, process.pid].map((pid) =>
    join(data, 'journals', `${sha256(file).slice(0, 16)}.cli-${pid}.json`),
  ) as [string, string];
  const writes = [{ path: file, before: after, after: before }];
  for (const path of [dead, alive]) writeFileSync(path, JSON.stringify({ version: 1, writes }));
  booted = await startBooted(undefined, { flags: { data } }, folder);
  expect((await booted.ask()).text).toBe('two');
  expect(readdirSync(join(data, 'journals'))).toEqual([basename(alive)]);
});
