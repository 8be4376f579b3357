// For people at a terminal: place, severity, code, sentence, the line with carets, the way out.
import { renderPosition, type Diagnostic, type Severity } from '../diagnostics.ts';
import { renderCodeFrame } from './code-frame.ts';
import { renderCounts, type Report } from './report.ts';

const severityStyle = { error: '31;1', warning: '33;1', info: '36;1' } as const satisfies Record<
  Severity,
  string
>;

/** Whether a stream should get colours: a terminal, unless NO_COLOR is set (to anything) or the terminal is dumb. */
export function wantsColors(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR && environment.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && environment.TERM !== 'dumb';
}

export function renderPretty(report: Report): string {
  const paint = report.colors
    ? (style: string, text: string) => `\u001b[${style}m${text}\u001b[0m`
    : (_: string, text: string) => text;
  const blocks = report.diagnostics.map((diagnostic) => renderOne(diagnostic, report, paint));
  const summary = renderCounts(report);
  if (blocks.length === 0) return `${paint('32', summary)}\n`;
  return `${blocks.join('\n\n')}\n\n${paint('1', summary)} — \`omniroute explain-code CODE\` tells more\n`;
}

function renderOne(
  diagnostic: Diagnostic,
  { sources }: Report,
  paint: (style: string, text: string) => string,
): string {
  const { at, code, severity, message, suggestion, sensitive, related = [] } = diagnostic;
  const style = severityStyle[severity];
  const place = at ? `${paint('1', renderPosition(at))}  ` : '';
  const lines = [`${place}${paint(style, severity)}  ${code}  ${message}`];
  const text = at && sources.get(at.file);
  const frame = at && text !== undefined ? renderCodeFrame(text, at, sensitive) : undefined;
  if (frame) {
    lines.push(frame.line);
    const carets = frame.carets.replace(/\^+$/, (run) => paint(style, run));
    lines.push(suggestion === undefined ? carets : `${carets} ${suggestion}`);
  } else if (suggestion !== undefined) lines.push(`     ${suggestion}`);
  for (const other of related) lines.push(`     ${renderPosition(other.at)}  ${other.message}`);
  return lines.join('\n');
}
