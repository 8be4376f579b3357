// A check is one rule with its documentation; it finds faults by pointer, and the runner turns them into diagnostics.
import {
  compareDiagnostics,
  type Diagnostic,
  type Locate,
  type Severity,
  type SourcePosition,
  type TextProblem,
} from '../diagnostics.ts';

/** One row of the closed table of diagnostic codes (docs/reference/diagnostics.md). */
export interface DiagnosticRule {
  /** Stable, kebab-case, `family/rule`. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, in one or two sentences. */
  readonly meaning: string;
  /** What to do about it. */
  readonly action: string;
}

/** A fault before it has a code and a place. */
export interface Finding {
  /** JSON pointer into the merged configuration. */
  readonly pointer: string;
  /** Points at the key instead of the value. */
  readonly part?: 'key' | 'value';
  /** The place, where it is known better than by pointer; null when no file is to blame (a flag, a variable). */
  readonly at?: SourcePosition | null;
  /** A range inside the text of the value; `text` is the value itself, so that quotes can be told apart. */
  readonly inside?: { readonly text: string; readonly start: number; readonly end: number };
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly fix?: { readonly title: string; readonly text: string; readonly at?: SourcePosition } | undefined;
  readonly sensitive?: true;
  readonly related?: readonly {
    readonly message: string;
    readonly pointer: string;
    readonly part?: 'key' | 'value';
  }[];
}

/** A rule that can look. `check` is pure and reports all faults of its kind. */
export interface Check<Context> extends DiagnosticRule {
  readonly check: (context: Context) => Iterable<Finding>;
}

/** Runs every check; the result is sorted by place. */
export function runChecks<Context>(
  checks: readonly Check<Context>[],
  context: Context,
  locate: Locate,
): Diagnostic[] {
  const diagnostics = checks.flatMap((check) =>
    [...check.check(context)].map((finding) => place(check, finding, locate)),
  );
  return diagnostics.sort(compareDiagnostics);
}

/** A fault inside a text value as a finding at that value. */
export function findInside(
  pointer: string,
  text: string,
  { message, start, end, suggestion }: TextProblem,
): Finding {
  return { pointer, inside: { text, start, end }, message, suggestion };
}

function place({ code, severity }: DiagnosticRule, finding: Finding, locate: Locate): Diagnostic {
  const { pointer, part = 'value', inside, message, suggestion, fix, sensitive, related = [] } = finding;
  // A place that no file holds (a default, a flag) still belongs to the nearest parent that one holds.
  const whole =
    finding.at === null ? undefined : (finding.at ?? locate(pointer, part) ?? locateParent(pointer, locate));
  const at = whole && inside ? narrow(whole, inside) : whole;
  const fixAt = fix?.at ?? whole;
  const places = related.flatMap(({ message: text, pointer: other, part: side }) => {
    const found = locate(other, side);
    return found ? [{ message: text, at: found }] : [];
  });
  return {
    code,
    severity,
    message,
    ...(pointer !== '' && { pointer }),
    ...(at && { at }),
    ...(suggestion !== undefined && { suggestion }),
    ...(fix && fixAt && { fix: { title: fix.title, at: fixAt, text: fix.text } }),
    ...(sensitive && { sensitive }),
    ...(places.length > 0 && { related: places }),
  };
}

function locateParent(pointer: string, locate: Locate): SourcePosition | undefined {
  // The root is no place: it is the whole file.
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    const parent = pointer.slice(0, end);
    const found = locate(parent, 'key') ?? locate(parent);
    if (found) return found;
  }
  return undefined;
}

/** Only a value that stands in the file as it is, plain or in quotes without escapes, can be pointed into. */
function narrow(
  whole: SourcePosition,
  { text, start, end }: { text: string; start: number; end: number },
): SourcePosition {
  const width = whole.endColumn - whole.column;
  const quotes = width - text.length;
  if (whole.line !== whole.endLine || (quotes !== 0 && quotes !== 2)) return whole;
  const column = whole.column + quotes / 2;
  return { ...whole, column: column + start, endColumn: column + Math.max(end, start + 1) };
}
