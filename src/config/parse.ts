// One file's text → a tree with places, and every fault of its YAML. Bounded in depth, tokens and alias expansion
// before the YAML library builds anything, so that no text can hang or exhaust it.
import { Composer, Lexer, LineCounter, Parser, type CST, type Document } from 'yaml';
import type { Diagnostic, SourcePosition } from '../diagnostics.ts';
import { createFault } from './rules.ts';
import type { ConfigFile } from './source.ts';
import { buildTree } from './build-tree.ts';
import { explainYamlError } from './yaml-errors.ts';
import { positionOf, type ConfigNode, type PlacedFile } from './tree.ts';

export interface ParsedFile extends PlacedFile {
  readonly file: ConfigFile;
  readonly lines: LineCounter;
  /** The library's own document, for checks that look at quoting; undefined when the text is hopeless. */
  readonly document: Document.Parsed | undefined;
  /** Undefined when the file holds nothing that can be read. */
  readonly root: ConfigNode | undefined;
  /** The structure cannot be trusted: what seems missing may only be unreadable. */
  readonly broken: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** Tokens that the parser may hold open; a level of nesting takes one or two. */
const maxOpenTokens = 140;
/** About 1.2 µs of CPU each, so that the largest file is read in half a second. */
const maxTokens = 400_000;
const maxErrors = 20;

/** Parses one file. Never throws. */
export function parseFile(file: ConfigFile): ParsedFile {
  const lines = new LineCounter();
  const placed: PlacedFile = { file, lines };
  const diagnostics: Diagnostic[] = [];
  const composed = compose(file.text, lines);
  const spot = (start: number, end = start + 1): SourcePosition => positionOf({ source: placed, start, end });
  for (const { index } of file.text.matchAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g)) {
    diagnostics.push(
      createFault('source/control-character', 'a control character stands here', { at: spot(index) }),
    );
    if (diagnostics.length >= maxErrors) break;
  }
  if (composed.stopped) {
    const { code, offset } = composed.stopped;
    const message =
      code === 'yaml/too-deep'
        ? 'values nest deeper than 64 levels'
        : `${file.name} holds more values than the gateway reads`;
    diagnostics.push(createFault(code, message, { at: spot(offset) }));
    return { ...placed, document: undefined, root: undefined, broken: true, diagnostics };
  }
  const { document, second, directive } = composed;
  if (second !== undefined) {
    diagnostics.push(
      createFault('yaml/several-documents', 'a second document starts here', {
        at: spot(second, second + 3),
        suggestion: 'use one document per file',
      }),
    );
  }
  if (directive !== undefined) {
    diagnostics.push(
      createFault('yaml/directive', 'the language is YAML 1.2 without directives', { at: spot(directive) }),
    );
  }
  const problems = [...(document?.errors ?? []), ...(document?.warnings ?? [])].map((error) =>
    explainYamlError(error, file.text, spot, document),
  );
  const open = problems.find(({ swallowsFrom }) => swallowsFrom !== undefined);
  const hard = problems.filter(
    (problem) => problem.hard && (problem === open || problem.offset <= (open?.swallowsFrom ?? Infinity)),
  );
  diagnostics.push(...keepFirstPerLine(hard.map((problem) => problem.diagnostic)));
  diagnostics.push(
    ...problems
      .filter((problem) => !problem.hard)
      .map((problem) => problem.diagnostic)
      .slice(0, maxErrors),
  );
  const broken = hard.length > 0 || diagnostics.some(({ code }) => code === 'source/control-character');
  if (!document?.contents || isEmptyScalar(document)) {
    if (!broken) {
      const at = { file: file.name, line: 1, column: 1, endLine: 1, endColumn: 1 };
      diagnostics.push(createFault('source/empty', `${file.name} is empty`, { at }));
    }
    return { ...placed, document, root: undefined, broken: true, diagnostics };
  }
  const tree = buildTree(document, placed);
  return {
    ...placed,
    document,
    root: tree.root,
    broken: broken || tree.root === undefined,
    diagnostics: [...diagnostics, ...tree.diagnostics],
  };
}

interface Composed {
  readonly document?: Document.Parsed;
  /** Offset where a second document starts. */
  readonly second?: number;
  /** Offset of a directive that changes the language. */
  readonly directive?: number;
  readonly stopped?: { readonly code: 'yaml/too-deep' | 'yaml/too-many-values'; readonly offset: number };
}

/** `parseDocument` of the library, with a look at its stack after every token. */
function compose(text: string, lines: LineCounter): Composed {
  const parser = new Parser(lines.addNewLine);
  const lexer = new Lexer();
  // uniqueKeys compares all pairs: buildTree finds duplicates in linear time.
  const composer = new Composer({
    version: '1.2',
    merge: false,
    uniqueKeys: false,
    strict: true,
    lineCounter: lines,
  });
  let stopped: Composed['stopped'];
  let directive: number | undefined;
  function* readTokens(): Generator<CST.Token> {
    lines.addNewLine(0);
    let count = 0;
    for (const lexeme of lexer.lex(text)) {
      for (const token of parser.next(lexeme)) {
        if (token.type === 'directive' && !/^%YAML +1\.2\s*$/.test(token.source)) directive ??= token.offset;
        yield token;
      }
      count++;
      if (parser.stack.length > maxOpenTokens) stopped = { code: 'yaml/too-deep', offset: parser.offset };
      else if (count > maxTokens) stopped = { code: 'yaml/too-many-values', offset: parser.offset };
      if (stopped) return;
    }
    yield* parser.end();
  }
  let document: Document.Parsed | undefined;
  for (const next of composer.compose(readTokens(), true, text.length)) {
    if (document) return { document, second: next.range[0], ...(directive !== undefined && { directive }) };
    document = next as Document.Parsed;
  }
  return {
    ...(document && { document }),
    ...(directive !== undefined && { directive }),
    ...(stopped && { stopped }),
  };
}

/** One misplaced quote makes the parser stumble all the way down: only the first fault of a line is told. */
function keepFirstPerLine(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const lines = new Set<number>();
  return diagnostics.filter(({ at }) => at && !lines.has(at.line) && lines.add(at.line)).slice(0, maxErrors);
}

function isEmptyScalar(document: Document.Parsed): boolean {
  const contents: unknown = document.contents;
  return (
    typeof contents === 'object' &&
    contents !== null &&
    'value' in contents &&
    contents.value === null &&
    'source' in contents &&
    (contents.source === '' || contents.source === undefined)
  );
}
