// For GitHub Actions: workflow commands that become annotations on the changed lines.
import type { Severity } from '../diagnostics.ts';
import { renderCounts, type Report } from './report.ts';

const commands = { error: 'error', warning: 'warning', info: 'notice' } as const satisfies Record<
  Severity,
  string
>;

export function renderGithub(report: Report): string {
  const lines = report.diagnostics.map(({ code, severity, message, at, suggestion }) => {
    const properties = [
      ...(at ? [`file=${escapeProperty(at.file)}`, `line=${at.line}`, `endLine=${at.endLine}`] : []),
      // Columns are shown for single lines only.
      ...(at && at.line === at.endLine ? [`col=${at.column}`, `endColumn=${at.endColumn}`] : []),
      `title=${escapeProperty(code)}`,
    ];
    const text = suggestion === undefined ? message : `${message}\n${suggestion}`;
    return `::${commands[severity]} ${properties.join(',')}::${escapeData(text)}`;
  });
  return `${[...lines, renderCounts(report)].join('\n')}\n`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
