// Two changes of one text brought together: what `ours` changed against `base` is made again on `theirs`, place by place.
// Where both changed the same place there is no answer, and never a guess.
import { GatewayError } from '../errors.ts';
import { renderPointer } from '../lib/json-pointer.ts';
import { editText, type Edit } from './edit.ts';
import { patchValue } from './edit/patch.ts';
import { findIndex, isSame, readId, readPath, type Value } from './edit/value.ts';
import { readText } from './file-set.ts';

/** One difference: an edit, with what stood at its place before. */
interface Difference {
  readonly edit: Edit;
  readonly path: readonly string[];
  /** Undefined where nothing stood there. */
  readonly before: Value | undefined;
  /** Undefined where it goes. */
  readonly after: Value | undefined;
}

/**
 * The text of `theirs` with our changes. `joined` is a merge by lines, taken when it says exactly the same, for it keeps
 * the comments of both; else each change is a small cut in their text. Throws GatewayError 409 naming the first place
 * that both changed, 422 when a text does not parse.
 */
export function mergeTexts(base: string, ours: string, theirs: string, joined?: string): string {
  if (ours === base || ours === theirs) return theirs;
  if (theirs === base) return ours;
  const root = readText(theirs);
  const open = listDifferences(readText(base), readText(ours)).filter((each) => isOpen(each, root));
  const wanted = open.reduce((value, { edit }) => patchValue(value, edit), root);
  if (joined !== undefined && means(joined, wanted)) return joined;
  const merged = open.reduce((text, { edit }) => editText(text, edit), theirs);
  const lost = listNewComments(base, ours).find((comment) => !merged.includes(comment));
  if (lost !== undefined)
    throw new GatewayError('conflict', `"${lost}" stands in lines that have been changed on both sides`);
  return merged;
}

// What a person wrote with a whole text is no value, and an edit of values would leave it behind.
function listNewComments(base: string, ours: string): string[] {
  const listComments = (text: string): string[] =>
    text.split(/\r?\n/).flatMap((line) => /(?:^|\s)(#.*)$/.exec(line)?.[1] ?? []);
  const before = new Set(listComments(base));
  return listComments(ours).filter((comment) => !before.has(comment));
}

// False where they did the same already; throws where they did something else.
function isOpen({ path, before, after, edit }: Difference, theirs: Value): boolean {
  const now = readPath(theirs, path);
  if (isEqual(now, after)) return false;
  const owner = readPath(theirs, path.slice(0, -1));
  const placed =
    before !== undefined ||
    (edit.op === 'insert'
      ? Array.isArray(owner) && findIndex(owner, decodeLast(edit.pointer)) >= 0
      : owner instanceof Map);
  const fits = isEqual(now, before) && placed;
  if (fits) return true;
  throw new GatewayError('conflict', `${renderPointer(path)} has been changed on both sides`);
}

function decodeLast(pointer: string): string {
  return pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');
}

function means(text: string, wanted: Value): boolean {
  try {
    return isSame(readText(text), wanted);
  } catch {
    return false;
  }
}

function isEqual(a: Value | undefined, b: Value | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSame(a, b);
}

/** What leads from one value to the other, by the smallest places that have a name. */
function listDifferences(before: Value, after: Value, path: readonly string[] = []): Difference[] {
  if (isSame(before, after)) return [];
  if (before instanceof Map && after instanceof Map) {
    const names = [...new Set([...before.keys(), ...after.keys()])];
    return names.flatMap((name) => {
      const [old, next] = [before.get(name), after.get(name)];
      const place = [...path, name];
      if (next === undefined) return [remove(place, old)];
      return old === undefined ? [set(place, undefined, next)] : listDifferences(old, next, place);
    });
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const items = listItemDifferences(before, after, path);
    if (items) return items;
  }
  return [set(path, before, after)];
}

/** Undefined for lists whose items have no ids or stand in another order now: such a list is one value. */
function listItemDifferences(
  before: readonly Value[],
  after: readonly Value[],
  path: readonly string[],
): Difference[] | undefined {
  const [old, next] = [readIds(before), readIds(after)];
  if (!old || !next) return undefined;
  const kept = old.filter((id) => next.includes(id));
  if (next.filter((id) => old.includes(id)).join('\0') !== kept.join('\0')) return undefined;
  const removed = old.filter((id) => !next.includes(id));
  // From the end, so that the item before which a new one goes is always there already.
  const added = next.flatMap((id, index) => (old.includes(id) ? [] : [index])).reverse();
  return [
    ...kept.flatMap((id) => listDifferences(itemOf(before, id), itemOf(after, id), [...path, `id:${id}`])),
    ...removed.map((id) => remove([...path, `id:${id}`], itemOf(before, id))),
    ...added.map((index): Difference => {
      const behind = next[index + 1];
      const value = after[index] ?? null;
      const pointer = renderPointer([...path, behind === undefined ? '-' : `id:${behind}`]);
      const edit: Edit = { op: 'insert', pointer, value };
      return { edit, path: [...path, `id:${next[index]}`], before: undefined, after: value };
    }),
  ];
}

function readIds(items: readonly Value[]): readonly string[] | undefined {
  const ids = items.map(readId);
  const known = ids.filter((id) => id !== undefined);
  return known.length === items.length && new Set(known).size === known.length ? known : undefined;
}

function itemOf(items: readonly Value[], id: string): Value {
  return items.find((item) => readId(item) === id) ?? null;
}

function set(path: readonly string[], before: Value | undefined, after: Value): Difference {
  return { edit: { op: 'set', pointer: renderPointer(path), value: after }, path, before, after };
}

function remove(path: readonly string[], before: Value | undefined): Difference {
  return { edit: { op: 'delete', pointer: renderPointer(path) }, path, before, after: undefined };
}
