// The texts of one configuration as the editor sees them: which file holds a place, and what all files say together.
import { createHash } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { parsePointer, renderPointer } from '../lib/json-pointer.ts';
import { readNode } from './edit/conform.ts';
import { parseTree } from './edit/tree.ts';
import { findIndex, readPath, type Value } from './edit/value.ts';

/** One file; names are relative to the folder of the main file. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

/** In reading order, the main file last: what `LoadResult.sources` lists. */
export type FileSet = readonly SourceText[];

/** A place in one file: pointers into lists count that file's items only. */
export interface Place {
  readonly file: string;
  readonly pointer: string;
}

/** What one text says, aliases and merges resolved; throws 422 when it does not parse. */
export function readText(text: string): Value {
  const tree = parseTree(text);
  return readNode(tree, tree.document.contents) ?? new Map();
}

/** What all files say together, as written: references and shorthands stay. */
export function readFileSet(files: FileSet): Value {
  const sections = new Map<string, Value>();
  for (const { text } of files) {
    const value = readText(text);
    if (!(value instanceof Map)) continue;
    for (const [name, section] of value) {
      const before = sections.get(name);
      if (Array.isArray(before) && Array.isArray(section)) sections.set(name, [...before, ...section]);
      else if (before instanceof Map && section instanceof Map)
        sections.set(name, new Map([...before, ...section]));
      else sections.set(name, section);
    }
  }
  return sections;
}

/**
 * The file that holds a place, with the pointer as it reads there. For a place that is not there yet: the file of its
 * siblings where that is one, else `fallback`, else the main file. Throws 409 where several files hold it.
 */
export function findPlace(files: FileSet, pointer: string, fallback?: string): Place {
  const [section = '', ...rest] = parsePointer(pointer);
  const main = files.at(-1)?.name ?? '';
  const holders = files.flatMap(({ name, text }) => {
    const root = readText(text);
    const value = root instanceof Map ? root.get(section) : undefined;
    return value === undefined ? [] : [{ name, value }];
  });
  if (rest.length === 0) {
    if (holders.length > 1)
      throw new GatewayError(
        'conflict',
        `${pointer} stands in several files: ${holders.map(({ name }) => name).join(', ')}`,
      );
    return { file: holders[0]?.name ?? fallback ?? main, pointer };
  }
  const [entry = ''] = rest;
  let counted = 0;
  for (const { name, value } of holders) {
    if (value instanceof Map && value.has(entry)) return { file: name, pointer };
    if (!Array.isArray(value)) continue;
    if (/^\d+$/.test(entry)) {
      const index = Number(entry) - counted;
      if (index < value.length)
        return { file: name, pointer: renderPointer([section, index, ...rest.slice(1)]) };
    } else if (entry !== '-' && findIndex(value, entry) >= 0) return { file: name, pointer };
    counted += value.length;
  }
  // A place inside an entry that is not there lies nowhere; only a new entry may choose its file.
  const siblings = holders.length === 1 ? holders[0]?.name : undefined;
  return { file: fallback ?? siblings ?? main, pointer };
}

/** The text of one file; undefined when the set has no such file. */
export function findText(files: FileSet, name: string): string | undefined {
  return files.find((file) => file.name === name)?.text;
}

/** The set with another text of one file; a file that is not there yet is read before the main one. */
export function replaceText(files: FileSet, name: string, text: string): FileSet {
  if (files.some((file) => file.name === name))
    return files.map((file) => (file.name === name ? { name, text } : file));
  const included = [...files.slice(0, -1), { name, text }].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...included, ...files.slice(-1)];
}

/**
 * Entity tag of the authored subtree at a pointer: it names its place, so that a client cannot mix two of them up, and
 * stays the same when another subtree, a comment or the order of keys changes. '' stands for all files together.
 */
export function tagSubtree(root: Value, pointer: string): string {
  const value = readPath(root, parsePointer(pointer));
  return `"${digest(value === undefined ? 'absent' : renderValue(value))}${encodeURI(pointer)}"`;
}

/** Entity tag of one file's exact text. */
export function tagText({ name, text }: SourceText): string {
  return `"text-${digest(text)}/${encodeURI(name)}"`;
}

/** What a tag is about; undefined for one that was never ours. */
export function readTag(
  tag: string,
): { readonly kind: 'text' | 'subtree'; readonly place: string } | undefined {
  const match = /^"(text-)?[0-9a-f]{24}((?:\/[^"]*)?)"$/.exec(tag);
  if (!match) return undefined;
  const [, text, place = ''] = match;
  try {
    return text === undefined
      ? { kind: 'subtree', place: decodeURI(place) }
      : { kind: 'text', place: decodeURI(place.slice(1)) };
  } catch {
    return undefined;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

// Maps without regard to order, lists in order; a text and a number that look alike are told apart.
function renderValue(value: Value): string {
  if (value instanceof Map) {
    const members = [...value].map(([name, member]) => `${JSON.stringify(name)}:${renderValue(member)}`);
    return `{${members.sort().join(',')}}`;
  }
  return Array.isArray(value) ? `[${value.map(renderValue).join(',')}]` : JSON.stringify(value);
}
