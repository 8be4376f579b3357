// The write queue without a gateway: a person on the machine changes the files, whole, checked and journaled; a gateway
// that runs there notices by itself.
import { join } from 'node:path';
import { createEvaluate } from '../control/evaluate.ts';
import type { WriteOutcome } from '../control/write-types.ts';
import { createWriter } from '../control/writer.ts';
import { resolveConfig } from '../config/resolve.ts';
import { renderDiagnostics } from '../diagnostics/render.ts';
import { systemClock } from '../lib/clock.ts';
import { resolveDataFolder } from '../server/data-folder.ts';
import { nameJournal } from '../server/write-path.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { CliFailure } from './failure.ts';
import { diagnosticRules } from './rules.ts';
import type { Terminal } from './terminal.ts';
import { readVersion } from './version.ts';

/** Replaces whole files by name. What they reference is the business of whoever has the files in hand. */
export async function writeTexts(
  main: string,
  texts: ReadonlyMap<string, string>,
  terminal: Terminal,
): Promise<WriteOutcome> {
  const { environment, folder } = terminal;
  const evaluate = createEvaluate({ config: main, environment, clock: systemClock });
  const named = environment['OMNIROUTE_DATA_DIR'] || environment['DATA_DIR'] || undefined;
  const data = resolveDataFolder(named, folder, environment);
  const writer = createWriter({
    evaluate,
    mode: 'direct',
    gitops: () => resolveConfig({ version: 1 }).gitops,
    snapshot: () => undefined,
    activate: async () => ({ kind: 'live', revision: (await evaluate()).snapshot?.revision ?? '' }),
    audit: async () => undefined,
    // Beside the gateway's own, so that its next start completes what a crash of this process cut.
    journal: join(data, 'journals', `${nameJournal(main)}.cli-${process.pid}.json`),
    clock: systemClock,
  });
  return writer.write({
    change: { kind: 'texts', texts, trusted: true },
    actor: { name: 'cli', email: 'cli@omniroute.invalid' },
  });
}

/** Says what came of it and answers the exit code. */
export function reportWrite(
  outcome: WriteOutcome,
  done: string,
  terminal: Terminal,
  json: boolean,
): ExitCode {
  if (json) terminal.out(JSON.stringify(outcome, null, 2));
  switch (outcome.kind) {
    case 'live':
      if (!json) terminal.out(`${done}; revision ${outcome.revision}, ${outcome.files.join(', ')}`);
      return exitCodes.ok.code;
    case 'unchanged':
      if (!json) terminal.out('the files say so already');
      return exitCodes.ok.code;
    case 'stale':
      throw new CliFailure('cli/stale', outcome.message);
    case 'invalid': {
      if (json) return exitCodes.negative.code;
      const input = {
        diagnostics: outcome.diagnostics,
        sources: new Map(),
        rules: diagnosticRules,
        version: readVersion(),
      };
      terminal.err(renderDiagnostics('pretty', input).trimEnd());
      return exitCodes.negative.code;
    }
    default:
      throw new CliFailure('cli/failed', 'message' in outcome ? outcome.message : outcome.kind);
  }
}
