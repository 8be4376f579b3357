// The schema and the code must say the same: a key that is renamed or a value that is added on one side only fails here.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generate } from '../../../scripts/generate/config.ts';
import { loadConfigSchema, walkSchema } from '../../../scripts/generate/config-source.ts';
import { renderSurface } from '../../../scripts/generate/config-surface.ts';
import { environmentTable, flagTable, type EnvironmentRow } from '../../../src/config/environment.ts';
import { operations, protocolNames } from '../../../src/protocols/capabilities.ts';
import { strategies } from '../../../src/routing/strategies/registry.ts';

const root = join(import.meta.dirname, '../../..');
const golden = join(root, 'test/golden/config-surface.txt');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-schema-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of schema/ with a text replaced in one file. */
async function mutate(file: string, from: string, to: string): Promise<string> {
  const copy = await mkdtemp(join(folder, 'copy-'));
  await cp(join(root, 'schema'), copy, { recursive: true });
  const path = join(copy, file);
  const text = await readFile(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
  await writeFile(path, text.replaceAll(from, to));
  return copy;
}

async function listEnums(from?: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const source = await loadConfigSchema(from);
  return new Map(
    [...walkSchema(source)].map(({ pointer, schema }) => [pointer, (schema.enum ?? []).map(String)]),
  );
}

/** What the schema offers and the code does not know, or the other way round. */
async function compareWithCode(from?: string): Promise<string[]> {
  const enums = await listEnums(from);
  const { notYet } = await loadConfigSchema(from);
  const later = new Set(notYet.find(({ at }) => at === '/combos/*/strategy')?.values ?? []);
  const built = (enums.get('/combos/*/strategy') ?? []).filter((name) => !later.has(name));
  const pairs: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['protocols', enums.get('/providers/*/protocols/*/name') ?? [], protocolNames],
    ['operations', enums.get('/models/*/operations/*') ?? [], operations],
    ['strategies', built, strategies.map(({ name }) => name)],
  ];
  const pointers = [
    ...Object.values<EnvironmentRow>(environmentTable).flatMap(({ pointer }) => pointer ?? []),
    ...Object.values(flagTable).map(({ pointer }) => pointer),
  ];
  return [
    ...pairs
      .filter(([, schema, code]) => schema.toSorted().join() !== code.toSorted().join())
      .map(([what]) => `${what} differ`),
    ...pointers.filter((pointer) => !enums.has(pointer)).map((pointer) => `no key ${pointer}`),
  ];
}

describe('the language', () => {
  test('is what the golden says', async () => {
    const surface = renderSurface(await loadConfigSchema());
    if (process.env['UPDATE_GOLDEN']) await writeFile(golden, surface);
    expect(surface).toBe(await readFile(golden, 'utf8'));
  });

  test('agrees with the closed sets of the code', async () => {
    expect(await compareWithCode()).toEqual([]);
  });

  test('is generated', async () => {
    for (const [path, text] of await generate())
      expect(await readFile(join(root, path), 'utf8'), path).toBe(text);
  });
});

describe('a mutated schema is caught', () => {
  test.each([
    ['server.schema.json', '"listen"', '"listenOn"'],
    ['combo.schema.json', '"round-robin"', '"roundrobin"'],
    ['definitions.schema.json', '"ollama"', '"olama"'],
    ['resilience.schema.json', '"default": "120s"', '"default": "90s"'],
  ])('%s: %s → %s', async (file, from, to) => {
    const copy = await mutate(file, from, to);
    expect(renderSurface(await loadConfigSchema(copy))).not.toBe(await readFile(golden, 'utf8'));
    const files = await generate(copy);
    const types = files.get('src/config/generated/types.ts');
    const layout = files.get('src/config/generated/layout.ts');
    const current = await readFile(join(root, 'src/config/generated/types.ts'), 'utf8');
    expect(
      types !== current || layout !== (await readFile(join(root, 'src/config/generated/layout.ts'), 'utf8')),
    ).toBe(true);
  });

  test.each([
    ['server.schema.json', '"listen"', '"listenOn"', ['no key /server/listen']],
    ['definitions.schema.json', '"ollama"', '"olama"', ['protocols differ']],
    ['definitions.schema.json', '"embeddings"', '"embedding"', ['operations differ']],
    ['combo.schema.json', '"weighted"', '"by-weight"', ['strategies differ']],
    ['storage.schema.json', '"dir"', '"directory"', ['no key /storage/dir']],
  ])('by the closed sets: %s: %s → %s', async (file, from, to, faults) => {
    expect(await compareWithCode(await mutate(file, from, to))).toEqual(expect.arrayContaining(faults));
  });

  test('by the compiler, wherever the code reads the key', { timeout: 120_000 }, async () => {
    const work = join(folder, 'work');
    await cp(join(root, 'src'), join(work, 'src'), { recursive: true });
    await cp(join(root, 'tsconfig.json'), join(work, 'tsconfig.json'));
    await cp(join(root, 'package.json'), join(work, 'package.json'));
    await symlink(join(root, 'node_modules'), join(work, 'node_modules'));
    const path = join(work, 'src/config/generated/types.ts');
    const before = await compile(work);
    for (const [file, from, to, name] of [
      ['combo.schema.json', '"targets"', '"places"', 'targets'],
      ['key.schema.json', '"digest"', '"hash"', 'digest'],
      ['resilience.schema.json', '"commitAfter"', '"commit"', 'commitAfter'],
    ] as const) {
      const copy = await mutate(file, from, to);
      await writeFile(path, (await generate(copy)).get('src/config/generated/types.ts') ?? '');
      const errors = (await compile(work)).filter((line) => !before.includes(line));
      expect(errors.join('\n'), `${file} ${from}`).toContain(`'${name}'`);
    }
  });

  test.each([
    [
      'server.schema.json',
      '"description": "Deepest nesting of a JSON body."',
      '"title": "x"',
      '/server/maxDepth has no description',
    ],
    [
      'server.schema.json',
      '"default": 128,',
      '',
      '/server/maxDepth must be exactly one of: required, default, x-absent',
    ],
    [
      'auth.schema.json',
      '"additionalProperties": false,',
      '',
      '/auth says nothing about additionalProperties',
    ],
    [
      'not-yet.json',
      '"/server/tls"',
      '"/server/tsl"',
      'not-yet.json names /server/tsl, which does not exist',
    ],
    [
      'server.schema.json',
      '"x-expected": "host:port, such as 127.0.0.1:20128",',
      '',
      '/server/listen has a pattern but no x-expected',
    ],
  ])('by the rules of the schema: %s without %s', async (file, from, to, message) => {
    await expect(loadConfigSchema(await mutate(file, from, to))).rejects.toThrow(message);
  });
});

async function compile(work: string): Promise<string[]> {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const run = promisify(execFile)(tsc, ['--noEmit', '--pretty', 'false'], { cwd: work });
  const { stdout } = await run.catch((error: unknown) => error as { stdout: string });
  return stdout.split('\n').filter((line) => line.startsWith('src/'));
}
