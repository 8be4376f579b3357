// For code scanning: SARIF 2.1.0 (OASIS). Only codes that occur are listed as rules.
import type { Diagnostic, Severity, SourcePosition } from '../diagnostics.ts';
import { fingerprint, renderHelpUri, type Report } from './report.ts';

const levels = { error: 'error', warning: 'warning', info: 'note' } as const satisfies Record<
  Severity,
  string
>;
const root = 'ROOT';

export function renderSarif(report: Report): string {
  const codes = [...new Set(report.diagnostics.map(({ code }) => code))].sort();
  const rules = codes.map((code) => {
    const rule = report.rules.find((candidate) => candidate.code === code);
    return {
      id: code,
      helpUri: renderHelpUri(code),
      ...(rule && {
        shortDescription: { text: rule.meaning },
        help: { text: rule.action },
        defaultConfiguration: { level: levels[rule.severity] },
      }),
    };
  });
  const results = report.diagnostics.map((diagnostic) =>
    renderResult(diagnostic, codes.indexOf(diagnostic.code)),
  );
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'omniroute',
            version: report.version,
            informationUri: 'https://omniroute.dev',
            rules,
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: {
          [root]: { description: { text: 'The folder of the main configuration file.' } },
        },
        artifacts: report.files.map((file) => ({ location: renderArtifact(file) })),
        results,
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function renderResult(diagnostic: Diagnostic, ruleIndex: number) {
  const { code, severity, message, suggestion, at, pointer, fix, related } = diagnostic;
  return {
    ruleId: code,
    ruleIndex,
    level: levels[severity],
    message: { text: suggestion === undefined ? message : `${message}: ${suggestion}` },
    locations: at
      ? [
          {
            physicalLocation: renderLocation(at),
            ...(pointer !== undefined && { logicalLocations: [{ fullyQualifiedName: pointer }] }),
          },
        ]
      : [],
    ...(related && {
      relatedLocations: related.map((other, id) => ({
        id,
        message: { text: other.message },
        physicalLocation: renderLocation(other.at),
      })),
    }),
    ...(fix && {
      fixes: [
        {
          description: { text: fix.title },
          artifactChanges: [
            {
              artifactLocation: renderArtifact(fix.at.file),
              replacements: [{ deletedRegion: renderRegion(fix.at), insertedContent: { text: fix.text } }],
            },
          ],
        },
      ],
    }),
    partialFingerprints: { 'omniroute/v1': fingerprint(diagnostic) },
  };
}

function renderLocation(at: SourcePosition) {
  return { artifactLocation: renderArtifact(at.file), region: renderRegion(at) };
}

function renderArtifact(file: string) {
  return { uri: file.split('/').map(encodeURIComponent).join('/'), uriBaseId: root };
}

function renderRegion({ line, column, endLine, endColumn }: SourcePosition) {
  return { startLine: line, startColumn: column, endLine, endColumn };
}
