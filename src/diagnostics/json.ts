// For programs: one object with counts and a flat row per diagnostic.
import type { SourcePosition } from '../diagnostics.ts';
import { renderHelpUri, type Report } from './report.ts';

export function renderJson(report: Report): string {
  const diagnostics = report.diagnostics.map(
    ({ code, severity, message, at, pointer, suggestion, fix, related }) => ({
      code,
      severity,
      message,
      ...spread(at),
      pointer,
      suggestion,
      fix: fix && { title: fix.title, ...spread(fix.at), text: fix.text },
      related: related?.map((other) => ({ message: other.message, ...spread(other.at) })),
      help: renderHelpUri(code),
    }),
  );
  const { counts, files } = report;
  return `${JSON.stringify({ ok: counts.error === 0, counts, files, diagnostics }, null, 2)}\n`;
}

function spread(at: SourcePosition | undefined): Partial<SourcePosition> {
  return at
    ? { file: at.file, line: at.line, column: at.column, endLine: at.endLine, endColumn: at.endColumn }
    : {};
}
