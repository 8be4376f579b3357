// From files to a snapshot and everything that there is to say about them, without a network, a secret or a database:
// what `explain`, `validate` and `test` begin with.
import { createHash } from 'node:crypto';
import { catalog } from '../catalog/catalog.ts';
import { loadConfig, type LoadResult } from '../config/load.ts';
import { hasErrors, type Diagnostic } from '../diagnostics.ts';
import { renderDiagnostics } from '../diagnostics/render.ts';
import { checkRouting } from '../routing/checks/index.ts';
import { compile } from '../routing/compile.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { readVersion } from './version.ts';

export interface ReadResult {
  readonly loaded: LoadResult;
  /** Absent when any diagnostic is an error. */
  readonly snapshot?: Snapshot;
  /** Of every stage, each fault once. */
  readonly diagnostics: readonly Diagnostic[];
}

/** `path` as given with --config; undefined searches as `start` does. */
export async function readConfig(path: string | undefined, terminal: Terminal): Promise<ReadResult> {
  const loaded = await loadConfig({
    config: path,
    directory: terminal.folder,
    environment: terminal.environment,
  });
  const { draft, config, locate } = loaded;
  const meaning = draft
    ? draft.accept(checkRouting({ config: draft.config, catalog, locate: draft.locate, now: Date.now() }))
    : [];
  const known = [...loaded.diagnostics, ...meaning];
  if (!config || hasErrors(known)) return { loaded, diagnostics: known };
  return { loaded, ...compile({ config, catalog, locate, digest: sha256, known }) };
}

/** Tells what stands against a configuration and answers the exit code of a command that cannot go on without one. */
export function reportConfig(
  { loaded, diagnostics }: ReadResult,
  terminal: Terminal,
  json: boolean,
): ExitCode {
  const sources = new Map(loaded.sources.map(({ name, text }) => [name, text]));
  const input = { diagnostics, sources, rules: [], version: readVersion() };
  const text = renderDiagnostics(json ? 'json' : 'pretty', input).trimEnd();
  if (json) terminal.out(text);
  else terminal.err(text);
  return exitCodes.negative.code;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
