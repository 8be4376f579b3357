// Everything that can go wrong on the command line, rendered as a diagnostic and an exit code; never as a stack trace.
import type { Diagnostic } from '../diagnostics.ts';
import type { DiagnosticRule } from '../diagnostics/rule.ts';
import { isGatewayError } from '../errors.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitCodes } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Codes of faults that belong to the command line and to no file. */
export const cliRules = [
  {
    code: 'cli/usage',
    severity: 'error',
    meaning: 'The command line cannot be read.',
    action: 'See `omniroute COMMAND --help`.',
  },
  {
    code: 'cli/unknown-command',
    severity: 'error',
    meaning: 'There is no such command.',
    action: 'See `omniroute --help`.',
  },
  {
    code: 'cli/old-node',
    severity: 'error',
    meaning: 'This Node is older than OmniRoute needs.',
    action: 'Run the command that the message names.',
  },
  {
    code: 'cli/address-in-use',
    severity: 'error',
    meaning: 'Another process listens on the address.',
    action: 'End it, or choose another address with --listen or --port.',
  },
  {
    code: 'cli/address-refused',
    severity: 'error',
    meaning: 'The system does not let this process listen on the address.',
    action: 'Choose an address of this machine and a port above 1023.',
  },
  {
    code: 'cli/file',
    severity: 'error',
    meaning: 'A file or folder cannot be read or written.',
    action: 'The message names it and says why.',
  },
  {
    code: 'cli/unreachable',
    severity: 'error',
    meaning: 'No gateway answers at the address.',
    action: 'Start one, or name another with --url.',
  },
  {
    code: 'cli/stale',
    severity: 'error',
    meaning: 'What the command was based on has changed since.',
    action: 'Read it again and repeat the command.',
  },
  {
    code: 'cli/failed',
    severity: 'error',
    meaning: 'The command could not do its work.',
    action: 'The message says why.',
  },
  {
    code: 'cli/internal',
    severity: 'error',
    meaning: 'A fault of OmniRoute itself.',
    action: 'Report it with the message and the steps that led there.',
  },
] as const satisfies readonly DiagnosticRule[];

export type CliCode = (typeof cliRules)[number]['code'];

/** What a command throws when it cannot go on; the message is for the person at the terminal. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly code: CliCode;
  readonly exit: ExitCode;
  readonly suggestion: string | undefined;

  constructor(
    code: CliCode,
    message: string,
    details: {
      readonly suggestion?: string | undefined;
      readonly exit?: ExitCode;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.exit = details.exit ?? exitOf(code);
    this.suggestion = details.suggestion;
  }
}

/** A command line that cannot be read: exit code 2. */
export function createUsageFailure(message: string, suggestion?: string): CliFailure {
  return new CliFailure('cli/usage', message, { suggestion });
}

/** Where a fault of ours is reported. */
const reportUrl = 'https://github.com/omniroute/omniroute/issues';

/** Any thrown value → one diagnostic and an exit code. */
export function explainFailure(thrown: unknown): {
  readonly diagnostic: Diagnostic;
  readonly exit: ExitCode;
} {
  const failure = toFailure(thrown);
  const { code, message, suggestion, exit } = failure;
  return {
    diagnostic: { code, severity: 'error', message, ...(suggestion === undefined ? {} : { suggestion }) },
    exit,
  };
}

/** Writes the failure: a JSON object on standard output with --json, else a few lines on standard error. */
export function reportFailure(thrown: unknown, terminal: Terminal, json: boolean): ExitCode {
  const { diagnostic, exit } = explainFailure(thrown);
  if (json) {
    terminal.out(JSON.stringify({ error: diagnostic }, null, 2));
    return exit;
  }
  terminal.err(`${terminal.paint('red', 'error')}  ${diagnostic.code}  ${diagnostic.message}`);
  if (diagnostic.suggestion !== undefined) terminal.err(`       ${diagnostic.suggestion}`);
  return exit;
}

function toFailure(thrown: unknown): CliFailure {
  if (thrown instanceof CliFailure) return thrown;
  if (isGatewayError(thrown)) return new CliFailure('cli/failed', thrown.message);
  if (thrown instanceof Error) {
    const known = explainSystemError(thrown);
    if (known) return known;
  }
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new CliFailure('cli/internal', `something that should not happen: ${firstLine(text)}`, {
    suggestion: `please report it with what you did before: ${reportUrl}`,
  });
}

/** Faults of the operating system that a person can do something about. */
function explainSystemError(
  error: Error & { code?: unknown; path?: unknown; address?: unknown; port?: unknown },
): CliFailure | undefined {
  const address = `${String(error.address)}:${String(error.port)}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new CliFailure('cli/address-in-use', `${address} is taken by another process`, {
        suggestion: 'end it, or choose another address with --listen or --port',
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CliFailure('cli/address-refused', `${address} is no address of this machine`);
    case 'EACCES':
    case 'EPERM':
      if (error.port !== undefined) {
        return new CliFailure('cli/address-refused', `no permission to listen on ${address}`, {
          suggestion: 'ports below 1024 belong to the system',
        });
      }
      return new CliFailure('cli/file', `no permission for ${String(error.path ?? 'a file')}`);
    case 'ENOENT':
    case 'EISDIR':
    case 'ENOTDIR':
    case 'EROFS':
    case 'ENOSPC':
      return error.path === undefined ? undefined : new CliFailure('cli/file', firstLine(error.message));
    default:
      return undefined;
  }
}

function exitOf(code: CliCode): ExitCode {
  if (code === 'cli/internal') return exitCodes.internal.code;
  if (code === 'cli/stale') return exitCodes.stale.code;
  const usage = code === 'cli/usage' || code === 'cli/unknown-command' || code === 'cli/old-node';
  return usage ? exitCodes.usage.code : exitCodes.negative.code;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
