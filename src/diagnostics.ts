// Faults of a configuration as data: a stable code, a severity, a place, a reason and a way out.
// Nothing here throws at the first fault; a collector gathers all of them (design, rule 4).

/** A place in a file. Lines and columns count from 1, columns in UTF-16 units, ends are exclusive. */
export interface SourcePosition {
  /** Path relative to the folder of the main configuration file, with forward slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** `error` stops a load, `warning` is reported (and is an error under --strict), `info` only informs. */
export type Severity = 'error' | 'warning' | 'info';

/** A mechanical repair that `validate --fix` may apply: replace the text at `at`. */
export interface Fix {
  readonly title: string;
  readonly at: SourcePosition;
  readonly text: string;
}

export interface Diagnostic {
  /** Stable, kebab-case, `family/rule`: `reference/unknown-target`. Documented in docs/reference/diagnostics.md. */
  readonly code: string;
  readonly severity: Severity;
  /** One sentence: what is wrong. Never holds a secret. */
  readonly message: string;
  readonly at?: SourcePosition;
  /** JSON pointer into the configuration, where there is one. */
  readonly pointer?: string;
  /** What to write instead ("did you mean …"). */
  readonly suggestion?: string;
  readonly fix?: Fix;
  /** The text at `at` may be a secret: no renderer shows it. */
  readonly sensitive?: true;
  /** Other places that belong to the story: the first definition, the shadowing rule. */
  readonly related?: readonly { readonly message: string; readonly at: SourcePosition }[];
}

/** A fault inside the text of one value (an expression, a schedule); offsets count UTF-16 units, the end is exclusive. */
export interface TextProblem {
  readonly message: string;
  readonly start: number;
  readonly end: number;
  readonly suggestion?: string;
}

/** Finds where a config pointer was written; undefined for values that no file holds. */
export type Locate = (pointer: string, part?: 'key' | 'value') => SourcePosition | undefined;

/** `file:line:column`, the form that terminals and editors can open. */
export function renderPosition(at: SourcePosition): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** Errors first broken down by place: sorts by file, line, column, code, so that output is stable. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  if (!a.at || !b.at) return a.at ? 1 : b.at ? -1 : compareText(a.code, b.code);
  return (
    compareText(a.at.file, b.at.file) ||
    a.at.line - b.at.line ||
    a.at.column - b.at.column ||
    compareText(a.code, b.code)
  );
}

/** Whether any of them stops a load. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
