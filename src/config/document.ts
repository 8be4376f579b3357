// The files of a configuration as one document: maps unite, lists join in reading order, everything keeps its place.
// A name that two files define, or a section that exists once and stands in two, is an error here.
import type { Diagnostic, Locate } from '../diagnostics.ts';
import { parsePointer } from '../lib/json-pointer.ts';
import { layout } from './generated/layout.ts';
import { stepLayout, type LayoutNode } from './layout.ts';
import type { ParsedFile } from './parse.ts';
import { createFault } from './rules.ts';
import { positionOf, type ConfigNode, type ListNode, type MapEntry, type MapNode } from './tree.ts';

export interface ConfigDocument {
  /** Included files in code-point order, the main file last. */
  readonly files: readonly ParsedFile[];
  /** All sections; undefined when the main file cannot be read at all. */
  readonly root: MapNode | undefined;
  /** Something is unreadable: what seems missing may be there. */
  readonly broken: boolean;
  readonly locate: Locate;
  readonly diagnostics: readonly Diagnostic[];
}

/** Unites parsed files; the last one is the main file. */
export function uniteFiles(files: readonly ParsedFile[]): ConfigDocument {
  const diagnostics: Diagnostic[] = [];
  const main = files.at(-1);
  const sections = new Map<string, MapEntry>();
  for (const file of files) {
    if (!file.root) continue;
    if (file.root.kind !== 'map') {
      diagnostics.push(
        createFault('document/not-a-map', `${file.file.name} is not a map of sections`, {
          at: positionOf({ ...file.root, end: file.root.start + 1 }),
          suggestion: 'start with "version: 1" and sections such as "providers:"',
        }),
      );
      continue;
    }
    for (const [name, entry] of file.root.entries) addSection(name, entry, file === main);
  }
  const root: MapNode | undefined =
    main?.root?.kind === 'map' ? { ...main.root, entries: sections } : undefined;
  return {
    files,
    root,
    broken: files.some((file) => file.broken || file.root?.kind !== 'map'),
    locate: (pointer, part) => (root ? locateIn(root, pointer, part) : undefined),
    diagnostics,
  };

  function addSection(name: string, entry: MapEntry, isMain: boolean): void {
    const before = sections.get(name);
    if (name === 'include' && !isMain) {
      diagnostics.push(
        createFault('source/include-nested', 'only the main file includes others', {
          at: positionOf(entry.key),
        }),
      );
      return;
    }
    if (name === 'version' && !isMain) {
      // every file may say which language it is written in; the main file must
      if (entry.value.kind === 'scalar' && entry.value.value === 1) return;
      diagnostics.push(
        createFault('schema/version', 'this gateway reads version 1 of the language', {
          at: positionOf(entry.value),
          suggestion: 'write "version: 1"',
        }),
      );
      return;
    }
    if (!before) {
      sections.set(name, entry);
      return;
    }
    const shape = layout.properties?.[name];
    if (shape?.type === 'array' && before.value.kind === 'list' && entry.value.kind === 'list') {
      sections.set(name, { ...entry, value: joinLists(before.value, entry.value) });
    } else if (isUniting(shape) && before.value.kind === 'map' && entry.value.kind === 'map') {
      sections.set(name, { ...entry, value: uniteMaps(name, before.value, entry.value) });
    } else if (shape && isSameKind(before.value, entry.value)) {
      diagnostics.push(
        createFault('document/duplicate-section', `${name} stands in two files`, {
          at: positionOf(entry.key),
          related: [{ message: 'the other place', at: positionOf(before.key) }],
        }),
      );
    } else if (shape && before.value.kind !== (shape.type === 'array' ? 'list' : 'map')) {
      // the earlier one is of the wrong type and is reported as such where it stands
      sections.set(name, entry);
      reportWrongKind(name, before, shape);
    } else if (shape) reportWrongKind(name, entry, shape);
  }

  function uniteMaps(section: string, first: MapNode, second: MapNode): MapNode {
    const entries = new Map(first.entries);
    for (const [name, entry] of second.entries) {
      const before = entries.get(name);
      if (!before) {
        entries.set(name, entry);
        continue;
      }
      diagnostics.push(
        createFault('document/duplicate-name', `"${name}" is defined twice in ${section}`, {
          at: positionOf(entry.key),
          pointer: `/${section}`,
          related: [{ message: 'the first definition', at: positionOf(before.key) }],
        }),
      );
    }
    return { ...second, entries, size: first.size + second.size, depth: Math.max(first.depth, second.depth) };
  }

  function reportWrongKind(name: string, entry: MapEntry, shape: LayoutNode): void {
    const wanted = shape.type === 'array' ? 'a list' : 'a map';
    diagnostics.push(createFault('schema/type', `${name} must be ${wanted}`, { at: positionOf(entry.key) }));
  }
}

/** The place of a pointer; list items may be addressed by index or as `id:NAME`. */
function locateIn(root: MapNode, pointer: string, part: 'key' | 'value' = 'value'): ReturnType<Locate> {
  let node: ConfigNode = root;
  let shape: LayoutNode | undefined = layout;
  let entry: MapEntry | undefined;
  for (const segment of parsePointer(pointer)) {
    entry = undefined;
    if (node.kind === 'map') {
      entry = node.entries.get(segment);
      if (!entry) return undefined;
      node = entry.value;
    } else if (node.kind === 'list') {
      const item = findItem(node, segment);
      if (!item) return undefined;
      node = item;
    } else if (shape?.shorthand !== segment) return undefined;
    shape = shape && stepLayout(shape, segment);
  }
  if (pointer === '') return positionOf({ ...root, end: root.start + 1 });
  return positionOf(part === 'key' && entry ? entry.key : node);
}

function findItem(list: ListNode, segment: string): ConfigNode | undefined {
  if (/^\d+$/.test(segment)) return list.items[Number(segment)];
  if (!segment.startsWith('id:')) return undefined;
  const id = segment.slice(3);
  return list.items.find((item) => {
    const value = item.kind === 'map' ? item.entries.get('id')?.value : undefined;
    return value?.kind === 'scalar' && String(value.value) === id;
  });
}

/** Sections that are maps of names; the others exist once. */
function isUniting(shape: LayoutNode | undefined): boolean {
  return shape?.values !== undefined && shape.properties === undefined;
}

function isSameKind(a: ConfigNode, b: ConfigNode): boolean {
  return a.kind === b.kind;
}

function joinLists(first: ListNode, second: ListNode): ListNode {
  return {
    ...second,
    items: [...first.items, ...second.items],
    size: first.size + second.size,
    depth: Math.max(first.depth, second.depth),
  };
}
