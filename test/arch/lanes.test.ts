// One lane (architecture §5): h3 declares routes and nothing runs around a data-plane handler; the hot path knows
// neither h3 nor web streams nor fetch; only the edges read the environment, the clock and the exit code.
import { describe, expect, test } from 'vitest';
import { isReference } from './imports.ts';
import { parseSource, readSources } from './source.ts';
import type { Node, Source } from './source.ts';

/** Words of the web platform that would put an object between undici and the client's socket. */
const webNames = [
  'fetch',
  'Request',
  'Response',
  'Headers',
  'FormData',
  'ReadableStream',
  'WritableStream',
  'TransformStream',
  'CompressionStream',
  'DecompressionStream',
];

interface Rule {
  readonly name: string;
  /** Paths below `src/` that the rule covers. */
  readonly covers: (path: string) => boolean;
  readonly find: (node: Node, parents: readonly Node[], source: Source) => string | undefined;
}

const rules: readonly Rule[] = [
  {
    name: 'the forward path has no web streams, fetch, Request or Response',
    covers: (path) => /^(gateway|upstream|protocols|routing|ir)\//.test(path),
    find: (node, parents) => {
      const name = String(node['name']);
      return webNames.includes(name) && isReference(node, parents.at(-1)) && !isDeclared(name, parents)
        ? name
        : undefined;
    },
  },
  {
    name: 'the server has no middleware and no hooks around its routes',
    covers: (path) => path.startsWith('server/'),
    find: (node, _, { imports }) => {
      // An application can only be had through h3 or its types; `use` of a disposable stack is another word.
      if (!imports.some(({ specifier }) => specifier === 'h3')) return undefined;
      if (node.type === 'CallExpression')
        return propertyOf(node['callee'] as Node) === 'use' ? '.use(…)' : undefined;
      if (node.type !== 'Property') return undefined;
      const key = String((node['key'] as Node)['name'] ?? (node['key'] as Node)['value']);
      return ['middleware', 'plugins', 'onRequest', 'onResponse'].includes(key) ? `${key}:` : undefined;
    },
  },
  {
    name: 'only the edges read the environment',
    // git-process.ts starts git, which needs the PATH and HOME of this process; it decides nothing by them.
    covers: (path) => !/^(config|server|cli)\//.test(path) && path !== 'control/git-process.ts',
    find: (node) => (isProcess(node, 'env') ? 'process.env' : undefined),
  },
  {
    name: 'only the command line ends the process',
    covers: (path) => !path.startsWith('cli/'),
    find: (node) => (isProcess(node, 'exit') || isProcess(node, 'exitCode') ? 'process.exit' : undefined),
  },
  {
    name: 'pure folders take clock and chance as arguments',
    covers: (path) => /^(routing|ir|protocols|config|catalog)\//.test(path),
    find: (node, parents) => {
      if (node.type === 'NewExpression' && nameOf(node['callee']) === 'Date') {
        return (node['arguments'] as unknown[]).length === 0 ? 'new Date()' : undefined;
      }
      if (node.type !== 'MemberExpression' || parents.at(-1)?.type === 'TSTypeQuery') return undefined;
      const text = `${nameOf(node['object'])}.${propertyOf(node)}`;
      return ['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID'].includes(text)
        ? text
        : undefined;
    },
  },
];

const sources = readSources('src');

describe.each(rules)('$name', (rule) => {
  test('holds in src', () => {
    expect(apply(rule, sources)).toEqual([]);
  });
});

test.each([
  ['src/gateway/x.ts', `export const a = () => fetch('http://127.0.0.1');`, 0, 'fetch'],
  ['src/upstream/x.ts', `export const a = new ReadableStream();`, 0, 'ReadableStream'],
  ['src/upstream/x.ts', `export function a(b: Response): void {}`, 0, 'Response'],
  ['src/server/x.ts', `import 'h3'; app.use(cors);`, 1, '.use(…)'],
  [
    'src/server/x.ts',
    `import 'h3'; app.get('/v1/models', handler, { middleware: [log] });`,
    1,
    'middleware:',
  ],
  ['src/server/x.ts', `import { H3 } from 'h3'; new H3({ onRequest: log });`, 1, 'onRequest:'],
  ['src/gateway/x.ts', `export const a = process.env['HOME'];`, 2, 'process.env'],
  ['src/routing/x.ts', `export const a = globalThis.process.env.HOME;`, 2, 'process.env'],
  ['src/server/x.ts', `process.exit(1);`, 3, 'process.exit'],
  ['src/routing/x.ts', `export const a = Date.now();`, 4, 'Date.now'],
  ['src/routing/x.ts', `export const a = new Date();`, 4, 'new Date()'],
  ['src/ir/x.ts', `export const a = Math.random();`, 4, 'Math.random'],
] as const)('the checker finds a breach in %s: %s', (path, text, index, found) => {
  const rule = rules[index];
  expect(rule && apply(rule, [parseSource(path, text)])).toEqual([`${path}:1: ${found}`]);
});

test('the checker lets look-alikes pass', () => {
  const text = `interface Cache { fetch(): void; Headers: string } export const a = cache.fetch(new Date(5));`;
  expect(rules.flatMap((rule) => apply(rule, [parseSource('src/gateway/x.ts', text)]))).toEqual([]);
});

function apply(rule: Rule, files: readonly Source[]): readonly string[] {
  return files
    .filter(({ path }) => rule.covers(path.slice('src/'.length)))
    .flatMap((source) =>
      source.nodes.flatMap(({ node, parents }) => {
        const found = rule.find(node, parents, source);
        return found === undefined ? [] : [`${source.path}:${source.lineOf(node)}: ${found}`];
      }),
    );
}

function isProcess(node: Node, property: string): boolean {
  if (node.type !== 'MemberExpression' || propertyOf(node) !== property) return false;
  const object = node['object'] as Node;
  return nameOf(object) === 'process' || propertyOf(object) === 'process';
}

/** `b` of `a.b` and `a['b']`; undefined for anything else. */
function propertyOf(node: Node): string | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  const property = node['property'] as Node;
  return node['computed'] === true ? String(property['value']) : String(property['name']);
}

function nameOf(node: unknown): string | undefined {
  const name = (node as Node | undefined)?.['name'];
  return typeof name === 'string' ? name : undefined;
}

/** Whether the file gives the word its own meaning: an import or a declaration of that name. */
function isDeclared(name: string, parents: readonly Node[]): boolean {
  const body = (parents[0]?.['body'] ?? []) as readonly Node[];
  return body.some((statement) => {
    const declared = [statement, statement['declaration'] as Node | undefined];
    if (declared.some((each) => nameOf(each?.['id']) === name)) return true;
    return ((statement['specifiers'] ?? []) as readonly Node[]).some(
      (each) => nameOf(each['local']) === name,
    );
  });
}
