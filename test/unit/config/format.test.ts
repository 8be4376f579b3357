// The formatter: canonical layout by example, and laws on every YAML file of the repository and on random ones.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document, Lexer, parse, visit } from 'yaml';
import { formatConfig } from '../../../src/config/format.ts';

const runs = Number(process.env['FC_RUNS'] ?? 300);
const root = join(import.meta.dirname, '../../..');

describe('layout', () => {
  it.each([
    [
      'two blanks, lists indented below their key',
      'a:\n    b:\n    - c\n    -   d\n',
      'a:\n  b:\n    - c\n    - d\n',
    ],
    [
      'one blank inside braces, none inside brackets',
      'a: {b: [ 1,2 ]}\nc: [ {d: 1} ]\n',
      'a: { b: [1, 2] }\nc: [{ d: 1 }]\n',
    ],
    ['empty collections stay closed', 'a: { }\nb: [ ]\n', 'a: {}\nb: []\n'],
    ['double quotes', "a: 'x'\nb: 'say \"x\"'\nc: plain\n", 'a: "x"\nb: \'say "x"\'\nc: plain\n'],
    ['no blanks before a colon, one behind', 'a :   1\nb:    { c:   2 }\n', 'a: 1\nb: { c: 2 }\n'],
    ['at most one empty line', 'a: 1\n\n\n\nb: 2\n', 'a: 1\n\nb: 2\n'],
    ['one line end at the end, no byte order mark, no CRLF', '\uFEFFa: 1\r\nb: 2\r\n\r\n', 'a: 1\nb: 2\n'],
    [
      'comments of neighbouring lines in one column',
      'a: 1 # one\nbcd: 22     # two\n\ne: 3        # three\n',
      'a: 1     # one\nbcd: 22  # two\n\ne: 3  # three\n',
    ],
    [
      'comments above stay above, those at the end stand apart',
      '# top\n\n# first\na: 1\n# odd\nb: 2\n# end\n',
      '# top\n\n# first\na: 1\n# odd\nb: 2\n\n# end\n',
    ],
    [
      'block texts stay as they are',
      'a: |\n    x # no comment\n      y\nb: >-\n  one\n  two\n',
      'a: |\n  x # no comment\n    y\nb: >-\n  one two\n',
    ],
    [
      'anchors, aliases and merges',
      'a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n',
      'a: &x { b: 1 }\nc: *x\nd: { <<: *x, e: 2 }\n',
    ],
    ['numbers keep their spelling', 'a: 1.50\nb: 0x10\nc: 1e3\n', 'a: 1.50\nb: 0x10\nc: 1e3\n'],
    ['nothing but comments', '# only\n\n\n', '# only\n'],
  ])('%s', (_, before, after) => {
    expect(format(before)).toBe(after);
    expect(format(after)).toBe(after);
  });

  it('makes a block of a line that is longer than 110 columns', () => {
    const entries = Array.from({ length: 9 }, (_, index) => `name${index}: "a value ${index}"`);
    const block = entries.map((entry) => `  ${entry}\n`).join('');
    expect(format(`a: { ${entries.join(', ')} } # why\nb: {}\n`)).toBe(`a:\n  # why\n${block}b: {}\n`);
    expect(format(`a: [{ ${entries.join(', ')} }]\n`)).toBe(`a:\n  - ${entries.join('\n    ')}\n`);
  });
});

it('refuses what does not parse, with the place', () => {
  const result = formatConfig('a: [1\nb: 2\n', 'x.yaml');
  expect(result).toMatchObject({
    ok: false,
    diagnostics: [{ code: 'yaml/syntax', severity: 'error', at: { file: 'x.yaml' } }],
  });
  expect(formatConfig('a: 1\na: 2\n', 'x.yaml').ok).toBe(false);
  expect(formatConfig('a: !x 1\n', 'x.yaml').ok).toBe(false);
});

describe('laws', async () => {
  const folders = [
    '.',
    'examples',
    'src/catalog/providers',
    'test/golden/config-errors',
    'test/golden/config-good',
  ];
  const files: string[] = [];
  for (const folder of folders) {
    const names = await readdir(join(root, folder)).catch(() => []);
    files.push(...names.filter((name) => /\.ya?ml$/.test(name)).map((name) => join(folder, name)));
  }

  it('there are files to hold them against', () => {
    expect(files.length).toBeGreaterThan(150);
  });

  it.each(files)('%s', async (file) => {
    const text = await readFile(join(root, file), 'utf8');
    const result = formatConfig(text, file);
    // Some bad examples are bad YAML: they are refused and stay as they are.
    if (result.ok) holdLaws(text, result.text);
    else expect(file).toContain('config-errors');
  });

  it('comments behind and below the last bracket of a file', () => {
    const text =
      '  # note 5\n{\n a: {},\n x y:\n  {\n\n\n   "1": {},   #  behind 9\n   x y: {}\n # note 5\n  }   #  behind 5\n\n\n}\n';
    holdLaws(text, format(text));
  });

  it('random files with comments anywhere', () => {
    let reformatted = 0;
    fc.assert(
      fc.property(randomYaml, (text) => {
        const result = formatConfig(text, 'random.yaml');
        if (!result.ok) return;
        holdLaws(text, result.text);
        reformatted += result.text === text ? 0 : 1;
      }),
      { numRuns: runs },
    );
    expect(reformatted).toBeGreaterThan(runs / 2);
  }, 600_000);
});

function holdLaws(before: string, after: string): void {
  expect(format(after)).toBe(after);
  expect(parse(after, { merge: true, maxAliasCount: -1 })).toEqual(
    parse(before, { merge: true, maxAliasCount: -1 }),
  );
  expect(listComments(after)).toEqual(listComments(before));
}

const name = fc.constantFrom('a', 'openai', 'max-tokens', 'x y', '1', 'true', '*/claude-*', '__proto__z');
const scalar = fc.oneof(
  fc.constantFrom(
    'plain',
    'with # sign',
    'two\nlines',
    ' lead',
    "it's",
    'say "x"',
    'key: value',
    '!x',
    '- no',
    '${env:X}',
    'ünï',
    '',
  ),
  fc.integer({ min: -5, max: 99_999 }),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(name, tie('tree'), { maxKeys: 4 }),
  ),
}));

/** A map written with random indentation, flow and quoting; comments and blank lines between its lines and behind them. */
const randomYaml = fc
  .tuple(
    fc.dictionary(name, tree, { minKeys: 1, maxKeys: 5 }),
    fc.integer({ min: 1, max: 4 }),
    fc.boolean(),
    fc.infiniteStream(fc.nat(9)),
  )
  .map(([data, indent, indentSeq, choices]) => {
    const next = (): number => choices.next().value ?? 0;
    const document = new Document(data);
    visit(document, {
      Collection: (_, node) => {
        if (next() < 3) node.flow = true;
      },
    });
    const lines = document.toString({ indent, indentSeq, lineWidth: 0 }).split('\n').slice(0, -1);
    const noisy = lines.flatMap((line) => {
      const before = [
        ...(next() === 0 ? ['', ''] : []),
        ...(next() === 1 ? [`${' '.repeat(next())}# note ${next()}`] : []),
      ];
      return [...before, next() === 2 ? `${line}   #  behind ${next()}` : line];
    });
    const text = `${noisy.join('\n')}\n`;
    // Noise inside a block text is no comment, and may change the text: such a draft is not wanted.
    return isSame(data, text) ? text : `${lines.join('\n')}\n`;
  });

function isSame(data: unknown, text: string): boolean {
  try {
    return JSON.stringify(parse(text)) === JSON.stringify(parse(new Document(data).toString()));
  } catch {
    return false;
  }
}

function listComments(text: string): string[] {
  return [...new Lexer().lex(text)]
    .filter((token) => token.startsWith('#'))
    .map((token) => token.trimEnd())
    .sort();
}

function format(text: string): string {
  const result = formatConfig(text, 'test.yaml');
  if (!result.ok) throw new Error(result.diagnostics[0]?.message);
  return result.text;
}
