// `validate`, `fmt` and `explain-code` through the command line's own entry, on files of their own.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/main.ts';
import { diagnosticRules } from '../../../src/cli/rules.ts';
import { diagnosticFormats } from '../../../src/diagnostics/render.ts';

const good = `version: 1
providers:
  openai: {}
aliases: { fast: openai/gpt-5.4-mini } # why
`;
const bad = good.replace('fast: openai', 'fast: opnai');
const warned = good.replace(
  'version: 1',
  'version: 1\nresilience: { profiles: { patient: { totalTimeout: 30m } } }',
);
const repairable =
  good + `keys:\n  - { id: ci, digest: "sha256:${'a'.repeat(64)}", allowedModels: [fast] }\n`;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-validate-'));
  await write('omniroute.config.yaml', good);
});
afterEach(() => rm(folder, { recursive: true }));

describe('validate', () => {
  it('finds the file by itself and ends with 0', async () => {
    expect(await cli('validate')).toEqual({ code: 0, out: 'no findings in 1 file', err: '' });
  });

  it('ends with 1 and shows the faults of every file', async () => {
    await write('bad.yaml', bad);
    const { code, out } = await cli('validate', 'omniroute.config.yaml', 'bad.yaml');
    expect(code).toBe(1);
    expect(out).toContain('bad.yaml:4:18  error  reference/unknown-alias-target');
    expect(out).toContain('     |                  ^^^^^^^^^^^^^^^^^^ did you mean "openai/gpt-5.4-mini"?');
    expect(out).toContain('1 error in 1 file');
  });

  it.each(diagnosticFormats)('writes %s', async (format) => {
    await write('bad.yaml', bad);
    const { code, out } = await cli('validate', 'bad.yaml', '--format', format);
    expect(code).toBe(1);
    expect(out).toContain('unknown-alias-target');
    if (['json', 'sarif', 'gitlab'].includes(format)) expect(() => JSON.parse(out)).not.toThrow();
  });

  it('takes --json for --format json', async () => {
    const { out } = await cli('validate', '--json');
    expect(JSON.parse(out)).toMatchObject({ ok: true, files: ['omniroute.config.yaml'], diagnostics: [] });
  });

  it('counts warnings as errors with --strict', async () => {
    await write('omniroute.config.yaml', warned);
    expect(await cli('validate')).toMatchObject({ code: 0, out: expect.stringContaining('unused/profile') });
    expect(await cli('validate', '--strict')).toMatchObject({ code: 1 });
  });

  it('repairs with --fix and checks again', async () => {
    await write('omniroute.config.yaml', repairable);
    expect((await cli('validate')).out).toContain('language/deprecated');
    const { code, err, out } = await cli('validate', '--fix', '--strict');
    expect({ code, err, out }).toEqual({ code: 0, err: 'repaired 1 place', out: 'no findings in 1 file' });
    expect(await readFile(join(folder, 'omniroute.config.yaml'), 'utf8')).toBe(
      repairable.replace('allowedModels', 'models'),
    );
  });

  it('names what is missing or mistyped', async () => {
    expect(await cli('validate', 'nowhere.yaml')).toMatchObject({
      code: 1,
      out: expect.stringContaining('source/not-found'),
    });
    expect(await cli('validate', '--format', 'xml')).toMatchObject({ code: 2 });
    expect(await cli('validate', '--stric')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--strict'),
    });
  });
});

describe('fmt', () => {
  const messy = good.replace('  openai: {}', '    openai: { }');

  it('writes the layout, names the file, and has nothing to do the second time', async () => {
    await write('omniroute.config.yaml', messy);
    expect(await cli('fmt')).toEqual({ code: 0, out: 'omniroute.config.yaml', err: '' });
    expect(await readFile(join(folder, 'omniroute.config.yaml'), 'utf8')).toBe(
      good.replace(' # why', '  # why'),
    );
    expect(await cli('fmt', '--check')).toEqual({ code: 0, out: '', err: '' });
  });

  it('formats included files as well', async () => {
    await write('more.yaml', 'combos: {a: { targets: [ fast ]}}\n');
    await write('omniroute.config.yaml', `include: [more.yaml]\n${messy}`);
    expect((await cli('fmt')).out.split('\n').toSorted()).toEqual(['more.yaml', 'omniroute.config.yaml']);
    expect(await readFile(join(folder, 'more.yaml'), 'utf8')).toBe('combos: { a: { targets: [fast] } }\n');
  });

  it('only tells with --check and --diff, and ends with 1', async () => {
    await write('omniroute.config.yaml', messy);
    expect(await cli('fmt', '--check')).toEqual({ code: 1, out: 'omniroute.config.yaml', err: '' });
    const { code, out } = await cli('fmt', '--diff');
    expect(code).toBe(1);
    expect(out).toContain('\n-    openai: { }\n');
    expect(out).toContain('\n+  openai: {}\n');
    expect(await readFile(join(folder, 'omniroute.config.yaml'), 'utf8')).toBe(messy);
    expect(JSON.parse((await cli('fmt', '--check', '--json')).out)).toMatchObject({
      files: 1,
      changed: ['omniroute.config.yaml'],
      written: false,
    });
  });

  it('leaves a file alone that does not parse, and goes on with the others', async () => {
    await write('broken.yaml', 'a: [1\nb: 2\n');
    await write('messy.yaml', messy);
    const { code, out, err } = await cli('fmt', 'broken.yaml', 'messy.yaml');
    expect({ code, out }).toEqual({ code: 1, out: 'messy.yaml' });
    expect(err).toContain('broken.yaml:2:1  error  yaml/syntax');
    expect(await readFile(join(folder, 'broken.yaml'), 'utf8')).toBe('a: [1\nb: 2\n');
  });
});

describe('explain-code', () => {
  it('explains diagnostics, errors and reasons', async () => {
    expect(await cli('explain-code', 'combo/simulator')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^combo\/simulator {2}\(diagnostic, error\)\n/),
    });
    expect(await cli('explain-code', 'budget_exceeded')).toMatchObject({
      code: 0,
      out: expect.stringContaining('status 429'),
    });
    expect(await cli('explain-code', 'alias-glob', '--json')).toMatchObject({
      code: 0,
      out: expect.stringContaining('"kind": "reason"'),
    });
  });

  it('lists all of them, and suggests the nearest', async () => {
    const { out } = await cli('explain-code');
    for (const { code } of diagnosticRules) expect(out).toContain(`${code} `);
    expect(await cli('explain-code', 'combo/simulater')).toMatchObject({
      code: 1,
      err: expect.stringContaining('did you mean "combo/simulator"?'),
    });
  });
});

it('every code of every table is there once', () => {
  const codes = diagnosticRules.map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});

async function cli(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    paint: (_, plain) => plain,
    interactive: false,
    environment: {},
    folder,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function write(name: string, text: string): Promise<void> {
  return writeFile(join(folder, name), text);
}
