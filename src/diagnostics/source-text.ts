// Text behind a position, for checks that care how a value is written and not only what it says.
import type { SourcePosition } from '../diagnostics.ts';

/** What stands at `at`, quotes included; undefined when the text is shorter. */
export function sliceSource(text: string, at: SourcePosition): string | undefined {
  const start = offsetOf(text, at.line, at.column);
  const end = offsetOf(text, at.endLine, at.endColumn);
  return start === undefined || end === undefined ? undefined : text.slice(start, end);
}

/** The position of a range of offsets inside `text`. */
export function positionOf(file: string, text: string, start: number, end: number): SourcePosition {
  const from = lineAndColumn(text, start);
  const to = lineAndColumn(text, end);
  return { file, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

/** Replaces ranges of one text; they must not overlap. */
export function replaceRanges(
  text: string,
  edits: readonly { readonly at: SourcePosition; readonly text: string }[],
): string {
  const ranges = edits.map((edit) => ({
    start: offsetOf(text, edit.at.line, edit.at.column) ?? 0,
    end: offsetOf(text, edit.at.endLine, edit.at.endColumn) ?? 0,
    text: edit.text,
  }));
  let result = text;
  for (const range of ranges.sort((a, b) => b.start - a.start)) {
    result = result.slice(0, range.start) + range.text + result.slice(range.end);
  }
  return result;
}

function offsetOf(text: string, line: number, column: number): number | undefined {
  let start = 0;
  for (let count = 1; count < line; count++) {
    const end = text.indexOf('\n', start);
    if (end < 0) return undefined;
    start = end + 1;
  }
  return start + column - 1;
}

function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}
