// Random edits over any document, and what of its text such an edit may touch.
import { findNode } from '../../src/config/edit/find.ts';
import type { Edit } from '../../src/config/edit.ts';
import { findDash, parseTree } from '../../src/config/edit/tree.ts';
import { readId, readPath, type Value } from '../../src/config/edit/value.ts';
import { parsePointer, renderPointer } from '../../src/lib/json-pointer.ts';

export interface Place {
  readonly path: readonly string[];
  readonly value: Value;
  readonly inList: boolean;
}

export interface Step {
  readonly pick: number;
  readonly op: 'set' | 'add' | 'delete' | 'rename' | 'move' | 'insert' | 'append';
  readonly value: unknown;
  /** Of what is added or renamed. */
  readonly name: string;
  /** Where a moved item goes. */
  readonly other: number;
}

export const ops = ['set', 'add', 'delete', 'rename', 'move', 'insert', 'append'] as const;

/** Every place of a document; items with an id by it, others by their number. */
export function listPlaces(value: Value, path: readonly string[] = [], inList = false): Place[] {
  const here = path.length > 0 ? [{ path, value, inList }] : [];
  if (value instanceof Map)
    return [...here, ...[...value].flatMap(([name, member]) => listPlaces(member, [...path, name]))];
  if (!Array.isArray(value)) return here;
  const list: readonly Value[] = value;
  return [
    ...here,
    ...list.flatMap((item, index) => {
      const id = readId(item);
      // Of two items with one id, the pointer by id means the first.
      const known = id !== undefined && list.findIndex((other) => readId(other) === id) === index;
      return listPlaces(item, [...path, known ? `id:${id}` : String(index)], true);
    }),
  ];
}

/** The edit of a step; undefined where it makes no sense at the picked place. */
export function makeEdit(root: Value, step: Step): Edit | undefined {
  const places = listPlaces(root);
  const place = places[step.pick % places.length];
  if (!place) return undefined;
  const pointer = renderPointer(place.path);
  switch (step.op) {
    case 'set':
      return { op: 'set', pointer, value: step.value };
    case 'delete':
      return { op: 'delete', pointer };
    case 'add':
      return place.value instanceof Map
        ? { op: 'set', pointer: renderPointer([...place.path, step.name]), value: step.value }
        : undefined;
    case 'rename':
      return place.inList && readId(place.value) === undefined
        ? undefined
        : { op: 'rename', pointer, to: step.name };
    case 'insert':
      return place.inList ? { op: 'insert', pointer, value: step.value } : undefined;
    case 'append':
      return Array.isArray(place.value)
        ? { op: 'insert', pointer: `${pointer}/-`, value: step.value }
        : undefined;
    default: {
      if (!place.inList) return undefined;
      const owner = renderPointer(place.path.slice(0, -1));
      const siblings = places.filter((other) => renderPointer(other.path.slice(0, -1)) === owner);
      return { op: 'move', pointer, before: siblings[step.other % siblings.length]?.path.at(-1) ?? '-' };
    }
  }
}

/** Offsets of the whole lines that hold the touched node, with the comments right above and below that go with it. */
export function findTouchedLines(text: string, root: Value, edit: Edit): { start: number; end: number } {
  const tree = parseTree(text);
  const path = parsePointer(edit.pointer);
  // What is new stands in the lines of its owner; so does what it is the last of.
  const own = readPath(root, path) !== undefined && (edit.op === 'set' || edit.op === 'rename');
  for (let up = own ? 0 : 1; up <= path.length; up++) {
    const found = findNode(tree, path.slice(0, path.length - up));
    // Behind an alias or a merge the value is written out where the alias stands.
    if (!found) continue;
    const { slot, node } = found;
    if (slot.kind === 'root') return { start: 0, end: text.length };
    // A flow collection is one node for the eye: its separators move.
    if (slot.flow) continue;
    const first = slot.kind === 'pair' ? slot.pair.key.range?.[0] : findDash(slot.seq, slot.index);
    const last = Math.max(node?.range?.[2] ?? 0, slot.kind === 'pair' ? (slot.pair.key.range?.[2] ?? 0) : 0);
    if (first === undefined || first === null) continue;
    const start = findLineStart(text, first);
    return { start, end: findCommentsEnd(text, findLineEnd(text, last), first - start) };
  }
  return { start: 0, end: text.length };
}

/** Number of the line at an offset. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

// Comment lines below that stand deeper than the entry are the entry's.
function findCommentsEnd(text: string, from: number, column: number): number {
  let end = from;
  for (let at = from; at < text.length;) {
    const next = findLineEnd(text, at + 1);
    const line = text.slice(at, next).trimEnd();
    const comment = /^ *#/.test(line);
    if (line !== '' && !(comment && line.indexOf('#') > column)) break;
    if (comment) end = next;
    at = next;
  }
  return end;
}

function findLineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
}

function findLineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', Math.max(0, offset - 1));
  return end < 0 ? text.length : end + 1;
}
