// `plan`, `apply`, `rollback` and `blame` over real files and real git.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/main.ts';

const base = `version: 1
providers:
  anthropic: {}
aliases:
  fast: anthropic/claude-haiku-4-5 # cheap
combos:
  coding: { targets: [anthropic/claude-sonnet-5] }
`;
const next = base.replace('fast:', 'quick:');

let folder = '';
let data = '';
const file = (name = 'omniroute.config.yaml'): string => join(folder, name);
const read = (): string => readFileSync(file(), 'utf8');
const sh = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omniroute-plan-'));
  data = mkdtempSync(join(tmpdir(), 'omniroute-plan-data-'));
  sh('init', '--quiet', '--initial-branch=main');
  writeFileSync(file(), base);
  sh('add', '.');
  sh('commit', '--quiet', '-m', 'first');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
});

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(args, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    paint: (_, plain) => plain,
    folder,
    environment: { XDG_CONFIG_HOME: data },
    interactive: false,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('plan', () => {
  it('ends with 0 where nothing differs from the last commit', async () => {
    expect(await cli('plan')).toMatchObject({
      code: 0,
      out: expect.stringContaining('no change of meaning') as string,
    });
  });

  it('ends with 2 and says what changes, between the commit and the files', async () => {
    writeFileSync(file(), next);
    const { code, out } = await cli('plan', '--patch');
    expect(code).toBe(2);
    expect(out).toContain('- fast');
    expect(out).toContain('+ quick');
    expect(out).toContain('-  fast: anthropic/claude-haiku-4-5 # cheap');
    const json = JSON.parse((await cli('plan', '--json')).out) as Record<string, unknown>;
    expect(json).toMatchObject({
      differs: true,
      changes: { names: [{ name: 'fast', kind: 'removed' }, { name: 'quick' }] },
    });
  });

  it('compares two files, and says when only the text differs', async () => {
    writeFileSync(file('other.yaml'), base.replace('# cheap', '# cheaper'));
    const { code, out } = await cli('plan', '--from', 'omniroute.config.yaml', '--to', 'other.yaml');
    expect(code).toBe(2);
    expect(out).toContain('the texts differ, what they mean does not');
  });

  it('ends with 1 for every error, the command line included', async () => {
    writeFileSync(file(), base.replace('anthropic/claude-haiku-4-5', 'nowhere/x'));
    const { code, err } = await cli('plan');
    expect(code).toBe(1);
    expect(err).toContain('unknown-alias-target');
    expect((await cli('plan', '--from', 'no-such-thing')).code).toBe(1);
    expect((await cli('plan', '--from', 'http://127.0.0.1:1')).code).toBe(1);
    expect((await cli('plan', '--form', 'HEAD')).code).toBe(1);
  });
});

describe('apply', () => {
  it('carries a plan out, and refuses with 3 when the base moved', async () => {
    writeFileSync(file(), next);
    expect((await cli('plan', '--out', 'p.json')).code).toBe(2);
    // Made from the commit: the files hold the change already, so they are no longer the base.
    expect((await cli('apply', 'p.json')).code).toBe(3);
    writeFileSync(file(), base);
    expect(await cli('apply', 'p.json')).toMatchObject({
      code: 0,
      out: expect.stringContaining('the plan is in the files') as string,
    });
    expect(read()).toBe(next);
    writeFileSync(file(), `${base}# a thought\n`);
    const stale = await cli('apply', 'p.json', '--json');
    expect(stale.code).toBe(3);
    expect(JSON.parse(stale.out)).toMatchObject({ error: { code: 'cli/stale' } });
    expect(read()).toBe(`${base}# a thought\n`);
  });

  it('takes nothing that is no plan', async () => {
    writeFileSync(file('x.json'), '{}');
    expect((await cli('apply', 'x.json')).code).toBe(1);
    expect((await cli('apply', 'nowhere.json')).code).toBe(1);
  });
});

describe('rollback', () => {
  it('brings the commit before the last back, or the one that is named', async () => {
    writeFileSync(file(), next);
    sh('commit', '--quiet', '-am', 'second');
    expect(await cli('rollback')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^rolled back to [0-9a-f]{12}; revision/) as string,
    });
    expect(read()).toBe(base);
    expect((await cli('rollback', 'HEAD')).code).toBe(0);
    expect(read()).toBe(next);
    expect(JSON.parse((await cli('rollback', 'HEAD', '--json')).out)).toMatchObject({ kind: 'unchanged' });
    expect((await cli('rollback', 'nowhere')).code).toBe(1);
  });
});

describe('blame', () => {
  it('tells place, commit and author of a value', async () => {
    const { code, out } = await cli('blame', '/aliases/fast');
    expect(code).toBe(0);
    expect(out).toContain('value     anthropic/claude-haiku-4-5');
    expect(out).toContain('place     omniroute.config.yaml:5:9');
    expect(out).toContain('author    Ada <ada@example.org>');
    expect(out).toContain('subject   first');
    expect(JSON.parse((await cli('blame', 'server/maxDepth', '--json')).out)).toMatchObject({
      value: 128,
      source: 'default',
    });
    expect((await cli('blame', '/nowhere')).code).toBe(1);
  });

  it('says that a line is not committed', async () => {
    writeFileSync(file(), next);
    expect((await cli('blame', '/aliases/quick')).out).toContain('commit    not committed');
  });
});
