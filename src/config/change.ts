// Pointer edits over all files of a configuration: each goes to the file that holds the place, a rename takes its
// references along and leaves a note in `moved`, and what is still named is not deleted.
import { GatewayError } from '../errors.ts';
import { parsePointer, renderPointer } from '../lib/json-pointer.ts';
import { editText, type Edit } from './edit.ts';
import { findNode } from './edit/find.ts';
import { parseTree } from './edit/tree.ts';
import { findUses, listSubjects, readSubject, type Use } from './edit/uses.ts';
import { patchValue } from './edit/patch.ts';
import { readPath, type Value } from './edit/value.ts';
import {
  findPlace,
  findText,
  readFileSet,
  readText,
  replaceText,
  type FileSet,
  type SourceText,
} from './file-set.ts';

export interface ChangeOptions {
  /** Where a new entry goes; else `newEntries`, else beside its siblings, else the main file. */
  readonly file?: string | undefined;
  /** `gitops.files`: section → file. */
  readonly newEntries?: Readonly<Record<string, string>>;
  /** Deletes what names the deleted thing too, instead of refusing. */
  readonly cascade?: boolean;
}

/** A place that names something, as people look it up. */
export interface UsePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly pointer: string;
  readonly text: string;
}

/** What is still named cannot go: 409 with every place that names it. */
export class StillUsedError extends GatewayError {
  readonly uses: readonly UsePlace[];

  constructor(pointer: string, uses: readonly UsePlace[]) {
    const places = uses.map(({ file, line, column }) => `${file}:${line}:${column}`);
    super('conflict', `${pointer} is still used: ${places.join(', ')}`);
    this.uses = uses;
  }
}

/** A bound on the deletions that one deletion may bring along. */
const maxCascade = 1_000;

/** Applies edits one after the other; throws GatewayError 404, 409 (StillUsedError) or 422, nothing half done. */
export function applyEdits(files: FileSet, edits: readonly Edit[], options: ChangeOptions = {}): FileSet {
  return edits.reduce((set, edit) => applyEdit(set, edit, options), files);
}

function applyEdit(files: FileSet, edit: Edit, options: ChangeOptions): FileSet {
  if (edit.pointer === '') throw new GatewayError('conflict', 'the whole document is replaced with PUT');
  if (edit.op === 'rename') return rename(files, edit);
  if (edit.op === 'delete')
    return dropNotes(remove(files, edit.pointer, options), ({ to }) => isBelow(to, edit.pointer));
  const next = editPlace(files, edit, options);
  // Whoever takes a name that was left before means something new by it.
  const taken = readSubject(edit.pointer);
  return taken ? dropNotes(next, ({ from }) => from === edit.pointer) : next;
}

/** The edit in the one file that it belongs to. */
function editPlace(files: FileSet, edit: Edit, { file, newEntries = {} }: ChangeOptions): FileSet {
  const [section = '', entry, ...deeper] = parsePointer(edit.pointer);
  const isNew = entry !== undefined && deeper.length === 0;
  const wanted = isNew
    ? (file ?? (Object.hasOwn(newEntries, section) ? newEntries[section] : undefined))
    : undefined;
  const place = findPlace(files, edit.pointer, wanted);
  if (edit.op === 'move') {
    const other = findPlace(
      files,
      renderPointer([...parsePointer(edit.pointer).slice(0, -1), edit.before]),
      place.file,
    );
    if (other.file !== place.file)
      throw new GatewayError(
        'conflict',
        `${edit.pointer} stands in ${place.file} and "${edit.before}" in ${other.file}; order between files is that of their names`,
      );
    return editFile(files, place.file, {
      ...edit,
      pointer: place.pointer,
      before: parsePointer(other.pointer).at(-1) ?? edit.before,
    });
  }
  return editFile(files, place.file, { ...edit, pointer: place.pointer });
}

function editFile(files: FileSet, name: string, edit: Edit): FileSet {
  const text = findText(files, name) ?? '';
  return replaceText(files, name, editText(text, edit));
}

// --- rename ---

function rename(files: FileSet, edit: Edit & { readonly op: 'rename' }): FileSet {
  const { pointer, to } = edit;
  const root = readFileSet(files);
  // Says 404 and 409 for the whole set, not for one file of it.
  patchValue(root, edit);
  const subject = readSubject(pointer);
  if (subject === undefined) return editPlace(files, edit, {});
  const clash = subject.kind === 'name' ? ['aliases', 'combos'] : [];
  for (const section of clash) {
    if (readPath(root, [section, to]) !== undefined)
      throw new GatewayError('conflict', `/${section}/${to} exists already`);
  }
  const before = readPath(root, parsePointer(pointer));
  let next = editPlace(files, edit, {});
  const path = parsePointer(pointer);
  const renamed = renderPointer([...path.slice(0, -1), pointerName(path.at(-1) ?? '', to)]);
  for (const { name } of files) next = rewriteUses(next, name, (root) => findUses(root, subject), to);
  if (subject.kind === 'provider') next = keepCatalogEntry(next, renamed, subject.name, before);
  return noteMove(next, pointer, renamed);
}

function pointerName(segment: string, to: string): string {
  return segment.startsWith('id:') ? `id:${to}` : to;
}

// Keys are renamed where they stand, so that their entries keep every byte; all values change in one go, so that an
// anchor that two lists share is changed once.
function rewriteUses(
  files: FileSet,
  name: string,
  find: (root: Value) => readonly Use[],
  to: string,
): FileSet {
  let text = findText(files, name) ?? '';
  for (const use of find(readText(text)).filter(({ key }) => key))
    text = editText(text, { op: 'rename', pointer: use.pointer, to: use.rename(to) });
  const root = readText(text);
  const values = find(root).filter(({ key }) => !key);
  if (values.length > 0) {
    const want = values.reduce<Value>(
      (value, use) => patchValue(value, { op: 'set', pointer: use.pointer, value: use.rename(to) }),
      root,
    );
    text = editText(text, { op: 'set', pointer: '', value: want });
  }
  return replaceText(files, name, text);
}

// A provider without endpoints of its own is the catalog's entry of its name; under another name it must say so.
function keepCatalogEntry(files: FileSet, pointer: string, entry: string, value: Value | undefined): FileSet {
  const says = (key: string): boolean => value instanceof Map && value.has(key);
  if (says('catalog') || says('protocols') || says('sandbox')) return files;
  return editPlace(files, { op: 'set', pointer: `${pointer}/catalog`, value: entry }, {});
}

// Counters, breakers and budgets follow their names by these notes.
const keepsState = new Set(['combos', 'providers', 'keys', 'budgets', 'rateLimits']);

function noteMove(files: FileSet, from: string, to: string): FileSet {
  if (!keepsState.has(parsePointer(from)[0] ?? '')) return files;
  // Back to a name that was left: the note of its leaving is void.
  let next = dropNotes(files, (note) => isBelow(note.from, to));
  for (const [index, note] of listNotes(next).entries()) {
    if (isBelow(note.to, from))
      next = editPlace(
        next,
        { op: 'set', pointer: `/moved/${index}/to`, value: to + note.to.slice(from.length) },
        {},
      );
  }
  next = dropNotes(next, (note) => note.from === note.to);
  return editPlace(next, { op: 'insert', pointer: '/moved/-', value: { from, to } }, {});
}

interface Note {
  readonly from: string;
  readonly to: string;
}

function listNotes(files: FileSet): readonly Note[] {
  const listed = readPath(readFileSet(files), ['moved']);
  const read = (item: Value, key: string): string => (item instanceof Map ? String(item.get(key) ?? '') : '');
  return Array.isArray(listed)
    ? listed.map((item: Value) => ({ from: read(item, 'from'), to: read(item, 'to') }))
    : [];
}

function dropNotes(files: FileSet, test: (note: Note) => boolean): FileSet {
  let next = files;
  for (const [index, note] of [...listNotes(files).entries()].reverse()) {
    if (!test(note)) continue;
    const alone = listNotes(next).length === 1;
    next = editPlace(next, { op: 'delete', pointer: alone ? '/moved' : `/moved/${index}` }, {});
  }
  return next;
}

function isBelow(pointer: string, owner: string): boolean {
  return pointer === owner || pointer.startsWith(`${owner}/`);
}

// --- delete ---

function remove(files: FileSet, pointer: string, options: ChangeOptions): FileSet {
  const subjects = listSubjects(readFileSet(files), pointer);
  if (options.cascade !== true) {
    const uses = subjects.flatMap((each) => locateUses(files, each, pointer));
    if (uses.length > 0) throw new StillUsedError(pointer, uses);
    return editPlace(files, { op: 'delete', pointer }, options);
  }
  return removeAll(files, pointer, { left: maxCascade });
}

// One use at a time, because each cut moves the places of the others.
function removeAll(files: FileSet, pointer: string, budget: { left: number }): FileSet {
  let next = files;
  for (;;) {
    const root = readFileSet(next);
    const [use] = listSubjects(root, pointer)
      .flatMap((each) => findUses(root, readSubject(each) ?? { kind: 'name', name: '' }))
      .filter((each) => !isBelow(nameItems(root, each.drop), pointer));
    if (!use) break;
    if (budget.left-- <= 0) throw new GatewayError('conflict', `${pointer} is used in too many places`);
    next = removeUse(next, nameItems(root, use.drop), budget);
  }
  if (readPath(readFileSet(next), parsePointer(pointer)) === undefined) return next;
  return editPlace(next, { op: 'delete', pointer }, {});
}

function removeUse(files: FileSet, drop: string, budget: { left: number }): FileSet {
  const next = removeAll(files, drop, budget);
  const [section, combo = '', list] = parsePointer(drop);
  if (section !== 'combos' || list !== 'targets') return next;
  // A combo without targets is as good as absent: it goes too.
  const left = readPath(readFileSet(next), ['combos', combo, 'targets']);
  return Array.isArray(left) && left.length === 0
    ? removeAll(next, renderPointer(['combos', combo]), budget)
    : next;
}

/** The pointer with ids in place of indices, where items have ids. */
function nameItems(root: Value, pointer: string): string {
  let at: Value | undefined = root;
  const path = parsePointer(pointer).map((segment) => {
    const list: readonly Value[] | undefined = Array.isArray(at) ? at : undefined;
    const item: Value | undefined = list
      ? list[Number(segment)]
      : at instanceof Map
        ? at.get(segment)
        : undefined;
    at = item;
    const id = list && item instanceof Map ? item.get('id') : undefined;
    return typeof id === 'string' ? `id:${id}` : segment;
  });
  return renderPointer(path);
}

function locateUses(files: FileSet, pointer: string, except: string): UsePlace[] {
  const subject = readSubject(pointer);
  if (!subject) return [];
  return files.flatMap((file) => {
    const root = readText(file.text);
    return findUses(root, subject)
      .filter((use) => !isBelow(nameItems(root, use.pointer), except))
      .map((use) => ({ ...locate(file, use), pointer: use.pointer, text: use.text }));
  });
}

function locate({ name, text }: SourceText, use: Use): Pick<UsePlace, 'file' | 'line' | 'column'> {
  const found = findNode(parseTree(text), parsePointer(use.pointer));
  const key = found && found.slot.kind === 'pair' ? found.slot.pair.key.range?.[0] : undefined;
  const offset = (use.key ? key : undefined) ?? found?.node?.range?.[0] ?? 0;
  const before = text.slice(0, offset);
  return { file: name, line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
