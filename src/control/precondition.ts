// If-Match for documents: a tag names the subtree or file that it was read from, and holds for as long as that says the
// same. Edits elsewhere, by whomever, do not matter; they are simply there already when the change is applied.
import type { Edit } from '../config/edit.ts';
import { readFileSet, readTag, tagSubtree, tagText, type FileSet } from '../config/file-set.ts';
import { parsePointer, renderPointer } from '../lib/json-pointer.ts';
import type { Change, WriteOutcome } from './write-types.ts';

/** Why the change is stale, or undefined when every tag still holds and covers what the change touches. */
export function checkTags(
  files: FileSet,
  change: Change,
  tags: readonly string[] | undefined,
): WriteOutcome | undefined {
  if (tags === undefined || tags.includes('*')) return undefined;
  if (change.kind === 'texts') return checkTexts(files, change.texts, tags);
  const known = tags.flatMap((tag) => {
    const read = readTag(tag);
    return read ? [{ tag, ...read }] : [];
  });
  let root: ReturnType<typeof readFileSet> | undefined;
  for (const edit of change.edits) {
    const touched = findTouched(edit);
    const covering = known.filter(
      ({ kind, place }) => kind === 'text' || touched === place || touched.startsWith(`${place}/`),
    );
    root ??= readFileSet(files);
    const now = root;
    const holds = covering.some(({ kind, place, tag }) =>
      kind === 'text'
        ? files.some((file) => file.name === place && tagText(file) === tag)
        : tagSubtree(now, place) === tag,
    );
    if (holds) continue;
    const message =
      covering.length === 0
        ? `If-Match says nothing about ${touched}`
        : `${covering[0]?.place || 'the configuration'} has changed since it was read`;
    return { kind: 'stale', message, etag: tagSubtree(now, touched) };
  }
  return undefined;
}

/** Pointer of the smallest subtree that holds everything that the change touches. */
export function findScope(change: Change): string {
  if (change.kind === 'texts') return '';
  const paths = change.edits.map((edit) => parsePointer(findTouched(edit)));
  const [first = [], ...rest] = paths;
  const length = rest.reduce((shared, path) => {
    let same = 0;
    while (same < shared && path[same] === first[same]) same++;
    return same;
  }, first.length);
  return renderPointer(first.slice(0, length));
}

/** What an edit changes: an item's place belongs to its list, and so do a name and a new entry at its end. */
function findTouched(edit: Edit): string {
  return edit.op === 'insert' || edit.op === 'move'
    ? edit.pointer.slice(0, edit.pointer.lastIndexOf('/'))
    : edit.pointer;
}

function checkTexts(
  files: FileSet,
  texts: ReadonlyMap<string, string>,
  tags: readonly string[],
): WriteOutcome | undefined {
  for (const name of texts.keys()) {
    const file = files.find((each) => each.name === name);
    // A tag of the whole document is not enough: it does not see comments, which this would replace.
    const etag = tagText(file ?? { name, text: '' });
    if (!tags.includes(etag))
      return { kind: 'stale', message: `${name} has changed since it was read`, etag };
  }
  return undefined;
}
