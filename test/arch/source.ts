// Reads TypeScript files as syntax trees, for the rules of this folder.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseAst } from 'vitest/node';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..');

/** One import of a file. */
export interface Import {
  readonly line: number;
  /** As written: `node:fs`, `yaml`, `../lib/clock.ts`. */
  readonly specifier: string;
  /** For a relative import the path from the root of the repository, else undefined. */
  readonly path?: string;
  /** Nothing of it exists at run time. */
  readonly typeOnly: boolean;
}

/** A node of the tree with the fields that rules look at. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** Every node of the tree with its ancestors, outermost first. */
  readonly nodes: readonly { readonly node: Node; readonly parents: readonly Node[] }[];
  lineOf(node: Node): number;
}

/** All files below `folder` whose name matches, as paths from the root, sorted. */
export function listFiles(folder: string, pattern: RegExp): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => posix.normalize(`${entry.parentPath.slice(root.length + 1)}/${entry.name}`))
    .filter((path) => !path.includes('node_modules/'))
    .toSorted();
}

/** Parses all `.ts` files below the folders, generated ones left out. */
export function readSources(...folders: readonly string[]): readonly Source[] {
  return folders
    .flatMap((folder) => listFiles(folder, /\.ts$/))
    .filter((path) => !isGenerated(path))
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

export function isGenerated(path: string): boolean {
  return path.includes('/generated/');
}

/** Parses one text as if it stood at `path`. */
export function parseSource(path: string, text: string): Source {
  const program = parseAst(text, { lang: 'ts', astType: 'ts' }) as unknown;
  const nodes: { node: Node; parents: readonly Node[] }[] = [];
  collect(program, [], nodes);
  const lineOf = (node: Node) => text.slice(0, node.start).split('\n').length;
  const imports = nodes.flatMap(({ node }) => readImport(node, path, lineOf));
  return { path, text, imports, nodes, lineOf };
}

function collect(
  value: unknown,
  parents: readonly Node[],
  into: { node: Node; parents: readonly Node[] }[],
): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, parents, into);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const within = isNode(value) ? [...parents, value] : parents;
  if (isNode(value)) into.push({ node: value, parents });
  for (const field of Object.values(value)) collect(field, within, into);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

const importing: readonly string[] = [
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'ImportExpression',
  'TSImportType',
];

function readImport(node: Node, path: string, lineOf: (node: Node) => number): readonly Import[] {
  if (!importing.includes(node.type) || !isNode(node['source'])) return [];
  const specifier = node['source']['value'];
  // `import(name)` with a computed name is judged where it stands, by the rule on dynamic imports.
  if (typeof specifier !== 'string') return [];
  const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
  return [
    {
      line: lineOf(node),
      specifier,
      typeOnly: isTypeOnly(node),
      ...(target === undefined ? {} : { path: target }),
    },
  ];
}

function isTypeOnly(node: Node): boolean {
  if (node.type === 'TSImportType' || node['importKind'] === 'type' || node['exportKind'] === 'type')
    return true;
  const specifiers = node['specifiers'];
  if (!Array.isArray(specifiers) || specifiers.length === 0) return false;
  return specifiers.every((each: Node) => each['importKind'] === 'type' || each['exportKind'] === 'type');
}
