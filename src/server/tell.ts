// What operators are told about loads of the configuration: log lines, and the same as data for the management API.
import type { ConfigStatus, LiveOutcome, RefusedOutcome, ReloadOutcome } from '../control/coordinator.ts';
import { renderPosition, type Diagnostic } from '../diagnostics.ts';
import type { Logs } from '../observability/logs.ts';
import type { Changes } from '../routing/diff.ts';
import { renderChanges } from '../routing/render-diff.ts';

export function tellLive(logs: Logs, outcome: LiveOutcome<Changes>): void {
  const { trigger, revision, previous, secretEpoch, pendingRestart, changes } = outcome;
  const difference = changes ? renderChanges(changes) : undefined;
  logs.log.info(
    { trigger, revision, previous, secretEpoch, ...(difference ? { changes: difference } : {}) },
    revision === previous ? 'secrets were rotated' : 'configuration is live',
  );
  if (pendingRestart.length > 0) logs.log.warn({ pendingRestart }, 'some changes wait for a restart');
}

export function tellRefused(logs: Logs, { trigger, revision, diagnostics }: RefusedOutcome): void {
  const faults = describeDiagnostics(diagnostics);
  logs.log.error({ trigger, revision, faults }, 'configuration was refused; the last good one serves on');
}

/** Diagnostics as data for machines; the places are in them. */
export function describeOutcome(
  outcome: ReloadOutcome<Changes>,
): ReloadOutcome<Changes> & Readonly<Record<string, unknown>> {
  return outcome.kind === 'unchanged'
    ? { ...outcome }
    : { ...outcome, faults: describeDiagnostics(outcome.diagnostics) };
}

export function describeStatus(status: ConfigStatus): Readonly<Record<string, unknown>> {
  return { ...status, diagnostics: describeDiagnostics(status.diagnostics) };
}

/** Place, code and message; never a code frame, because the broken line may hold a secret. */
export function describeDiagnostics(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(
    ({ at, severity, code, message }) =>
      `${at ? `${renderPosition(at)} ` : ''}${severity} ${code}: ${message}`,
  );
}
