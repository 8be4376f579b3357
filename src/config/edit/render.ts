// New values as YAML text in the file's own manner: the stringifier serves only for the inserted piece.
import { Document, isCollection, isScalar, Scalar, visit, type Node } from 'yaml';
import type { Tree } from './tree.ts';
import type { Value } from './value.ts';

/** How a value is written at one place. */
export interface RenderedValue {
  /** True: stands behind `key:` or `-` on the same line. False: a block that begins on its own line. */
  readonly inline: boolean;
  /** Lines without the indentation of the place, joined by `\n`. */
  readonly text: string;
}

/** One value in block context. Non-empty collections are blocks, all else is inline (block scalars keep their lines). */
export function renderBlock(tree: Tree, value: Value, like?: Node | null): RenderedValue {
  const document = createDocument(value);
  const inline = !isCollection(document.contents) || document.contents.items.length === 0;
  const options = { indent: tree.step, indentSeq: tree.indentLists, lineWidth: 0, minContentWidth: 0 };
  copyQuoting(document.contents, like);
  // At the root a block scalar would not be indented; below a key it is, with the right indentation indicator.
  const text = inline
    ? new Document({ k: document.contents })
        .toString(options)
        .slice('k:'.length)
        .replace(/^[ \n]+/, '')
    : document.toString(options);
  return { inline, text: text.replace(/\n$/, '') };
}

/** One value on one line, for a place inside `{}` or `[]`. */
export function renderFlow(value: Value, like?: Node | null): string {
  // A list around it puts the scalar into flow context, where more characters need quotes.
  const document = createDocument([value]);
  visit(document, {
    Collection: (_, node) => {
      node.flow = true;
    },
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && node.value.includes('\n')) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const item = isCollection(document.contents) ? document.contents.items[0] : null;
  copyQuoting(item as Node | null, like);
  const text = document.toString({
    lineWidth: 0,
    minContentWidth: 0,
    doubleQuotedMinMultiLineLength: Infinity,
  });
  // Not trim(): it would take a no-break space or a byte order mark that belongs to the value.
  return text.replace(/^[ \n]*\[[ \n]*/, '').replace(/[ \n]*\][ \n]*$/, '');
}

/** A key as it stands before its colon. */
export function renderKey(name: string): string {
  return name === '<<' ? '"<<"' : renderFlow(name);
}

// An unquoted key `<<` would merge. A block text with blank lines at its end would swallow the blank lines that follow
// it in the file; one that begins with spaces needs its indentation spelled out, which yaml does for steps of 2 only.
function createDocument(value: Value): Document {
  const document = new Document(value);
  visit(document, {
    Scalar: (key, node) => {
      const merges = key === 'key' && node.value === '<<';
      const odd = typeof node.value === 'string' && /^\s[^]*\n|(?:^|\n)\s*\n$/.test(node.value);
      if (merges || odd) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document;
}

/** Puts `padding` before every line that has content, except the first. */
export function indentRest(text: string, padding: string): string {
  return text
    .split('\n')
    .map((line, index) => (index === 0 || line === '' ? line : padding + line))
    .join('\n');
}

// A person who quoted a value wants the next one quoted too.
function copyQuoting(node: Node | null, like: Node | null | undefined): void {
  if (!isScalar(node) || !isScalar(like)) return;
  if (typeof node.value !== 'string' || typeof like.value !== 'string' || node.value.includes('\n')) return;
  if (like.type === Scalar.QUOTE_DOUBLE || like.type === Scalar.QUOTE_SINGLE) node.type = like.type;
}
