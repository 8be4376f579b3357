import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  findConfig,
  fingerprintSources,
  nodeFileSystem,
  readConfigFile,
} from '../../../src/config/source.ts';
import { createMemoryFiles, loadText, places, summarize } from '../../support/config-files.ts';

const main = (include: string): string => `version: 1\ninclude: ${include}\n`;

describe('reading', () => {
  test('a byte order mark and CRLF change neither meaning nor places', async () => {
    const result = await loadText('\uFEFFversion: 1\r\nprovders: {}\r\nserver:\r\n  listen: x\r\n');
    expect(places(result)).toEqual(['2:1 schema/unknown-key', '4:11 schema/spelling']);
  });

  test('a fault on the first line of a file with a mark is placed without it', async () => {
    expect(places(await loadText('\uFEFFversoin: 1\n'))).toContain('1:1 schema/unknown-key');
  });

  test.each([
    ['', '1:1 source/empty'],
    ['  \n\t\n', '1:1 source/empty'],
    ['# only a comment\n', '1:1 source/empty'],
    ['---\n', '1:1 source/empty'],
    ['\uFEFF', '1:1 source/empty'],
  ])('%j is empty and never valid', async (text, place) => {
    const result = await loadText(text);
    expect(result.config).toBeUndefined();
    expect(places(result)).toEqual([place]);
  });

  test('bytes that are not UTF-8 are placed', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('version: 1\nname: é'), 0xff, 0x0a]);
    expect(places(await loadText(bytes))).toEqual(['2:8 source/encoding']);
  });

  test('UTF-16 is recognised', async () => {
    const text = 'version: 1\n';
    const bytes = new Uint8Array([0xff, 0xfe, ...[...text].flatMap((sign) => [sign.charCodeAt(0), 0])]);
    const result = await loadText(bytes);
    expect(places(result)).toEqual(['1:1 source/encoding']);
    expect(result.diagnostics[0]?.message).toContain('UTF-16');
  });

  test('a file that cannot be read, is missing, is a folder or is too large says so', async () => {
    expect(summarize(await loadText('!EACCES'))).toEqual(['source/unreadable']);
    expect(summarize(await loadText('!EISDIR'))).toEqual(['source/unreadable']);
    expect(summarize(await loadText('!ENOENT'))).toEqual(['source/not-found']);
    expect(places(await loadText(new Uint8Array(4 * 1024 ** 2 + 1)))).toEqual(['1:1 source/too-large']);
  });

  test.each(['pipe', 'device'])('a %s is not waited for', async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), 'omniroute-source-'));
    try {
      const path = join(folder, 'a.yaml');
      if (kind === 'pipe') execFileSync('mkfifo', [path]);
      else await symlink('/dev/zero', path);
      const result = await readConfigFile(path, 'a.yaml', nodeFileSystem);
      expect(result).toMatchObject({ ok: false, fault: { code: 'source/unreadable' } });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('control characters are refused where they stand', async () => {
    expect(places(await loadText('version: 1\nserver: {} # \u0007\n'))).toEqual([
      '2:14 source/control-character',
    ]);
  });
});

describe('include', () => {
  test('reads in code-point order before the main file', async () => {
    const result = await loadText(`${main('[config.d/*.yaml]')}keys: []\n`, {
      'config.d/b.yaml': 'aliases: { b: openai/x }\n',
      'config.d/Z.yaml': 'aliases: { z: openai/x }\n',
      'config.d/a.yaml': 'aliases: { a: openai/x }\n',
      'config.d/.#a.yaml': 'nonsense: [',
      'config.d/a.yaml~': 'nonsense: [',
    });
    expect(result.sources.map(({ name }) => name)).toEqual([
      'config.d/Z.yaml',
      'config.d/a.yaml',
      'config.d/b.yaml',
      'omniroute.config.yaml',
    ]);
    expect(Object.keys(result.config?.aliases ?? {})).toEqual(['z', 'a', 'b']);
  });

  test('finds files by literal path, single and double star, each once', async () => {
    const result = await loadText(main('[teams/**/*.yaml, teams/a/x.yaml, "?.yml"]'), {
      'teams/top.yaml': '{}',
      'teams/a/x.yaml': '{}',
      'teams/a/deep/y.yaml': '{}',
      'q.yml': '{}',
    });
    expect(result.diagnostics).toEqual([]);
    expect(result.sources.map(({ name }) => name)).toEqual([
      'q.yml',
      'teams/a/deep/y.yaml',
      'teams/a/x.yaml',
      'teams/top.yaml',
      'omniroute.config.yaml',
    ]);
  });

  test('the main file never includes itself', async () => {
    const result = await loadText(main('["*.yaml"]'), { 'a.yaml': '{}' });
    expect(result.sources.map(({ name }) => name)).toEqual(['a.yaml', 'omniroute.config.yaml']);
  });

  test('the watch list names files and the folders of patterns', async () => {
    const text = `${main('[config.d/*.yaml]')}providers: { openai: { connections: [{ id: a, apiKey: "\${file:keys/a}" }, { id: b, apiKey: "\${file:/run/b}" }] } }\n`;
    const result = await loadText(text, { 'config.d/a.yaml': '{}' });
    expect(result.watch).toEqual({
      files: ['/etc/omni/omniroute.config.yaml', '/etc/omni/config.d/a.yaml', '/etc/omni/keys/a', '/run/b'],
      directories: ['/etc/omni/config.d'],
    });
  });

  test('a pattern without a match is a warning at the pattern', async () => {
    const result = await loadText(main('[nothing/*.yaml]'));
    expect(places(result)).toEqual(['2:11 source/include-unmatched']);
    expect(result.config).toBeDefined();
  });

  test.each([
    ['[missing.yaml]', {}, ['omniroute.config.yaml:2:11 source/not-found']],
    ['[../x.yaml]', {}, ['omniroute.config.yaml:2:11 schema/spelling']],
    ['[/etc/x.yaml]', {}, ['omniroute.config.yaml:2:11 schema/spelling']],
    [
      '["${env:X}.yaml"]',
      {},
      [
        'omniroute.config.yaml:2:11 reference/misplaced',
        'omniroute.config.yaml:2:11 reference/unset-variable',
      ],
    ],
    [
      '[a.yaml]',
      { 'a.yaml': '-> /outside/a.yaml', '../../outside/a.yaml': '{}' },
      ['omniroute.config.yaml:2:11 source/include-outside'],
    ],
    ['[a.yaml]', { 'a.yaml': '!EACCES' }, ['omniroute.config.yaml:2:11 source/unreadable']],
    ['[a.yaml]', { 'a.yaml': '' }, ['a.yaml:1:1 source/empty']],
    ['[a.yaml]', { 'a.yaml': 'include: [b.yaml]' }, ['a.yaml:1:1 source/include-nested']],
    ['[a.yaml]', { 'a.yaml': '- x' }, ['a.yaml:1:1 document/not-a-map']],
  ])('%s with %j', async (include, others, expected) => {
    const result = await loadText(main(include), others as Record<string, string>);
    expect(summarize(result)).toEqual(expected);
    expect(result.config).toBeUndefined();
  });

  test('too many files, and too much of them, are refused', async () => {
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`d/${index}.yaml`, '{}']));
    const result = await loadText(main('["d/*.yaml"]'), many);
    expect(places(result)).toEqual(['2:11 source/include-limit']);
    const comment = `# ${'x'.repeat(4 * 1024 ** 2 - 10)}\n{}\n`;
    const large = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`d/${index}.yaml`, comment]));
    expect(places(await loadText(main('["d/*.yaml"]'), large))).toEqual(['2:11 source/too-large']);
  });

  test('what is left over of very many faults is counted', async () => {
    const result = await loadText(
      `version: 1\n${Array.from({ length: 700 }, (_, index) => `key${index}: 1`).join('\n')}\n`,
    );
    expect(result.diagnostics).toHaveLength(501);
    expect(result.diagnostics.at(-1)).toMatchObject({
      code: 'source/too-many-faults',
      severity: 'error',
      message: '200 more faults',
    });
  });

  test('a link that stays below the folder is fine, as Kubernetes mounts them', async () => {
    const result = await loadText(main('[config.d/*.yaml]'), {
      'config.d/..2026/a.yaml': 'aliases: { a: openai/x }',
      'config.d/..data': '-> /etc/omni/config.d/..2026',
      'config.d/a.yaml': '-> /etc/omni/config.d/..data/a.yaml',
    });
    expect(result.diagnostics).toEqual([]);
    expect(result.config?.aliases).toHaveProperty('a');
  });
});

describe('on a real disk', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'omniroute-source-'));
    await mkdir(join(folder, 'inner/deep'), { recursive: true });
    await writeFile(join(folder, 'inner/omniroute.config.yaml'), 'version: 1\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('a configuration is found in the folder and in parents', async () => {
    const path = join(folder, 'inner/omniroute.config.yaml');
    expect(await findConfig(join(folder, 'inner'))).toBe(path);
    expect(await findConfig(join(folder, 'inner/deep'))).toBe(path);
  });

  test('a fingerprint follows contents and tells missing from empty', async () => {
    const path = join(folder, 'watched');
    const missing = await fingerprintSources([path]);
    await writeFile(path, '');
    const empty = await fingerprintSources([path]);
    await writeFile(path, 'x');
    const full = await fingerprintSources([path]);
    expect(new Set([missing, empty, full]).size).toBe(3);
    expect(await fingerprintSources([path], nodeFileSystem)).toBe(full);
  });
});

test('a fingerprint does not depend on the order of paths, and sees which file holds what', async () => {
  const one = createMemoryFiles({ '/a': 'x', '/b': 'y' });
  const other = createMemoryFiles({ '/a': 'y', '/b': 'x' });
  expect(await fingerprintSources(['/a', '/b'], one)).toBe(await fingerprintSources(['/b', '/a'], one));
  expect(await fingerprintSources(['/a', '/b'], one)).not.toBe(await fingerprintSources(['/a', '/b'], other));
});
