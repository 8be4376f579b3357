// What an edit means, on plain values: the promise that the text edit must keep.
import { GatewayError } from '../../errors.ts';
import { parsePointer } from '../../lib/json-pointer.ts';
import { findIndex, readId, toValue, type Value } from './value.ts';

/**
 * One change of the document. Pointers are JSON pointers; a list item is `id:<id>` (or a number in requests of people).
 * `insert` points at the item before which the new one goes, or at `-` for the end; `move.before` likewise.
 */
export type Edit =
  | { readonly op: 'set'; readonly pointer: string; readonly value: unknown }
  | { readonly op: 'insert'; readonly pointer: string; readonly value: unknown }
  | { readonly op: 'delete'; readonly pointer: string }
  | { readonly op: 'rename'; readonly pointer: string; readonly to: string }
  | { readonly op: 'move'; readonly pointer: string; readonly before: string };

/** The document after the edit; throws GatewayError 404/409 where the edit makes no sense. */
export function patchValue(root: Value, edit: Edit): Value {
  const path = parsePointer(edit.pointer);
  if (path.length === 0) {
    if (edit.op === 'set') return toValue(edit.value);
    throw new GatewayError('conflict', `the whole document cannot be the place of "${edit.op}"`);
  }
  return change(root, path, edit, '');
}

/** Position of a `before` segment in a list; throws 404 when it names nothing. */
export function resolvePosition(list: readonly Value[], segment: string, place: string): number {
  const index = findIndex(list, segment);
  if (index < 0 || index > list.length)
    throw new GatewayError('not_found', `${place} has no item "${segment}"`);
  return index;
}

function change(at: Value, path: readonly string[], edit: Edit, place: string): Value {
  const [segment = '', ...rest] = path;
  const here = `${place}/${segment}`;
  if (Array.isArray(at)) return changeList(at, segment, rest, edit, place);
  if (!(at instanceof Map))
    throw new GatewayError('conflict', `${place || '/'} holds a plain value, nothing can stand below it`);
  const next = new Map<string, Value>(at);
  if (rest.length > 0) {
    const below =
      at.get(segment) ??
      (edit.op === 'set' ? new Map() : edit.op === 'insert' && rest.length === 1 ? [] : undefined);
    if (below === undefined) throw new GatewayError('not_found', `${here} does not exist`);
    return next.set(segment, change(below, rest, edit, here));
  }
  if (edit.op === 'set') return next.set(segment, toValue(edit.value));
  if (!at.has(segment)) throw new GatewayError('not_found', `${here} does not exist`);
  if (edit.op === 'delete') {
    next.delete(segment);
    return next;
  }
  if (edit.op !== 'rename')
    throw new GatewayError('conflict', `"${edit.op}" needs a list, and ${place || '/'} is a map`);
  if (at.has(edit.to) && edit.to !== segment)
    throw new GatewayError('conflict', `${place}/${edit.to} exists already`);
  return new Map([...at].map(([name, member]) => [name === segment ? edit.to : name, member]));
}

function changeList(
  at: readonly Value[],
  segment: string,
  rest: readonly string[],
  edit: Edit,
  place: string,
): Value {
  const index = resolvePosition(at, segment, place);
  const next = [...at];
  if (rest.length === 0 && edit.op === 'insert') return next.toSpliced(index, 0, toValue(edit.value));
  if (rest.length === 0 && edit.op === 'set' && segment === '-') return [...next, toValue(edit.value)];
  const item = next[index];
  if (item === undefined) throw new GatewayError('not_found', `${place} has no item "${segment}"`);
  if (rest.length > 0) return next.with(index, change(item, rest, edit, `${place}/${segment}`));
  if (edit.op === 'set') return next.with(index, toValue(edit.value));
  if (edit.op === 'delete') return next.toSpliced(index, 1);
  if (edit.op === 'rename') {
    if (!(item instanceof Map) || readId(item) === undefined)
      throw new GatewayError('conflict', `${place}/${segment} is a list item; it has no name of its own`);
    if (at.some((other) => other !== item && readId(other) === edit.to))
      throw new GatewayError('conflict', `${place}/id:${edit.to} exists already`);
    return next.with(index, new Map(item).set('id', edit.to));
  }
  if (edit.op !== 'move') return next;
  const before = resolvePosition(at, edit.before, place);
  next.splice(index, 1);
  next.splice(before > index ? before - 1 : before, 0, item);
  return next;
}
