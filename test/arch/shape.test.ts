// What a tree of files must look like (architecture §2 and §8): depth, length, names, and no way around the types.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isGenerated, listFiles, parseSource, readSources, root } from './source.ts';
import type { Source } from './source.ts';

const folders = ['src', 'scripts', 'bench', 'test'] as const;
const paths = folders
  .flatMap((folder) => listFiles(folder, /\.(ts|js|vue)$/))
  .filter((path) => !isGenerated(path));
/** Past this a file holds more than one stage. Tests are lists of cases and may be longer. */
const maxLines = 350;

test('src is never deeper than three folders', () => {
  const deep = listFiles('src', /./).filter(
    (path) => path.split('/').length > 'src/a/b/c/file'.split('/').length,
  );
  expect(deep).toEqual([]);
});

test(`no file is longer than ${maxLines} lines`, () => {
  const long = paths
    .filter((path) => !path.startsWith('test/'))
    .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  expect(long).toEqual([]);
});

describe('names', () => {
  test('are kebab-case and say what is inside', () => {
    expect(paths.flatMap(findNameFaults)).toEqual([]);
  });

  test('the checker finds bad ones', () => {
    expect(findNameFaults('src/lib/jsonScan.ts')).toEqual([
      'src/lib/jsonScan.ts: jsonScan.ts is not kebab-case',
    ]);
    expect(findNameFaults('src/Lib/x.ts')).toEqual(['src/Lib/x.ts: Lib is not kebab-case']);
    expect(findNameFaults('src/gateway/string-utils.ts')).toHaveLength(1);
    expect(findNameFaults('src/common/x.ts')).toHaveLength(1);
    expect(findNameFaults('test/arch/shape.test.ts')).toEqual([]);
  });
});

describe('types', () => {
  test('are never gone around', () => {
    expect(readSources('src', 'scripts', 'bench').flatMap(findTypeFaults)).toEqual([]);
  });

  test.each([
    ['any', 'export const a = (b: any) => b;'],
    ['a cast by way of unknown', 'export const a = b as unknown as string;'],
    ['a silenced error', '// @ts-expect-error because\nexport const a = 1;'],
    ['an unchecked file', '// @ts-nocheck\nexport const a = 1;'],
    ['a silenced lint rule without a reason', '// oxlint-disable-next-line no-eval\nexport const a = 1;'],
  ])('the checker finds %s', (_, text) => {
    expect(findTypeFaults(parseSource('src/x.ts', text))).toHaveLength(1);
  });

  test('the checker lets the words stand in text', () => {
    const text = `// any of them, as unknown as they are\nexport const a = 'as unknown as any'; // any`;
    expect(findTypeFaults(parseSource('src/x.ts', text))).toEqual([]);
  });
});

function findNameFaults(path: string): readonly string[] {
  return path.split('/').flatMap((segment) => {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|fixture|config|d))?(\.(ts|js|vue))?$/.test(segment)) {
      return [`${path}: ${segment} is not kebab-case`];
    }
    return /(^|-)(utils?|helpers?|common|misc)(-|\.|$)/.test(segment)
      ? [`${path}: ${segment} says nothing`]
      : [];
  });
}

function findTypeFaults(source: Source): readonly string[] {
  const faults = source.nodes.flatMap(({ node, parents }) => {
    const line = `${source.path}:${source.lineOf(node)}`;
    if (node.type === 'TSAnyKeyword') return [`${line}: any`];
    const cast = parents.at(-1);
    const doubled =
      node.type === 'TSUnknownKeyword' &&
      cast?.type === 'TSAsExpression' &&
      parents.at(-2)?.type === 'TSAsExpression';
    return doubled && cast['typeAnnotation'] === node ? [`${line}: as unknown as`] : [];
  });
  const silenced = source.text.split('\n').flatMap((line, index) => {
    if (/\/[/*]\s*@ts-(ignore|expect-error|nocheck)/.test(line))
      return [`${source.path}:${index + 1}: ${line.trim()}`];
    // `-- reason` at the end is the linters' own way to give one.
    const bare = /\/[/*]\s*(oxlint|eslint)-disable/.test(line) && !/ -- \S/.test(line);
    return bare ? [`${source.path}:${index + 1}: ${line.trim()}`] : [];
  });
  return [...faults, ...silenced];
}
