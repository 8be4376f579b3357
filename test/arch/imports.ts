// The checker behind imports.test.ts: sources in, one line per violation out.
import { browserFolders, importTable, layerZero, nodeExceptions, packageOwners } from './import-table.ts';
import type { Allowed } from './import-table.ts';
import type { Import, Node, Source } from './source.ts';

/** Breaches of the import table, of package ownership and of the folders that may not know Node. */
export function findImportFaults(sources: readonly Source[]): readonly string[] {
  return sources.flatMap((source) => {
    const path = source.path.slice('src/'.length);
    const rule = findRule(path);
    if (rule === undefined) return [`${source.path}: no row of the import table covers this file`];
    return [
      ...source.imports.flatMap((each) => {
        const fault = judge(path, rule, each);
        return fault === undefined ? [] : [`${source.path}:${each.line}: ${fault}`];
      }),
      ...findNodeGlobals(source, path),
      ...findComputedImports(source),
    ];
  });
}

/**
 * What would stop `folder` from loading in a browser: a Node import or global in any file that it reaches through
 * imports that exist at run time.
 */
export function findNodeReach(folder: string, sources: readonly Source[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set(sources.filter(({ path }) => path.startsWith(`src/${folder}/`)));
  // A set grows while it is walked: what is added is visited too.
  for (const source of reached) {
    for (const { path, typeOnly } of source.imports) {
      const next = path === undefined || typeOnly ? undefined : byPath.get(path);
      if (next) reached.add(next);
    }
  }
  return [...reached].flatMap((source) => [
    ...source.imports
      .filter(({ specifier, typeOnly }) => specifier.startsWith('node:') && !typeOnly)
      .map(({ line, specifier }) => `${source.path}:${line}: ${specifier}`),
    ...listNodeGlobals(source).map(({ line, name }) => `${source.path}:${line}: ${name}`),
  ]);
}

/** The key of the table that covers a path below `src/`: a file, or the deepest folder above it. */
function findRule(path: string): string | undefined {
  return Object.keys(importTable)
    .filter((key) => contains(key, path))
    .toSorted((a, b) => b.length - a.length)[0];
}

function judge(
  path: string,
  rule: string,
  { specifier, path: target, typeOnly }: Import,
): string | undefined {
  if (target === undefined) return judgePackage(path, specifier, typeOnly);
  if (!target.startsWith('src/')) return `${specifier} lies outside src/`;
  const below = target.slice('src/'.length);
  const allowed: readonly Allowed[] = [rule, ...layerZero, ...(importTable[rule] ?? [])];
  const fits = allowed.some((each) =>
    typeof each === 'string' ? contains(each, below) : typeOnly && contains(each.path, below),
  );
  return fits ? undefined : `${rule} may not import ${typeOnly ? 'types of ' : ''}${below}`;
}

function judgePackage(path: string, specifier: string, typeOnly: boolean): string | undefined {
  if (specifier.startsWith('node:')) {
    if (!isBrowserFolder(path) || nodeExceptions[path]?.uses.includes(specifier)) return undefined;
    return `${specifier} in a folder that also runs in a browser`;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const owners = packageOwners[name];
  if (!owners) return `the package ${name} has no owner folder${typeOnly ? ' (types count too)' : ''}`;
  return owners.some((owner) => contains(owner, path))
    ? undefined
    : `${name} belongs to ${owners.join(', ')}`;
}

const nodeGlobals: readonly string[] = [
  'Buffer',
  'process',
  'require',
  '__dirname',
  '__filename',
  'setImmediate',
];

function findNodeGlobals(source: Source, path: string): readonly string[] {
  if (!isBrowserFolder(path)) return [];
  return listNodeGlobals(source)
    .filter(({ name }) => !nodeExceptions[path]?.uses.includes(name))
    .map(({ name, line }) => `${source.path}:${line}: ${name} in a folder that also runs in a browser`);
}

function listNodeGlobals(source: Source): readonly { readonly name: string; readonly line: number }[] {
  return source.nodes
    .filter(
      ({ node, parents }) => nodeGlobals.includes(String(node['name'])) && isReference(node, parents.at(-1)),
    )
    .map(({ node }) => ({ name: String(node['name']), line: source.lineOf(node) }));
}

/** Whether an identifier stands for a variable, not for a property or key of the same name. */
export function isReference(node: Node, parent: Node | undefined): boolean {
  if (node.type !== 'Identifier') return false;
  if (!parent) return true;
  if (parent.type === 'MemberExpression' && parent['property'] === node) return parent['computed'] === true;
  const named = [
    'Property',
    'MethodDefinition',
    'PropertyDefinition',
    'TSPropertySignature',
    'TSMethodSignature',
  ];
  return !(named.includes(parent.type) && parent['key'] === node && parent['shorthand'] !== true);
}

/** `import(name)` hides what it loads from every other rule. */
function findComputedImports(source: Source): readonly string[] {
  return source.nodes
    .filter(({ node }) => node.type === 'ImportExpression' && (node['source'] as Node).type !== 'Literal')
    .map(({ node }) => `${source.path}:${source.lineOf(node)}: import() of a computed name`);
}

function isBrowserFolder(path: string): boolean {
  return browserFolders.some((folder) => contains(folder, path));
}

function contains(key: string, path: string): boolean {
  return path === key || path.startsWith(`${key}/`);
}
