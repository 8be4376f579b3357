// For CI dashboards that read JUnit XML: a suite per file; errors fail, warnings pass with a note.
import { renderPosition, type Diagnostic } from '../diagnostics.ts';
import { renderCodeFrame } from './code-frame.ts';
import type { Report } from './report.ts';

export function renderJunit(report: Report): string {
  const placeless = report.diagnostics.filter(({ at }) => !at);
  const suites = report.files.map((file) =>
    renderSuite(
      file,
      report.diagnostics.filter(({ at }) => at?.file === file),
      report,
    ),
  );
  if (placeless.length > 0) suites.unshift(renderSuite('configuration', placeless, report));
  const tests = suites.reduce((sum, suite) => sum + suite.tests, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="omniroute validate" tests="${tests}" failures="${report.counts.error}">`,
    ...suites.map((suite) => suite.xml),
    '</testsuites>',
    '',
  ].join('\n');
}

function renderSuite(
  file: string,
  diagnostics: readonly Diagnostic[],
  { sources }: Report,
): { xml: string; tests: number } {
  const failures = diagnostics.filter(({ severity }) => severity === 'error').length;
  const cases = diagnostics.map((diagnostic) => {
    const { at, code, severity, message, suggestion, sensitive } = diagnostic;
    const text = at && sources.get(at.file);
    const frame = at && text !== undefined ? renderCodeFrame(text, at, sensitive) : undefined;
    const body = [at && renderPosition(at), message, frame?.line, frame?.carets, suggestion]
      .filter((line) => line !== undefined)
      .join('\n');
    const name = escape(at ? `${code} ${at.line}:${at.column}` : code);
    const inner =
      severity === 'error'
        ? `<failure type="${escape(code)}" message="${escape(message).replaceAll('\n', '&#10;')}">${escape(body)}</failure>`
        : `<system-out>${escape(`${severity}: ${body}`)}</system-out>`;
    return `    <testcase classname="${escape(file)}" name="${name}">${inner}</testcase>`;
  });
  if (cases.length === 0) cases.push(`    <testcase classname="${escape(file)}" name="valid"/>`);
  const xml = [
    `  <testsuite name="${escape(file)}" tests="${cases.length}" failures="${failures}">`,
    ...cases,
    '  </testsuite>',
  ].join('\n');
  return { xml, tests: cases.length };
}

// XML 1.0 has no way to write most control characters.
function escape(text: string): string {
  return text
    .replaceAll(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '\ufffd',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
