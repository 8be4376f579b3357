// For GitLab merge requests: a Code Quality report (a JSON array; every entry needs a file and a line).
import type { Severity } from '../diagnostics.ts';
import { fingerprint, type Report } from './report.ts';

const severities = { error: 'major', warning: 'minor', info: 'info' } as const satisfies Record<
  Severity,
  string
>;

export function renderGitlab(report: Report): string {
  const used = new Map<string, number>();
  const entries = report.diagnostics.map((diagnostic) => {
    const { code, severity, message, suggestion, at } = diagnostic;
    // GitLab drops entries whose fingerprint repeats.
    const base = fingerprint(diagnostic);
    const repeat = used.get(base) ?? 0;
    used.set(base, repeat + 1);
    return {
      type: 'issue',
      check_name: code,
      description: suggestion === undefined ? message : `${message}: ${suggestion}`,
      categories: ['Bug Risk'],
      severity: severities[severity],
      fingerprint: repeat === 0 ? base : `${base}-${repeat}`,
      location: {
        path: at?.file ?? report.files[0] ?? '',
        lines: { begin: at?.line ?? 1, end: at?.endLine ?? 1 },
      },
    };
  });
  return `${JSON.stringify(entries, null, 2)}\n`;
}
