// What `start` and `dev` share: boot, say where it serves, reload on SIGHUP, drain on SIGTERM and SIGINT.
import { isAbsolute, relative } from 'node:path';
import type { Flags } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { FirstLoadError } from '../control/coordinator.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { renderDiagnostics } from '../diagnostics/render.ts';
import { createLogs } from '../observability/logs.ts';
import type { BootedGateway } from '../server/boot.ts';
import { bootGateway } from '../server/boot.ts';
import { describeProviders, renderBanner } from './banner.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitCodes } from './exit-codes.ts';
import { CliFailure } from './failure.ts';
import { untilStopped } from './signals.ts';
import type { Terminal } from './terminal.ts';
import { readVersion } from './version.ts';

/** Flags of both commands; those that set a key win over variables and over the file. */
export const serveArgs = {
  config: {
    type: 'string',
    alias: 'c',
    valueHint: 'file',
    description: 'The configuration; else it is searched from here upwards',
  },
  listen: { type: 'string', valueHint: 'host:port', description: 'Instead of server.listen' },
  port: {
    type: 'string',
    alias: 'p',
    valueHint: 'port',
    description: 'Instead of the port in server.listen',
  },
  data: { type: 'string', valueHint: 'folder', description: 'Instead of storage.dir' },
} as const;

export interface ServeOptions {
  readonly config: string | undefined;
  readonly flags: Flags;
  readonly json: boolean;
  /** Log lines and banner for a person, whatever standard error is. */
  readonly pretty: boolean;
}

/** Serves until a signal ends it; the exit code says whether every running request could finish. */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<ExitCode> {
  const { config, flags, pretty } = options;
  const { environment, folder } = terminal;
  const logs = createLogs({ format: pretty ? 'pretty' : 'auto' });
  let running: BootedGateway;
  try {
    running = await bootGateway({ config, directory: folder, flags, environment, logs });
  } catch (error) {
    if (error instanceof FirstLoadError) return refuse(error.diagnostics, options, terminal);
    throw explainBootError(error);
  }
  // From here on the process lives by its socket; signals before this line end it at once, as they should.
  const stopped = untilStopped();
  const reload = (): void => void running.reload('signal');
  process.on('SIGHUP', reload);
  // The last resort of main.ts tells a person in one line; the log keeps what is needed to mend it.
  const record = (error: Error): void => {
    logs.log.fatal({ err: error }, 'a fault that nobody caught');
    logs.flush();
  };
  process.prependListener('uncaughtException', record);
  announce(running, options, terminal, (facts) => logs.log.info(facts, 'serving'));
  const signal = await stopped;
  logs.log.info({ signal, running: running.server.gateway.lifecycle.running }, 'draining');
  const finished = await running.close();
  process.removeListener('SIGHUP', reload);
  process.removeListener('uncaughtException', record);
  return finished ? exitCodes.ok.code : exitCodes.negative.code;
}

function announce(
  running: BootedGateway,
  { json, pretty }: ServeOptions,
  terminal: Terminal,
  log: (facts: object) => void,
): void {
  const snapshot = running.snapshot();
  const file = shorten(running.configPath, terminal.folder);
  const facts = { version: readVersion(), url: running.url, file, revision: snapshot.revision };
  if (json) {
    const providers = describeProviders(snapshot, running.secrets);
    terminal.out(JSON.stringify({ ...facts, dataFolder: running.dataFolder, providers }));
  }
  if (pretty || terminal.interactive) {
    const lines = renderBanner({ ...facts, snapshot, secrets: running.secrets }, terminal);
    for (const line of ['', ...lines, '']) terminal.err(line);
    for (const warning of running.diagnostics.filter(({ severity }) => severity === 'warning')) {
      terminal.err(`${terminal.paint('yellow', 'warning')}  ${warning.code}  ${warning.message}`);
    }
  } else log({ ...facts, dataFolder: running.dataFolder });
}

/** A first load that failed: every fault at its place, and nothing serves. */
async function refuse(
  diagnostics: readonly Diagnostic[],
  { config, flags, json }: ServeOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { environment, folder } = terminal;
  // Read again, for the lines to show under the faults.
  const { sources } = await loadConfig({ config, directory: folder, flags, environment });
  const input = {
    diagnostics,
    sources: new Map(sources.map(({ name, text }) => [name, text])),
    rules: [],
    version: readVersion(),
  };
  if (json) terminal.out(renderDiagnostics('json', input).trimEnd());
  else terminal.err(renderDiagnostics('pretty', { ...input, colors: terminal.interactive }).trimEnd());
  return exitCodes.negative.code;
}

/** Faults that an operator can mend, told in the words of whoever found them. */
function explainBootError(error: unknown): unknown {
  const named = error instanceof Error ? error.name : '';
  if (named === 'StateError' || named === 'ExposureError' || named === 'VaultKeyError') {
    return new CliFailure('cli/failed', (error as Error).message, { cause: error });
  }
  return error;
}

function shorten(path: string | undefined, folder: string): string {
  if (path === undefined) return '';
  const near = relative(folder, path);
  return near.startsWith('..') || isAbsolute(near) ? path : near;
}
