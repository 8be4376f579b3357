// `omniroute keys` through the command line's own entry, on files of its own.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/main.ts';
import { sha256 } from '../../support/config.ts';

const start = `# ours
version: 1
providers: { sandbox: {} } # the simulator
aliases: { fast: sandbox/echo }
`;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-keys-'));
  await write(start);
});
afterEach(() => rm(folder, { recursive: true }));

const write = (text: string) => writeFile(join(folder, 'omniroute.config.yaml'), text);
const read = () => readFile(join(folder, 'omniroute.config.yaml'), 'utf8');

async function cli(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(['keys', ...args], {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    paint: (_, text) => text,
    interactive: false,
    environment: {},
    folder,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('create', () => {
  it('prints the key alone, writes its digest and leaves the rest of the file alone', async () => {
    const { code, out, err } = await cli(
      'create',
      'ci',
      '--models',
      'fast, sandbox/*',
      '--tags',
      'team=infra',
      '--no-log',
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^sk-omni-[\w-]{43}$/);
    expect(err).toContain('key "ci" is declared');
    expect(err).toContain('It is the first key');
    expect(err).not.toContain(out);
    const text = await read();
    expect(text.startsWith(start)).toBe(true);
    expect(text).not.toContain(out);
    expect(text).toContain(`digest: sha256:${sha256(out)}`);
    expect(JSON.parse((await cli('list', '--json')).out)).toMatchObject({
      keys: [
        {
          id: 'ci',
          models: ['fast', 'sandbox/*'],
          tags: { team: 'infra' },
          noLog: true,
          role: 'inference',
          state: 'active',
        },
      ],
    });
  });

  it('never gives the same key twice', async () => {
    const keys = await Promise.all(
      [cli('create', 'a'), cli('rotate', 'a')].map(async (each) => (await each).out),
    );
    expect(new Set(keys).size).toBe(2);
  });

  it.each([
    [['create', 'ci', '--expires', 'soon'], 1, 'schema/spelling'],
    [['create', 'ci', '--models', 'fats'], 1, 'reference/unknown-model'],
    [['create', 'ci', '--schedule', 'at noon'], 1, 'schedule/invalid'],
    [['create', 'no good id!'], 1, 'schema/'],
    [['create'], 2, 'wants the id'],
    [['create', 'ci', '--tags', 'infra'], 2, 'name=value'],
    [['crate', 'ci'], 2, 'did you mean "create"'],
    [['rotate', 'ci'], 1, 'no key "ci"'],
    [['revoke', 'ci'], 1, 'no key "ci"'],
  ] as const)('%j writes nothing, shows no key and says why', async (args, code, words) => {
    const result = await cli(...args);
    expect(result.code).toBe(code);
    expect(result.err).toContain(words);
    expect(result.out + result.err).not.toContain('sk-omni-');
    expect(await read()).toBe(start);
  });

  it('does not touch a file that a gateway would refuse', async () => {
    await write(`${start}combos: { c: { targets: [nothing/at-all] } }\n`);
    const before = await read();
    expect((await cli('create', 'ci')).code).toBe(1);
    expect(await read()).toBe(before);
  });

  it('refuses an id that is taken', async () => {
    await cli('create', 'ci');
    const { code, err } = await cli('create', 'ci');
    expect([code, err]).toEqual([1, expect.stringContaining('omniroute keys rotate ci')]);
  });
});

describe('rotate and revoke', () => {
  it('rotate changes the digest and nothing else', async () => {
    await cli('create', 'ci', '--name', 'Pipeline');
    const before = await read();
    const { out } = await cli('rotate', 'ci', '--json');
    const { key, digest, files } = JSON.parse(out) as { key: string; digest: string; files: string[] };
    expect([digest, files]).toEqual([`sha256:${sha256(key)}`, ['omniroute.config.yaml']]);
    expect(await read()).toBe(before.replace(/sha256:\w+/, digest));
  });

  it('revoke removes it, but not while something names it', async () => {
    await cli('create', 'ci');
    const named = `${await read()}policies:\n  - { id: p, match: { keys: [ci] }, noLog: true }\n`;
    await write(named);
    const refused = await cli('revoke', 'ci');
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(/still used: omniroute.config.yaml:\d+/),
    ]);
    expect(await read()).toBe(named);
    expect((await cli('revoke', 'ci', '--cascade')).code).toBe(0);
    expect(await read()).not.toMatch(/id: ci|\[ci\]/);
  });
});

it('list shows what each key may do and whether it still does', async () => {
  const digest = (letter: string) => `digest: "sha256:${letter.repeat(64)}"`;
  await write(
    `${start}keys:\n  - { id: a, ${digest('a')}, expires: 2020-01-01 }\n  - { id: bb, ${digest('b')}, enabled: false, models: [] }\n  - { id: c, ${digest('c')}, role: admin, models: [fast] }\n`,
  );
  const { code, out } = await cli('list');
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['a', 'expired', 'inference', 'all models', 'until 2020-01-01'],
    ['bb', 'disabled', 'inference', 'no model'],
    ['c', 'active', 'admin', 'fast'],
  ]);
});
