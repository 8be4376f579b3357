// Diagnostics made ready for showing: sorted, free of repeats, masked, counted. Every renderer starts from a Report.
import { createHash } from 'node:crypto';
import { compareDiagnostics, type Diagnostic, type Severity } from '../diagnostics.ts';
import type { DiagnosticRule } from './rule.ts';
import { maskSecrets } from './secret-shapes.ts';

export interface ReportInput {
  readonly diagnostics: readonly Diagnostic[];
  /** Text of each file by its path as positions name it; a file that is missing has no code frames. */
  readonly sources: ReadonlyMap<string, string>;
  /** Documentation of the codes. */
  readonly rules: readonly DiagnosticRule[];
  /** Version of the gateway. */
  readonly version: string;
  /** ANSI colours; only `pretty` uses them. */
  readonly colors?: boolean;
}

export interface Report extends Required<ReportInput> {
  /** Every file that was looked at; the main file is the last that was loaded. */
  readonly files: readonly string[];
  readonly counts: Readonly<Record<Severity, number>>;
}

export function createReport(input: ReportInput): Report {
  const masked = input.diagnostics.map(maskDiagnostic).sort(compareDiagnostics);
  const seen = new Set<string>();
  const diagnostics = masked.filter((diagnostic) => {
    const key = JSON.stringify([diagnostic.code, diagnostic.message, diagnostic.at, diagnostic.pointer]);
    return !seen.has(key) && seen.add(key);
  });
  const files = [
    ...new Set([...input.sources.keys(), ...diagnostics.flatMap(({ at }) => (at ? [at.file] : []))]),
  ].sort();
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of diagnostics) counts[severity] += 1;
  return { colors: false, ...input, diagnostics, files, counts };
}

/** `2 errors and 1 warning in 2 files`, or `no findings in 1 file`. */
export function renderCounts({ counts, diagnostics, files }: Report): string {
  const parts = [
    count(counts.error, 'error'),
    count(counts.warning, 'warning'),
    counts.info > 0 ? `${counts.info} info` : undefined,
  ].filter((part) => part !== undefined);
  const touched = diagnostics.length > 0 ? new Set(diagnostics.map(({ at }) => at?.file)).size : files.length;
  const all =
    parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : (parts[0] ?? 'no findings');
  return `${all} in ${count(touched, 'file') ?? 'no file'}`;
}

/** Where a code is explained. */
export function renderHelpUri(code: string): string {
  return `https://omniroute.dev/reference/diagnostics#${renderAnchor(code)}`;
}

/** The heading anchor of a code in docs/reference/diagnostics.md. */
export function renderAnchor(code: string): string {
  return code.replaceAll('/', '-');
}

/** Stays equal while lines move: code, file and pointer, or the message where there is no pointer. */
export function fingerprint({ code, at, pointer, message }: Diagnostic): string {
  return createHash('sha256')
    .update(JSON.stringify([code, at?.file, pointer ?? message]))
    .digest('hex')
    .slice(0, 32);
}

function maskDiagnostic(diagnostic: Diagnostic): Diagnostic {
  const { message, suggestion, related } = diagnostic;
  return {
    ...diagnostic,
    message: maskSecrets(message),
    ...(suggestion !== undefined && { suggestion: maskSecrets(suggestion) }),
    ...(related && { related: related.map((other) => ({ ...other, message: maskSecrets(other.message) })) }),
  };
}

function count(amount: number, noun: string): string | undefined {
  return amount === 0 ? undefined : `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
