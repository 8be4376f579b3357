// Pointer edits as minimal text splices: comments, order, quoting, indentation and line ends outside the touched node
// stay byte for byte. After the cuts the new text must mean exactly what the edit means, or nothing is written.
import { GatewayError } from '../errors.ts';
import { parsePointer } from '../lib/json-pointer.ts';
import { findNextCut, readNode } from './edit/conform.ts';
import { findNode } from './edit/find.ts';
import { patchValue, resolvePosition, type Edit } from './edit/patch.ts';
import { applySplices, moveItem, renameKey, replaceValue, type Splice } from './edit/splice.ts';
import {
  findPair,
  isAlias,
  isMap,
  isSeq,
  parseTree,
  type Tree,
  type YamlMap,
  type YamlSeq,
} from './edit/tree.ts';
import { findIndex, isSame, toValue, type Value } from './edit/value.ts';

export type { Edit } from './edit/patch.ts';

/** A bound on cuts per edit, so that a fault of ours ends as an error and never as a loop. */
const maxCuts = 10_000;

/**
 * The text after the edit. Throws GatewayError: 404 when the pointer leads nowhere, 409 when the edit cannot be made
 * as text here (it would change what an alias elsewhere means), 422 when the text does not parse.
 */
export function editText(text: string, edit: Edit): string {
  const tree = parseTree(text);
  const before = readNode(tree, tree.document.contents);
  const after = patchValue(before ?? new Map(), edit);
  if (isSame(before, after) && isSameOrder(before, after, edit)) return text;
  const inPlace = edit.op === 'set' ? cutInPlace(tree, edit) : undefined;
  if (inPlace !== undefined && means(inPlace, after)) return inPlace;
  const edited = cut(tree, edit, before, after);
  const check = parseChecked(edited, edit);
  if (!isSame(readNode(check, check.document.contents), after)) throw explainConflict(tree, edit);
  return edited;
}

function cut(tree: Tree, edit: Edit, before: Value, after: Value): string {
  const direct = cutDirectly(tree, edit, before);
  const moved = direct && applySplices(tree, direct);
  // Bytes that mean something else at their new place, as a block text in front of blank lines, are written anew.
  if (moved !== undefined && means(moved, after)) return moved;
  let current = tree;
  for (let count = 0; count < maxCuts; count++) {
    const splices = findNextCut(current, { kind: 'root' }, current.document.contents, after);
    if (!splices) return current.text;
    const text = applySplices(current, splices);
    if (text === current.text) break;
    current = parseChecked(text, edit);
  }
  throw explainConflict(tree, edit);
}

// What is set is changed where it stands: a comparison of whole documents would take an item with another id for one
// that went and one that came. Not where an anchor would change other places too; there all of the document counts.
function cutInPlace(tree: Tree, edit: Edit & { readonly op: 'set' }): string | undefined {
  const path = nameIndices(tree, parsePointer(edit.pointer));
  const want = toValue(edit.value);
  let current = tree;
  for (let count = 0; count < maxCuts; count++) {
    const found = findNode(current, path);
    if (!found || (count === 0 && found.node === null)) return undefined;
    const splices = findNextCut(current, found.slot, found.node, want);
    if (!splices) return current.text;
    const text = applySplices(current, splices);
    if (text === current.text) return undefined;
    try {
      current = parseTree(text);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** The path with the index of each item: it stays true when the item gets another id. */
function nameIndices(tree: Tree, path: readonly string[]): string[] {
  let at: Value | undefined = readNode(tree, tree.document.contents);
  return path.map((segment) => {
    if (at instanceof Map) at = at.get(segment);
    else if (Array.isArray(at)) {
      const list: readonly Value[] = at;
      const index = findIndex(list, segment);
      at = list[index];
      return String(index);
    } else at = undefined;
    return segment;
  });
}

function means(text: string, wanted: Value): boolean {
  try {
    const tree = parseTree(text);
    return isSame(readNode(tree, tree.document.contents), wanted);
  } catch {
    return false;
  }
}

// A rename and a move keep the entry's own bytes, which a comparison of values could not know.
function cutDirectly(tree: Tree, edit: Edit, before: Value): Splice[] | undefined {
  const path = parsePointer(edit.pointer);
  const name = path.at(-1) ?? '';
  if (edit.op !== 'rename' && edit.op !== 'move') return undefined;
  const found = findNode(tree, path.slice(0, -1));
  const owner = found?.node;
  if (edit.op === 'rename' && isMap(owner)) {
    const pair = findPair(owner as YamlMap, name);
    return pair && renameKey(pair, edit.to);
  }
  if (edit.op === 'rename') return renameItem(tree, path, edit.to);
  if (edit.op !== 'move' || !found || !isSeq(owner)) return undefined;
  const list = readNode(tree, owner);
  if (!Array.isArray(list)) return undefined;
  const from = findIndex(list, name);
  const target = resolvePosition(list, edit.before, path.slice(0, -1).join('/'));
  const to = target > from ? target - 1 : target;
  return from === to || before === null ? undefined : moveItem(tree, found.slot, owner as YamlSeq, from, to);
}

// A list item is known by its id; only these characters change.
function renameItem(tree: Tree, path: readonly string[], to: string): Splice[] | undefined {
  const found = findNode(tree, path);
  if (!found || !isMap(found.node)) return undefined;
  const map = found.node as YamlMap;
  const pair = findPair(map, 'id');
  const flow = map.flow === true || (found.slot.kind !== 'root' && found.slot.flow);
  return pair && replaceValue(tree, { kind: 'pair', map, pair, flow }, pair.value, to);
}

function parseChecked(text: string, edit: Edit): Tree {
  try {
    return parseTree(text);
  } catch (cause) {
    throw new GatewayError(
      'conflict',
      `"${edit.op}" at ${edit.pointer} cannot be made in this layout; edit the file by hand`,
      { cause },
    );
  }
}

// Maps that differ only in order mean the same, but a person who moves a list item wants it moved.
function isSameOrder(before: Value, after: Value, edit: Edit): boolean {
  return edit.op !== 'rename' && JSON.stringify(toOrdered(before)) === JSON.stringify(toOrdered(after));
}

function toOrdered(value: Value): unknown {
  if (value instanceof Map) return [...value].map(([name, member]) => [name, toOrdered(member)]);
  return Array.isArray(value) ? value.map(toOrdered) : value;
}

function explainConflict(tree: Tree, edit: Edit): GatewayError {
  const shared: string[] = [];
  const path = parsePointer(edit.pointer);
  for (let depth = path.length; depth > 0; depth--) {
    const node = findNode(tree, path.slice(0, depth))?.node;
    const anchor = node && !isAlias(node) && 'anchor' in node ? node.anchor : undefined;
    if (anchor) {
      const uses = [...tree.text.matchAll(new RegExp(`\\*${anchor}(?![\\w-])`, 'g'))].map((match) =>
        lineOf(tree.text, match.index),
      );
      shared.push(
        `&${anchor} (line ${lineOf(tree.text, node?.range?.[0] ?? 0)}), which line ${uses.join(', ')} also uses`,
      );
    }
  }
  const why =
    shared.length > 0
      ? `it lies in ${shared.join(' and in ')}`
      : 'the layout of the file does not allow it as a small cut';
  return new GatewayError(
    'conflict',
    `"${edit.op}" at ${edit.pointer} cannot be made: ${why}; edit the file by hand`,
  );
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
