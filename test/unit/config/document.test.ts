import { describe, expect, test } from 'vitest';
import { loadText, places, summarize } from '../../support/config-files.ts';

const head = 'version: 1\n';

describe('YAML that is not what it seems', () => {
  test.each([
    ['a tab indents', `${head}server:\n\tlisten: x\n`, ['3:1 yaml/tab']],
    ['a key twice', `${head}aliases:\n  a: openai/x\n  a: openai/y\n`, ['4:3 yaml/duplicate-key']],
    ['a section twice', `${head}aliases: {}\nkeys: []\naliases: {}\n`, ['4:1 yaml/duplicate-key']],
    ['an unknown tag', `${head}aliases: { a: !model openai/x }\n`, ['2:15 yaml/tag']],
    ['a lone exclamation mark', `${head}aliases: { a: ! openai/x }\n`, ['2:17 yaml/tag']],
    ['a binary tag', `${head}aliases: { a: !!binary aGk= }\n`, ['2:24 yaml/tag']],
    ['an alias without anchor', `${head}aliases: { a: *nowhere }\n`, ['2:15 yaml/alias']],
    ['an anchor used before it is set', `${head}aliases: { a: *x, b: &x openai/x }\n`, ['2:15 yaml/alias']],
    ['an anchor that holds itself', `${head}keys: &k [*k]\n`, ['2:11 yaml/alias']],
    ['a merge of a literal map', `${head}server:\n  <<: { listen: "127.0.0.1:1" }\n`, ['3:3 yaml/merge']],
    ['a merge of a list', `${head}include: &i []\nserver:\n  <<: *i\n`, ['4:3 yaml/merge']],
    ['an empty key', `${head}aliases:\n  : openai/x\n`, ['3:3 yaml/key']],
    ['a list as key', `${head}aliases:\n  ? [a]\n  : openai/x\n`, ['3:5 yaml/key']],
    ['two documents', `${head}---\nversion: 1\n`, ['2:1 yaml/several-documents']],
    ['another YAML version', `%YAML 1.1\n---\n${head}`, ['1:1 yaml/directive']],
    [
      'a number beyond exactness',
      `${head}defaults: { comboDepth: 9007199254740993 }\n`,
      ['2:25 yaml/number'],
    ],
    ['infinity', `${head}defaults: { comboDepth: .inf }\n`, ['2:25 yaml/number']],
    ['an unclosed quote', `${head}aliases: { a: "openai/x }\n`, ['2:15 yaml/quote']],
    ['an unknown escape', `${head}aliases: { a: "openai\\/\\q" }\n`, ['2:24 yaml/quote']],
    ['an unclosed bracket', `${head}include: [a.yaml\nserver: {}\n`, ['3:1 yaml/syntax']],
    [
      'a line that does not line up',
      `${head}server:\n    basePath: /\n  listen: x\n`,
      ['4:3 yaml/indentation'],
    ],
    ['a value that begins with @', `${head}aliases: { a: @x }\n`, ['2:15 yaml/syntax']],
    ['a colon inside a plain value', `${head}defaults: onLoss: warn\n`, ['2:11 yaml/syntax']],
    ['a list instead of a map', '- version: 1\n', ['1:1 document/not-a-map']],
    ['a text instead of a map', 'just words\n', ['1:1 document/not-a-map']],
  ])('%s', async (_, text, expected) => {
    const result = await loadText(text);
    expect(places(result)).toEqual(expected);
    expect(result.config).toBeUndefined();
  });

  test('YAML 1.2 may be declared, and words of YAML 1.1 are words', async () => {
    const result = await loadText(
      '%YAML 1.2\n---\nversion: 1\naliases: { on: openai/x, no: openai/y, 1.10: openai/z }\n',
    );
    expect(result.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(Object.keys(result.config?.aliases ?? {})).toEqual(['on', 'no', '1.10']);
  });

  test('nesting and aliases are bounded before anything is built', async () => {
    const bomb = [
      'version: 1',
      'aliases:',
      '  a: &a0 [x, x, x, x, x, x, x, x, x]',
      ...Array.from(
        { length: 12 },
        (_, level) =>
          `  a${level}: &a${level + 1} [${Array.from({ length: 9 }, () => `*a${level}`).join(', ')}]`,
      ),
    ].join('\n');
    const merges = [
      'version: 1',
      'providers:',
      `  base: &base { ${Array.from({ length: 500 }, (_, index) => `k${index}: 1`).join(', ')} }`,
      ...Array.from({ length: 1000 }, (_, index) => `  p${index}: { <<: *base }`),
    ].join('\n');
    for (const [text, code] of [
      [bomb, 'yaml/too-many-values'],
      [merges, 'yaml/too-many-values'],
      [`version: ${'['.repeat(100_000)}`, 'yaml/too-deep'],
      [`version: ${'{a: '.repeat(5000)}`, 'yaml/too-deep'],
      [`${'- '.repeat(5000)}x`, 'yaml/too-deep'],
      [`version: 1\naliases: ${'['.repeat(66)}${']'.repeat(66)}`, 'yaml/too-deep'],
      [`version: 1\nkeys: [${'1,'.repeat(300_000)}]`, 'yaml/too-many-values'],
      [`version: 1\nkeys: [${'1,'.repeat(50_000)}]`, 'schema/type'],
      [`version: 1\nkeys: [${'.inf,'.repeat(50_000)}]`, 'yaml/number'],
    ] as const) {
      const before = performance.now();
      const result = await loadText(text);
      expect(summarize(result).map((line) => line.split(' ')[1])).toContain(code);
      expect(performance.now() - before).toBeLessThan(5000);
      expect(result.config).toBeUndefined();
    }
  });
});

describe('anchors and merges', () => {
  test('own keys win, earlier merges win over later ones', async () => {
    const result = await loadText(`${head}resilience:
  profiles:
    a: &a { retries: 1, idleTimeout: 1s }
    b: &b { retries: 2, totalTimeout: 20m }
    c: { <<: [*b, *a], totalTimeout: 30m }
`);
    expect(result.diagnostics).toEqual([]);
    expect(result.config?.resilience.profiles['c']).toMatchObject({
      retries: 2,
      idleTimeout: '1s',
      totalTimeout: '30m',
    });
  });

  test('a fault inside an anchor is told once, where its text stands', async () => {
    const result = await loadText(`${head}resilience:
  profiles:
    a: &a { retries: -1 }
    b: *a
    c: { <<: *a }
`);
    expect(places(result)).toEqual(['4:22 schema/range']);
  });

  test('a key is found where it was written, an aliased value where it is used', async () => {
    const { locate } = await loadText(`${head}resilience:
  profiles:
    a: &a { retries: 1 }
    b: *a
    c: { <<: *a, idleTimeout: 1s }
`);
    expect(locate('/resilience/profiles/b')).toMatchObject({ line: 5, column: 8 });
    expect(locate('/resilience/profiles/b/retries')).toMatchObject({ line: 4, column: 22 });
    expect(locate('/resilience/profiles/c/retries', 'key')).toMatchObject({ line: 4, column: 13 });
    expect(locate('/resilience/profiles/c/idleTimeout')).toMatchObject({ line: 6, column: 31 });
  });
});

describe('several files', () => {
  const include = `${head}include: [a.yaml, b.yaml]\n`;

  test('maps unite, lists join in reading order, everything keeps its place', async () => {
    const digest = (sign: string): string => `sha256:${sign.repeat(64)}`;
    const result = await loadText(`${include}keys:\n  - { id: main, digest: "${digest('c')}" }\n`, {
      'b.yaml': `keys: [{ id: b, digest: "${digest('b')}" }]\naliases: { b: openai/x }\n`,
      'a.yaml': `aliases:\n  a: openai/x\nkeys: [{ id: a, digest: "${digest('a')}" }]\n`,
    });
    expect(result.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(result.config?.keys.map(({ id }) => id)).toEqual(['a', 'b', 'main']);
    expect(result.locate('/aliases/a')).toMatchObject({ file: 'a.yaml', line: 2, column: 6 });
    expect(result.locate('/keys/1/id')).toMatchObject({ file: 'b.yaml', line: 1 });
    expect(result.locate('/keys/id:main/digest')).toMatchObject({ file: 'omniroute.config.yaml', line: 4 });
    expect(result.locate('/keys/id:nobody')).toBeUndefined();
  });

  test('a name in two files is an error at the second, with the first', async () => {
    const result = await loadText(include, {
      'a.yaml': 'aliases: { x: openai/a }',
      'b.yaml': 'aliases: { x: openai/b }',
    });
    expect(summarize(result)).toEqual(['b.yaml:1:12 document/duplicate-name']);
    expect(result.diagnostics[0]?.related?.[0]?.at).toMatchObject({ file: 'a.yaml', column: 12 });
  });

  test('a section that exists once cannot stand in two files', async () => {
    const result = await loadText(`${include}server: {}\n`, { 'a.yaml': 'server: {}', 'b.yaml': '{}' });
    expect(summarize(result)).toEqual(['omniroute.config.yaml:3:1 document/duplicate-section']);
  });

  test('a section of the wrong type is told where it stands, whichever file comes first', async () => {
    const wrong = { 'a.yaml': 'aliases: []', 'b.yaml': 'aliases: { x: openai/x }' };
    expect(summarize(await loadText(include, wrong))).toEqual(['a.yaml:1:1 schema/type']);
    const other = { 'a.yaml': 'aliases: { x: openai/x }', 'b.yaml': 'aliases: []' };
    expect(summarize(await loadText(include, other))).toEqual(['b.yaml:1:1 schema/type']);
  });

  test('an included file may say its version, and it must be ours', async () => {
    expect(summarize(await loadText(include, { 'a.yaml': 'version: 1', 'b.yaml': '{}' }))).toEqual([]);
    expect(summarize(await loadText(include, { 'a.yaml': 'version: 2', 'b.yaml': '{}' }))).toEqual([
      'a.yaml:1:10 schema/version',
    ]);
    const other = { 'a.yaml': 'version: 1', 'b.yaml': '{}' };
    expect(summarize(await loadText('include: [a.yaml, b.yaml]\n', other))).toEqual([
      'omniroute.config.yaml:1:1 schema/missing-key',
    ]);
  });

  test('a broken file hides nothing of the others and invents nothing', async () => {
    const result = await loadText(`${include}combos: { c: { targets: [from-a] } }\nnonsense: 1\n`, {
      'a.yaml': 'aliases: { from-a: "openai/x }',
      'b.yaml': 'aliases:\n  x: 5\n',
    });
    expect(summarize(result)).toEqual([
      'a.yaml:1:20 yaml/quote',
      'b.yaml:2:6 schema/type',
      'omniroute.config.yaml:4:1 schema/unknown-key',
    ]);
  });
});

describe('names that JavaScript knows', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', '__defineGetter__'])(
    '%s is a name like any other',
    async (name) => {
      const digest = `sha256:${'a'.repeat(64)}`;
      const result = await loadText(`${head}providers:
  ${name}: { protocols: [{ name: openai-chat, baseUrl: "http://127.0.0.1:1/v1" }], auth: none, models: [m], headers: { ${name}: x } }
models:
  ${name}/m: { context: 10 }
aliases:
  ${name}-alias: ${name}/m
combos:
  ${name}: { targets: [${name}/m] }
keys:
  - { id: ${name}, digest: "${digest}", tags: { ${name}: x } }
resilience:
  profiles: { ${name}: { retries: 2 } }
`);
      expect(result.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      const config = result.config;
      expect(Object.keys(config?.providers ?? {})).toEqual([name]);
      expect(Object.getOwnPropertyDescriptor(config?.providers ?? {}, name)?.value).toMatchObject({
        auth: 'none',
      });
      expect(Object.hasOwn(config?.combos ?? {}, name)).toBe(true);
      expect(Object.hasOwn(config?.keys[0]?.tags ?? {}, name)).toBe(true);
      expect(Object.getOwnPropertyDescriptor(config?.resilience.profiles ?? {}, name)?.value).toMatchObject({
        retries: 2,
        idleTimeout: '120s',
      });
      expect(Object.getPrototypeOf(config?.providers)).toBeNull();
      expect(({} as Record<string, unknown>)['auth']).toBeUndefined();
      expect(result.locate(`/providers/${name}/auth`)).toMatchObject({ line: 3 });
    },
  );

  test.each(['__proto__', 'constructor'])('%s as an unknown key is refused cleanly', async (name) => {
    expect(places(await loadText(`${head}${name}: { x: 1 }\nserver: { ${name}: 1 }\n`))).toEqual([
      '2:1 schema/unknown-key',
      '3:11 schema/unknown-key',
    ]);
  });
});
