// The six ways to show diagnostics, by the name that --format takes.
import { renderGithub } from './github.ts';
import { renderGitlab } from './gitlab.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderPretty } from './pretty.ts';
import { createReport, type Report, type ReportInput } from './report.ts';
import { renderSarif } from './sarif.ts';

const renderers = {
  pretty: renderPretty,
  json: renderJson,
  github: renderGithub,
  sarif: renderSarif,
  junit: renderJunit,
  gitlab: renderGitlab,
} as const satisfies Record<string, (report: Report) => string>;

export type DiagnosticFormat = keyof typeof renderers;

export const diagnosticFormats = Object.keys(renderers) as readonly DiagnosticFormat[];

/** Renders a whole report; the text ends with a line end. Secrets are masked in every format. */
export function renderDiagnostics(format: DiagnosticFormat, input: ReportInput): string {
  return renderers[format](createReport(input));
}
