// The YAML library's errors in our own words. Its texts quote the file, which may hold a secret: only its codes and
// offsets are used.
import {
  isCollection,
  isScalar,
  visit,
  type Document,
  type Node,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml';
import type { Diagnostic, SourcePosition } from '../diagnostics.ts';
import { createFault, type LoadCode } from './rules.ts';

export interface YamlProblem {
  readonly diagnostic: Diagnostic;
  /** The structure below cannot be trusted. */
  readonly hard: boolean;
  /** Where an open quote begins: everything behind it was read as its text. */
  readonly swallowsFrom?: number;
  /** Where the library stumbled. */
  readonly offset: number;
}

interface Explanation {
  readonly code: LoadCode;
  readonly message: string;
  readonly suggestion?: string;
  /** What is missing its end. */
  readonly closes?: 'quote' | 'bracket';
  readonly soft?: true;
}

const explanations: Readonly<Record<string, Explanation>> = {
  ALIAS_PROPS: { code: 'yaml/alias', message: 'an alias takes neither anchor nor tag' },
  BAD_ALIAS: { code: 'yaml/alias', message: 'the name of an anchor or alias is not usable', soft: true },
  BAD_COLLECTION_TYPE: { code: 'yaml/tag', message: 'this tag does not fit the value', soft: true },
  BAD_DIRECTIVE: { code: 'yaml/directive', message: 'this directive is not known' },
  BAD_DQ_ESCAPE: {
    code: 'yaml/quote',
    message: 'this escape is not known in double quotes',
    suggestion: 'write the backslash twice, or use single quotes',
  },
  BAD_INDENT: { code: 'yaml/indentation', message: 'this line does not line up with its neighbours' },
  BAD_PROP_ORDER: { code: 'yaml/syntax', message: 'anchors and tags stand before their value' },
  BAD_SCALAR_START: {
    code: 'yaml/syntax',
    message: 'a value without quotes cannot start with this character',
    suggestion: 'put the value in quotes',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    code: 'yaml/syntax',
    message: 'a map or list cannot start on the line of its key',
    suggestion: 'begin a new line, or put a text that holds ": " in quotes',
  },
  BLOCK_IN_FLOW: { code: 'yaml/syntax', message: 'an indented block cannot stand inside brackets' },
  KEY_OVER_1024_CHARS: { code: 'yaml/key', message: 'a key is at most 1,024 characters long' },
  MULTILINE_IMPLICIT_KEY: {
    code: 'yaml/syntax',
    message: 'a key stands on one line',
    suggestion: 'is a colon missing above?',
  },
  MULTIPLE_ANCHORS: { code: 'yaml/alias', message: 'a value has at most one anchor' },
  MULTIPLE_TAGS: { code: 'yaml/tag', message: 'a value has at most one tag' },
  NON_STRING_KEY: { code: 'yaml/key', message: 'a key must be a text' },
  RESOURCE_EXHAUSTION: { code: 'yaml/too-deep', message: 'values nest deeper than 64 levels' },
  TAB_AS_INDENT: { code: 'yaml/tab', message: 'a tab cannot indent', suggestion: 'use blanks' },
  TAG_RESOLVE_FAILED: {
    code: 'yaml/tag',
    message: 'a value that begins with ! is read as a YAML tag',
    suggestion: 'put the whole value in quotes',
    soft: true,
  },
};

/** What is missing, by a part of the library's text that never comes from the file. */
const missing: readonly { readonly pattern: RegExp; readonly explanation: Explanation }[] = [
  {
    pattern: /^Missing closing/,
    explanation: { code: 'yaml/quote', message: 'the closing quote is missing', closes: 'quote' },
  },
  {
    pattern: /^Implicit map keys/,
    explanation: { code: 'yaml/syntax', message: 'a key without a colon', suggestion: 'write "key: value"' },
  },
  {
    pattern: /^Comments must/,
    explanation: { code: 'yaml/syntax', message: 'a comment needs a blank before its #' },
  },
  {
    pattern: /end with a \}$/,
    explanation: { code: 'yaml/syntax', message: 'a closing } is missing', closes: 'bracket' },
  },
  {
    pattern: /end with a \]$/,
    explanation: { code: 'yaml/syntax', message: 'a closing ] is missing', closes: 'bracket' },
  },
  { pattern: /^Missing , /, explanation: { code: 'yaml/syntax', message: 'a comma is missing' } },
  {
    pattern: /^Missing space after :/,
    explanation: { code: 'yaml/syntax', message: 'a blank is missing after the colon' },
  },
  {
    pattern: /^Block collection cannot start/,
    explanation: { code: 'yaml/syntax', message: 'a map or list cannot start on the line of ---' },
  },
  {
    pattern: /^Sequence item without/,
    explanation: {
      code: 'yaml/indentation',
      message: 'this line is neither an item of the list above nor a key of a map',
      suggestion: 'begin it with "- ", or change its indentation',
    },
  },
];

const unexpected: Explanation = { code: 'yaml/syntax', message: 'this does not belong here' };

/** One error or warning of the library; both stop a load. */
export function explainYamlError(
  error: YAMLParseError | YAMLWarning,
  text: string,
  spot: (start: number, end?: number) => SourcePosition,
  document?: Document.Parsed,
): YamlProblem {
  const constant = error.code === 'MISSING_CHAR' || error.code === 'BAD_INDENT';
  const explanation =
    (constant ? missing.find(({ pattern }) => pattern.test(error.message))?.explanation : undefined) ??
    explanations[error.code] ??
    unexpected;
  const [from, to] = error.pos;
  // the library points at the blanks before the culprit
  const blanks =
    error.code === 'TAB_AS_INDENT'
      ? 0
      : (/^[ \t]*(?=\S)/.exec(text.slice(from, from + 200))?.[0].length ?? 0);
  const start = from + blanks;
  const length = /^\S{1,80}/.exec(text.slice(start, Math.max(to, start + 1)))?.[0].length ?? 1;
  const { code, message, suggestion, soft } = explanation;
  const opened = explanation.closes && document ? findOpening(document, from, explanation.closes) : undefined;
  // a quote runs to the end of the file before anybody misses its end: its beginning tells more
  const atOpening = opened !== undefined && explanation.closes === 'quote';
  return {
    diagnostic: createFault(code, message, {
      at: atOpening ? spot(opened) : spot(start, start + length),
      suggestion,
      ...(opened !== undefined && !atOpening && { related: [{ message: 'opened here', at: spot(opened) }] }),
    }),
    hard: soft !== true,
    offset: from,
    ...(atOpening && { swallowsFrom: opened }),
  };
}

/** Offset of the quote or bracket that is still open at `offset`: the innermost one that reaches there. */
function findOpening(
  document: Document.Parsed,
  offset: number,
  closes: 'quote' | 'bracket',
): number | undefined {
  let opening: number | undefined;
  const look = (node: Node, fits: boolean): void => {
    const [start, , end] = node.range ?? [0, 0, 0];
    if (fits && start < offset && offset <= end + 1) opening = start;
  };
  visit(document, {
    Node: (_, node) => {
      if (isScalar(node)) look(node, closes === 'quote' && (node.type?.startsWith('QUOTE') ?? false));
      else if (isCollection(node)) look(node, closes === 'bracket' && node.flow === true);
    },
  });
  return opening;
}
