// The canonical layout of a configuration file: text → text with the same meaning and the same comments. Order, names,
// anchors and the choice between `{}` and lines stay as they were written, as long as a line fits.
import {
  isCollection,
  Lexer,
  LineCounter,
  parseDocument,
  Scalar,
  visit,
  type Document,
  type ParsedNode,
  type ScalarTag,
  type Tags,
} from 'yaml';
import { stringifyString } from 'yaml/util';
import type { Diagnostic, SourcePosition } from '../diagnostics.ts';

export type FormatResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Lines of `{}` and `[]` that are longer become blocks. */
const lineWidth = 110;
const indent = 2;
const maxReadings = 5;

/**
 * Formats the text of one file, called `file` in diagnostics. A text that does not parse is refused and never changed.
 * Formatting twice is formatting once.
 */
export function formatConfig(text: string, file: string): FormatResult {
  const plain = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const lines = new LineCounter();
  const document = parse(plain, lines);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const diagnostics = faults.map(({ pos, message }): Diagnostic => ({
      code: 'yaml/syntax',
      severity: 'error',
      message: message.split('\n')[0] ?? message,
      at: place(file, lines, pos),
    }));
    return { ok: false, diagnostics };
  }
  if (document.contents === null) return { ok: true, text: `${plain.trimEnd()}\n` };
  const bomb = findAliasFault(document, file, lines);
  if (bomb) return { ok: false, diagnostics: [bomb] };
  const formatted = settle(document);
  const kept = isSame(plain, formatted);
  return { ok: true, text: kept ? formatted : trimLines(plain) };
}

// Aliases that name nothing, or multiply beyond reason, come to light only when they are followed.
function findAliasFault(
  document: Document.Parsed<ParsedNode>,
  file: string,
  lines: LineCounter,
): Diagnostic | undefined {
  try {
    document.toJS({ mapAsMap: true });
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'yaml/syntax', severity: 'error', message, at: place(file, lines, [0, 0]) };
  }
}

// The width of a line is known only after it has been written, and a block may change what stands behind it.
function settle(document: Document.Parsed<ParsedNode>): string {
  visit(document, { Scalar: (_, node) => chooseQuotes(node) });
  let text = write(document);
  for (let again = breakLongLines(document, text); again; again = breakLongLines(document, text))
    text = write(document);
  return alignComments(reread(text));
}

/**
 * A second reading puts blank lines and comments where the stringifier itself would look for them; behind the last
 * bracket of a file it needs a third.
 */
function reread(text: string): string {
  for (let count = 0; count < maxReadings; count++) {
    const next = write(parse(text));
    if (next === text) break;
    text = next;
  }
  return text;
}

function write(document: Document.Parsed<ParsedNode>): string {
  const text = document.toString({
    indent,
    indentSeq: true,
    lineWidth: 0,
    flowCollectionPadding: true,
    commentString: (comment) => comment.replaceAll(/^(?!$)(?: $)?/gm, '#'),
  });
  return trimLines(text.replaceAll(/\n{3,}/g, '\n\n'));
}

function parse(text: string, lineCounter = new LineCounter()): Document.Parsed<ParsedNode> {
  return parseDocument(text, { version: '1.2', merge: true, lineCounter, customTags });
}

/** Folded blocks (`>`) keep a line width although nothing else is folded; numbers keep their spelling. */
function customTags(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag !== 'object' || tag.collection) return tag;
    if (tag.tag === 'tag:yaml.org,2002:str') return { ...tag, stringify: writeString };
    const write = tag.stringify;
    return write ? { ...tag, stringify: (item, ...rest) => item.source ?? write(item, ...rest) } : tag;
  });
}

const writeString: NonNullable<ScalarTag['stringify']> = (item, context, onComment, onChompKeep) => {
  const options = item.type === Scalar.BLOCK_FOLDED ? { ...context.options, lineWidth } : context.options;
  return stringifyString(
    { ...item, value: String(item.value) },
    { ...context, options },
    onComment,
    onChompKeep,
  );
};

/** Double quotes, unless the text itself holds them or a backslash. */
function chooseQuotes(node: Scalar): void {
  if (node.type === Scalar.QUOTE_SINGLE && typeof node.value === 'string' && !/["\\\n]/.test(node.value)) {
    node.type = Scalar.QUOTE_DOUBLE;
  }
}

/** Turns the outermost `{}` or `[]` of every line that is too long into a block; answers whether there was one. */
function breakLongLines(document: Document.Parsed<ParsedNode>, text: string): boolean {
  const lines = new LineCounter();
  const ends = text.split('\n').map((line) => measure(line));
  const tooLong: boolean[] = [];
  visit(parse(text, lines), {
    Collection: (_, node) => {
      const at = node.range ? lines.linePos(node.range[0]).line - 1 : 0;
      tooLong.push(node.flow === true && node.items.length > 0 && (ends[at] ?? 0) > lineWidth);
    },
  });
  // Both documents have the same collections in the same order.
  let changed = false;
  let index = 0;
  visit(document, {
    Collection: (key, node, path) => {
      const long = tooLong[index++] === true;
      // A key cannot be a block, and inside a flow collection there are no blocks.
      const inside = path.some((parent) => isCollection(parent) && parent.flow === true);
      if (!long || inside || key === 'key' || changed) return;
      node.flow = false;
      // What stood behind the closing bracket says something about the whole: it goes above the first entry.
      if (node.comment) {
        node.commentBefore = [node.commentBefore, node.comment].filter(Boolean).join('\n');
        node.comment = null;
      }
      changed = true;
    },
  });
  return changed;
}

/** Width of a line without a comment behind it. */
function measure(line: string): number {
  return line.replace(/\s#.*$/, '').trimEnd().length;
}

/** Comments behind values of neighbouring lines begin in one column, two blanks behind the longest. */
function alignComments(text: string): string {
  const lines = joinTokens(text);
  for (let first = 0; first < lines.length; first++) {
    let end = first;
    while (lines[end]?.comment) end++;
    const longest = Math.max(...lines.slice(first, end).map(({ code }) => code.length));
    for (const line of lines.slice(first, end)) line.code = line.code.padEnd(longest + 2);
    first = Math.max(first, end - 1);
  }
  return lines.map(({ code, comment }) => code + comment).join('\n');
}

/** The lines of a text, each with the comment behind its value; `[ a ]` becomes `[a]`. Only a lexer knows which is which. */
function joinTokens(text: string): { code: string; comment: string }[] {
  const lines = [{ code: '', comment: '' }];
  let before = '';
  for (const token of new Lexer().lex(text)) {
    // Marks that the lexer adds: document start, end of a flow, start of a scalar.
    if (/^[\u0002\u0018\u001f\ufeff]$/.test(token)) continue;
    const line = lines.at(-1) ?? { code: '', comment: '' };
    const blank = /^ +$/.test(token);
    if (token.startsWith('#') && line.code.trim() !== '') {
      line.code = line.code.trimEnd();
      line.comment = token;
    } else if (token === ']' && line.code.trim() !== '') line.code = `${line.code.trimEnd()}]`;
    else if (!(blank && before === '[')) {
      const [head = '', ...rest] = token.split('\n');
      line.code += head;
      for (const code of rest) lines.push({ code, comment: '' });
    }
    before = token;
  }
  return lines;
}

/** The same data, and every comment still there. */
function isSame(before: string, after: string): boolean {
  const [first, second] = [parse(before), parse(after)];
  if (second.errors.length > 0) return false;
  const data = JSON.stringify(toData(first)) === JSON.stringify(toData(second));
  return data && JSON.stringify(listComments(before)) === JSON.stringify(listComments(after));
}

function toData(document: Document.Parsed<ParsedNode>): unknown {
  return document.toJS({ mapAsMap: false, maxAliasCount: 1000 });
}

/** Texts of all comments, sorted: formatting may move one behind or before a neighbour, never drop it. */
function listComments(text: string): string[] {
  const comments: string[] = [];
  for (const token of new Lexer().lex(text)) if (token.startsWith('#')) comments.push(token.trimEnd());
  return comments.sort();
}

/** What is done to a file that the stringifier cannot write without a loss. */
function trimLines(text: string): string {
  return `${text.trimEnd()}\n`;
}

function place(file: string, lines: LineCounter, [start, end]: readonly [number, number]): SourcePosition {
  const from = lines.linePos(start);
  const to = lines.linePos(Math.max(end, start + 1));
  return { file, line: from.line, column: from.col, endLine: to.line, endColumn: to.col };
}
