// Edits over several files: where they go, what a rename takes along, what a delete refuses to leave behind.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, StillUsedError, type ChangeOptions } from '../../../src/config/change.ts';
import type { Edit } from '../../../src/config/edit.ts';
import { findUses, readSubject, uses } from '../../../src/config/edit/uses.ts';
import { isSame, readPath, type Value } from '../../../src/config/edit/value.ts';
import {
  findText,
  readFileSet,
  readTag,
  tagSubtree,
  tagText,
  type FileSet,
} from '../../../src/config/file-set.ts';
import { layout } from '../../../src/config/generated/layout.ts';
import { stepLayout, type LayoutNode } from '../../../src/config/layout.ts';
import { parsePointer, renderPointer } from '../../../src/lib/json-pointer.ts';

const main = `version: 1
include: [config.d/*.yaml]
providers:
  anthropic: {} # the good one
  local: { protocols: [{ name: openai-chat, baseUrl: http://127.0.0.1:1/v1 }], auth: none }
models:
  local/llama: { context: 128000 } # measured
aliases:
  fast: coding # everybody's
combos:
  # for the coding agents
  coding:
    targets:
      - anthropic/claude-sonnet-5 # best
      - { model: local/llama, connections: [main] }
  long: { targets: [coding, anthropic/claude-opus-5], onContextOverflow: [fast] }
tests:
  - name: one
    request: { model: coding, key: ci }
    given: { breakers: { anthropic: open, local@main: open }, spend: { infra: 3 } }
    expect: { attempts: [local/llama], charges: [infra] }
`;
const keys = `keys:
  # robots
  - { id: ci, digest: "sha256:aa", models: [coding, fast, "anthropic/*"], connections: [anthropic@main] }
`;
const rules = `policies:
  - { id: night, match: { keys: [ci, "c*"], models: [coding, "cod*"], providers: [anthropic] }, route: coding }
budgets:
  - id: infra # pays
    limit: 50
    period: monthly
    onExceeded: { route: coding } # rather than nothing
`;
const files: FileSet = [
  { name: 'config.d/keys.yaml', text: keys },
  { name: 'config.d/rules.yaml', text: rules },
  { name: 'omniroute.config.yaml', text: main },
];

const edit = (edits: readonly Edit[], options?: ChangeOptions, from = files): Record<string, string> =>
  Object.fromEntries(applyEdits(from, edits, options).map(({ name, text }) => [name, text]));
const changedLines = (before: string, after: string | undefined): string[] => {
  const old = before.split('\n');
  return (after ?? '').split('\n').filter((line) => !old.includes(line));
};

describe('the table of uses', () => {
  it.each(uses)('$at is a place of the language', ({ at }) => {
    let node: LayoutNode | undefined = layout;
    for (const segment of parsePointer(at)) node = node && stepLayout(node, segment);
    expect(node).toBeDefined();
  });
});

describe('the file of an edit', () => {
  it('is the one that holds the place', () => {
    const after = edit([{ op: 'set', pointer: '/budgets/id:infra/limit', value: 70 }]);
    expect(changedLines(rules, after['config.d/rules.yaml'])).toEqual(['    limit: 70']);
    expect(after['omniroute.config.yaml']).toBe(main);
    expect(after['config.d/keys.yaml']).toBe(keys);
  });

  it('is, for a new entry, ?file=, then gitops.files, then that of the siblings, then the main one', () => {
    const add: Edit = { op: 'insert', pointer: '/keys/-', value: { id: 'ada', digest: 'sha256:bb' } };
    const at = (options: ChangeOptions): string[] =>
      applyEdits(files, [add], options)
        .filter(({ name, text }) => findText(files, name) !== text)
        .map(({ name }) => name);
    expect(at({ file: 'config.d/people.yaml', newEntries: { keys: 'config.d/more.yaml' } })).toEqual([
      'config.d/people.yaml',
    ]);
    expect(at({ newEntries: { keys: 'config.d/more.yaml' } })).toEqual(['config.d/more.yaml']);
    expect(at({})).toEqual(['config.d/keys.yaml']);
    const fresh: Edit = { op: 'insert', pointer: '/rateLimits/-', value: { id: 'x' } };
    expect(changedLines(main, edit([fresh])['omniroute.config.yaml'])).not.toEqual([]);
  });

  it('counts items of a list over all files, and refuses to reorder between files', () => {
    const two: FileSet = [
      { name: 'a.yaml', text: 'policies:\n  - { id: a }\n' },
      { name: 'omniroute.config.yaml', text: 'version: 1\npolicies:\n  - { id: b }\n  - { id: c }\n' },
    ];
    const after = edit([{ op: 'set', pointer: '/policies/1/deny', value: 'no' }], {}, two);
    expect(after['omniroute.config.yaml']).toContain(
      '- { id: b, deny: no }'.replace('no', '"no"'.slice(1, -1)),
    );
    expect(() => edit([{ op: 'move', pointer: '/policies/id:c', before: 'id:a' }], {}, two)).toThrow(
      'order between files',
    );
    expect(() => edit([{ op: 'set', pointer: '/policies', value: [] }], {}, two)).toThrow('several files');
  });
});

describe('rename', () => {
  it('rewrites every reference to a combo in every file, and keeps globs and comments', () => {
    const after = edit([{ op: 'rename', pointer: '/combos/coding', to: 'code' }]);
    expect(changedLines(main, after['omniroute.config.yaml'])).toEqual([
      "  fast: code # everybody's",
      '  code:',
      '  long: { targets: [code, anthropic/claude-opus-5], onContextOverflow: [fast] }',
      '    request: { model: code, key: ci }',
      'moved:',
      '  - from: /combos/coding',
      '    to: /combos/code',
    ]);
    expect(changedLines(keys, after['config.d/keys.yaml'])).toEqual([
      '  - { id: ci, digest: "sha256:aa", models: [code, fast, "anthropic/*"], connections: [anthropic@main] }',
    ]);
    expect(changedLines(rules, after['config.d/rules.yaml'])).toEqual([
      '  - { id: night, match: { keys: [ci, "c*"], models: [code, "cod*"], providers: [anthropic] }, route: code }',
      '    onExceeded: { route: code } # rather than nothing',
    ]);
  });

  it('takes the prefix of a provider along, keys of maps included, and keeps its catalog entry', () => {
    const after = edit([{ op: 'rename', pointer: '/providers/anthropic', to: 'claude' }]);
    expect(after['omniroute.config.yaml']).toContain('claude: # the good one\n    catalog: anthropic\n');
    expect(after['omniroute.config.yaml']).toContain('- claude/claude-sonnet-5 # best');
    expect(after['omniroute.config.yaml']).toContain('breakers: { claude: open, local@main: open }');
    expect(after['config.d/keys.yaml']).toContain('"claude/*"], connections: [claude@main]');
    expect(after['config.d/rules.yaml']).toContain('providers: [claude]');
    const local = edit([{ op: 'rename', pointer: '/providers/local', to: 'desk' }])['omniroute.config.yaml'];
    expect(local).toContain('desk/llama: { context: 128000 } # measured');
    expect(local).not.toContain('catalog:');
  });

  it('renames list items by their id, with their places in tests', () => {
    const after = edit([{ op: 'rename', pointer: '/budgets/id:infra', to: 'team' }]);
    expect(after['config.d/rules.yaml']).toContain('- id: team # pays');
    expect(after['omniroute.config.yaml']).toContain('spend: { team: 3 }');
    expect(after['omniroute.config.yaml']).toContain('charges: [team]');
    const key = edit([{ op: 'rename', pointer: '/keys/id:ci', to: 'robots' }]);
    expect(key['config.d/rules.yaml']).toContain('match: { keys: [robots, "c*"]');
  });

  it('chains notes of moves, and drops the one that a way back makes void', () => {
    const once = applyEdits(files, [{ op: 'rename', pointer: '/combos/coding', to: 'b' }]);
    const twice = applyEdits(once, [{ op: 'rename', pointer: '/combos/b', to: 'c' }]);
    const moved = (set: FileSet): unknown => (readFileSet(set) as Map<string, unknown>).get('moved');
    expect(moved(twice)).toEqual([
      new Map([
        ['from', '/combos/coding'],
        ['to', '/combos/c'],
      ]),
      new Map([
        ['from', '/combos/b'],
        ['to', '/combos/c'],
      ]),
    ]);
    const back = applyEdits(twice, [{ op: 'rename', pointer: '/combos/c', to: 'coding' }]);
    expect(moved(back)).toEqual([
      new Map([
        ['from', '/combos/b'],
        ['to', '/combos/coding'],
      ]),
      new Map([
        ['from', '/combos/c'],
        ['to', '/combos/coding'],
      ]),
    ]);
  });

  it('refuses a name that is taken, over aliases and combos together', () => {
    expect(() => edit([{ op: 'rename', pointer: '/combos/coding', to: 'fast' }])).toThrow('exists already');
    expect(() => edit([{ op: 'rename', pointer: '/combos/nowhere', to: 'x' }])).toThrow('does not exist');
  });
});

const subjects = [
  '/combos/coding',
  '/combos/long',
  '/aliases/fast',
  '/providers/anthropic',
  '/providers/local',
  '/keys/id:ci',
  '/policies/id:night',
  '/budgets/id:infra',
] as const;
// Each run parses and cuts dozens of texts.
const runs = Number(process.env['FC_RUNS'] ?? 300) / 5;
const countUses = (set: FileSet, pointer: string): number => {
  const subject = readSubject(pointer);
  const root = readFileSet(set);
  return subject ? findUses(root, subject).length : 0;
};
const renamed = (pointer: string, to: string): string => {
  const [section = '', name = ''] = parsePointer(pointer);
  return renderPointer([section, name.startsWith('id:') ? `id:${to}` : to]);
};

it(
  'random renames take every use along, whatever the name, and lead back',
  () => {
    const names = fc.constantFrom(
      'x',
      'a b',
      '9',
      'null',
      '~',
      'it:s',
      "it's",
      '#x',
      '__proto__',
      '- a',
      '<<',
      'ü',
    );
    const property = fc.property(
      fc.constantFrom(...subjects),
      fc.array(names, { minLength: 1, maxLength: 3 }),
      (pointer, list) => {
        const first = parsePointer(pointer)[1]?.replace(/^id:/, '') ?? '';
        let set = files;
        let at: string = pointer;
        for (const to of list) {
          if (renamed(at, to) === at) continue;
          const uses = countUses(set, at);
          set = applyEdits(set, [{ op: 'rename', pointer: at, to }]);
          expect(countUses(set, at), `${at} → ${to}`).toBe(0);
          at = renamed(at, to);
          expect(countUses(set, at), at).toBe(uses);
        }
        set = applyEdits(set, [{ op: 'rename', pointer: at, to: first }]);
        const strip = (value: FileSet): Value => {
          const root = new Map(readFileSet(value) as ReadonlyMap<string, Value>);
          root.delete('moved');
          return root;
        };
        // A provider says its entry of the catalog once it had another name.
        const said =
          pointer === '/providers/anthropic'
            ? applyEdits(files, [{ op: 'set', pointer: `${pointer}/catalog`, value: 'anthropic' }])
            : files;
        expect(isSame(strip(set), strip(said)), `${at}\n${set.map(({ text }) => text).join('---\n')}`).toBe(
          true,
        );
        for (const { name, text } of files)
          for (const comment of text.match(/#.*$/gm) ?? []) expect(findText(set, name)).toContain(comment);
      },
    );
    fc.assert(property, { numRuns: runs });
  },
  20_000 + runs * 400,
);

it(
  'random deletions with everything that names them leave nothing that names them',
  () => {
    const property = fc.property(fc.shuffledSubarray([...subjects], { minLength: 1 }), (list) => {
      let set = files;
      for (const pointer of list) {
        if (readPath(readFileSet(set), parsePointer(pointer)) === undefined) continue;
        set = applyEdits(set, [{ op: 'delete', pointer }], { cascade: true });
        expect(readPath(readFileSet(set), parsePointer(pointer))).toBeUndefined();
        expect(countUses(set, pointer), pointer).toBe(0);
      }
    });
    fc.assert(property, { numRuns: runs });
  },
  20_000 + runs * 400,
);

describe('delete', () => {
  it('refuses what is still named, with every place', () => {
    try {
      edit([{ op: 'delete', pointer: '/combos/coding' }]);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(StillUsedError);
      const places = (error as StillUsedError).uses.map((use) => `${use.file}:${use.line}:${use.column}`);
      expect(places).toEqual(
        [
          'config.d/keys.yaml:3:47',
          'config.d/rules.yaml:2:51',
          'config.d/rules.yaml:2:106',
          'config.d/rules.yaml:7:26',
          'omniroute.config.yaml:9:9',
          'omniroute.config.yaml:16:20',
          'omniroute.config.yaml:19:23',
        ].map((place) => expect.stringContaining(place.split(':').slice(0, 2).join(':'))),
      );
      for (const use of (error as StillUsedError).uses) {
        const line = findText(files, use.file)?.split('\n')[use.line - 1] ?? '';
        expect(line.slice(use.column - 1)).toMatch(/^coding/);
      }
    }
  });

  it('takes everything along that names it with cascade, and nothing else', () => {
    const after = edit([{ op: 'delete', pointer: '/combos/coding' }], { cascade: true });
    expect(after['omniroute.config.yaml']).not.toMatch(/\bcoding\b(?! agents)/);
    // The alias is named by the overflow list of another combo: that name goes, the combo stays.
    expect(after['omniroute.config.yaml']).not.toContain('fast');
    expect(after['omniroute.config.yaml']).toContain('long: { targets: [anthropic/claude-opus-5]');
    expect(after['omniroute.config.yaml']).not.toContain('name: one');
    expect(after['config.d/keys.yaml']).toContain('models: ["anthropic/*"]');
    expect(after['config.d/rules.yaml']).toContain('models: ["cod*"]');
    expect(after['config.d/rules.yaml']).not.toContain('onExceeded');
  });

  it('deletes a combo whose last target goes, and those that lead to it', () => {
    const chain: FileSet = [
      {
        name: 'omniroute.config.yaml',
        text: 'combos:\n  a: { targets: [p/x] }\n  b: { targets: [a] }\n  c: { targets: [b, q/y] }\nproviders:\n  p: {}\n  q: {}\n',
      },
    ];
    expect(edit([{ op: 'delete', pointer: '/providers/p' }], { cascade: true }, chain)).toEqual({
      'omniroute.config.yaml': 'combos:\n  c: { targets: [q/y] }\nproviders:\n  q: {}\n',
    });
  });

  it('lets go what nobody names', () => {
    const after = edit([{ op: 'delete', pointer: '/combos/long' }]);
    expect(after['omniroute.config.yaml']).not.toContain('long');
  });
});

describe('entity tags', () => {
  const tag = (text: string, pointer: string): string =>
    tagSubtree(readFileSet([{ name: 'm.yaml', text }]), pointer);

  it('see the subtree only, and neither order nor comments', () => {
    const a = tag('a: { x: 1, y: [1, 2] }\nb: 2\n', '/a');
    expect(tag('b: 3\na:\n  y: [1, 2] # why\n  x: 1\n', '/a')).toBe(a);
    expect(tag('a: { x: 1, y: [2, 1] }\n', '/a')).not.toBe(a);
    expect(tag('a: { x: "1", y: [1, 2] }\n', '/a')).not.toBe(a);
    expect(tag('b: 1\n', '/a')).not.toBe(a);
  });

  it('name their place', () => {
    expect(readTag(tag('a: 1\n', '/policies/id:ü "x"'))).toEqual({
      kind: 'subtree',
      place: '/policies/id:ü "x"',
    });
    expect(readTag(tag('a: 1\n', ''))).toEqual({ kind: 'subtree', place: '' });
    expect(readTag(tagText({ name: 'config.d/a b.yaml', text: '' }))).toEqual({
      kind: 'text',
      place: 'config.d/a b.yaml',
    });
    expect(readTag('"abc"')).toBeUndefined();
  });
});
