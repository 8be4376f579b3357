// Arrows point down only (architecture §7), each package has one owner, and what runs in a browser knows no Node.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importTable, nodeExceptions, packageOwners } from './import-table.ts';
import { findImportFaults, findNodeReach } from './imports.ts';
import { parseSource, readSources, root } from './source.ts';

const sources = readSources('src');

test('src keeps to the import table', () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(findImportFaults(sources)).toEqual([]);
});

test('routing loads in a browser, with all that it imports', () => {
  expect(findNodeReach('routing', sources)).toEqual([]);
  const reaching = [
    parseSource('src/routing/a.ts', `import { b } from '../lib/b.ts'; import type { C } from '../lib/c.ts';`),
    parseSource('src/lib/b.ts', `export * from './d.ts';`),
    parseSource('src/lib/c.ts', `import 'node:net';`),
    parseSource('src/lib/d.ts', `import 'node:fs'; export const d = Buffer.alloc(1);`),
  ];
  expect(findNodeReach('routing', reaching)).toEqual(['src/lib/d.ts:1: node:fs', 'src/lib/d.ts:1: Buffer']);
});

test('every dependency has an owner that uses it, and every owner row is a dependency', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
  expect(Object.keys(packageOwners).toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
});

test('the packages that this project is bound to are its dependencies, and nothing stands in for them', () => {
  const bound = ['yaml', 'ajv', 'chokidar', 'h3', 'listhen', 'better-sqlite3', 'cosmiconfig'];
  expect(bound.filter((name) => !(name in packageOwners))).toEqual([]);
  // Node's own SQLite would be a second driver beside the one that is given.
  expect(sources.filter(({ text }) => text.includes("'node:sqlite'")).map(({ path }) => path)).toEqual([]);
});

test('every exception is still needed', () => {
  for (const [path, { uses }] of Object.entries(nodeExceptions)) {
    const source = sources.find((each) => each.path === `src/${path}`);
    expect(source, path).toBeDefined();
    for (const use of uses) expect(source?.text, path).toContain(use);
  }
});

describe('the checker finds', () => {
  const cases: readonly (readonly [what: string, path: string, text: string, fault: string])[] = [
    [
      'an arrow that points up',
      'src/config/x.ts',
      `import { decide } from '../routing/decide.ts';`,
      'config may not import routing/decide.ts',
    ],
    [
      'a type that points up',
      'src/ir/x.ts',
      `import type { A } from '../routing/facts.ts';`,
      'ir may not import types of routing/facts.ts',
    ],
    [
      'an inline import type',
      'src/ir/x.ts',
      `type A = import('../routing/facts.ts').Facts;`,
      'ir may not import types of routing/facts.ts',
    ],
    [
      'a sibling protocol',
      'src/protocols/gemini/x.ts',
      `export * from '../ollama/wire.ts';`,
      'protocols/gemini may not import protocols/ollama/wire.ts',
    ],
    [
      'a value where only types are allowed',
      'src/upstream/x.ts',
      `import { compile } from '../routing/compile.ts';`,
      'upstream may not import routing/compile.ts',
    ],
    [
      'a dynamic import',
      'src/gateway/x.ts',
      `await import('../config/load.ts');`,
      'gateway may not import config/load.ts',
    ],
    [
      'a re-export',
      'src/gateway/x.ts',
      `export { load } from '../config/load.ts';`,
      'gateway may not import config/load.ts',
    ],
    ['a computed import', 'src/server/x.ts', `await import(name);`, 'import() of a computed name'],
    [
      'a way out of src',
      'src/lib/x.ts',
      `import '../../test/setup/canary.ts';`,
      '../../test/setup/canary.ts lies outside src/',
    ],
    [
      'a package away from home',
      'src/gateway/x.ts',
      `import { Pool } from 'undici';`,
      'undici belongs to upstream',
    ],
    ['a deep path of a package', 'src/control/x.ts', `import x from 'yaml/util';`, 'yaml belongs to config'],
    [
      'a package without owner',
      'src/lib/x.ts',
      `import _ from 'lodash';`,
      'the package lodash has no owner folder',
    ],
    [
      'Node in a browser folder',
      'src/routing/x.ts',
      `import { join } from 'node:path';`,
      'node:path in a folder that also runs in a browser',
    ],
    [
      'a Node global in a browser folder',
      'src/ir/x.ts',
      `export const a = Buffer.from('a');`,
      'Buffer in a folder that also runs in a browser',
    ],
    ['a folder outside the table', 'src/misc/x.ts', ``, 'no row of the import table covers this file'],
  ];

  test.each(cases)('%s', (_, path, text, fault) => {
    const found = findImportFaults([parseSource(path, text)]);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(fault);
  });

  test('nothing in what the table allows', () => {
    const allowed = [
      parseSource(
        'src/upstream/x.ts',
        `import type { Provider } from '../routing/snapshot.ts'; import { Pool } from 'undici';`,
      ),
      parseSource(
        'src/routing/x.ts',
        `import { a } from '../lib/clock.ts'; export const b = { Buffer: a.process };`,
      ),
      parseSource('src/protocols/gemini/x.ts', `import { p } from '../protocol.ts'; import './wire.ts';`),
    ];
    expect(findImportFaults(allowed)).toEqual([]);
  });
});

test('every row of the table names a folder or file below src', () => {
  for (const key of Object.keys(importTable)) expect(key).toMatch(/^[a-z-]+(\/[a-z-]+)?(\.ts)?$/);
});
