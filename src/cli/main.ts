// The command line: finds the command, loads only its module, runs it, and turns whatever it throws into a diagnostic.
import { stripVTControlCharacters } from 'node:util';
import type { CommandDef } from 'citty';
import { renderUsage } from 'citty';
import { findNearest } from '../lib/nearest.ts';
import type { Command } from './command.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitCodes } from './exit-codes.ts';
import { CliFailure, reportFailure } from './failure.ts';
import type { Terminal } from './terminal.ts';
import { createTerminal } from './terminal.ts';
import { readVersion } from './version.ts';

interface Entry {
  /** Stands in the list of commands, so that listing loads none of them. */
  readonly summary: string;
  load(): Promise<{ readonly default: Command }>;
}

/** Every command. A new one is a module in `commands/` and a row here. */
export const commands: Readonly<Record<string, Entry>> = {
  start: { summary: 'Serve the configuration', load: () => import('./commands/start.ts') },
  dev: { summary: 'Serve it with logs for people', load: () => import('./commands/dev.ts') },
  status: { summary: 'Ask a running gateway how it is', load: () => import('./commands/status.ts') },
  schema: {
    summary: 'Print the JSON Schema of the configuration',
    load: () => import('./commands/schema.ts'),
  },
  validate: {
    summary: 'Check configurations and say everything that is wrong',
    load: () => import('./commands/validate.ts'),
  },
  fmt: {
    summary: 'Write configuration files in their canonical layout',
    load: () => import('./commands/fmt.ts'),
  },
  'explain-code': {
    summary: 'Explain a code of a diagnostic, an error or a reason',
    load: () => import('./commands/explain-code.ts'),
  },
  test: { summary: 'Hold configurations to their tests', load: () => import('./commands/test.ts') },
  explain: { summary: 'Tell where a request would go and why', load: () => import('./commands/explain.ts') },
  why: { summary: 'Tell what happened to a request', load: () => import('./commands/why.ts') },
  record: { summary: 'Turn real requests into tests', load: () => import('./commands/record.ts') },
  simulate: {
    summary: 'Run a scenario of arrivals and faults',
    load: () => import('./commands/simulate.ts'),
  },
  keys: { summary: 'Make, replace, remove and list client keys', load: () => import('./commands/keys.ts') },
  secrets: {
    summary: 'Keep values for ${secret:name} in the encrypted store',
    load: () => import('./commands/secrets.ts'),
  },
  plan: {
    summary: 'Tell what a change would change, and for whom',
    load: () => import('./commands/plan.ts'),
  },
  apply: { summary: 'Carry a saved plan out', load: () => import('./commands/apply.ts') },
  rollback: { summary: 'Bring an earlier revision back', load: () => import('./commands/rollback.ts') },
  blame: { summary: 'Tell who set a value', load: () => import('./commands/blame.ts') },
  password: {
    summary: 'Set the administrator password anew',
    load: () => import('./commands/password.ts'),
  },
  sandbox: { summary: 'Serve the simulator of LLM providers', load: () => import('./commands/sandbox.ts') },
};

/** The process itself: its arguments, its streams, its exit code, and what nobody caught. */
export async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const terminal = createTerminal();
  // A reader such as `head` went away: nothing is wrong and nobody reads on.
  process.stdout.on('error', () => process.exit(exitCodes.ok.code));
  process.on('uncaughtException', (error) => {
    process.exit(reportFailure(error, terminal, argv.includes('--json')));
  });
  process.exitCode = await run(argv, terminal);
}

/** @returns the exit code; never rejects. */
export async function run(argv: readonly string[], terminal: Terminal = createTerminal()): Promise<ExitCode> {
  const json = argv.includes('--json');
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    return reportFailure(error, terminal, json);
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const at = argv.findIndex((each) => !each.startsWith('-'));
  const [first] = argv;
  if (at < 0) {
    if (first === '--version' || first === '-v') {
      terminal.out(readVersion());
      return exitCodes.ok.code;
    }
    const asked = first === '--help' || first === '-h';
    if (first !== undefined && !asked && first !== '--json')
      throw new CliFailure('cli/usage', `unknown option ${first}`);
    (asked ? terminal.out : terminal.err)(renderOverview());
    return asked ? exitCodes.ok.code : exitCodes.usage.code;
  }
  const name = argv[at] ?? '';
  const rest = [...argv.slice(0, at), ...argv.slice(at + 1)];
  if (name === 'help') return dispatch([...rest, '--help'], terminal);
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) {
    const near = findNearest(name, Object.keys(commands));
    throw new CliFailure('cli/unknown-command', `unknown command "${name}"`, {
      suggestion: near === undefined ? 'omniroute --help lists them' : `did you mean \`omniroute ${near}\`?`,
    });
  }
  const { default: command } = await entry.load();
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(await renderHelp(name, command));
    return exitCodes.ok.code;
  }
  return command.execute(rest, terminal);
}

function renderOverview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    `omniroute ${readVersion()}: an AI gateway whose whole behaviour is one file`,
    '',
    'Usage: omniroute COMMAND [OPTIONS]',
    '',
    ...list,
    '',
    'omniroute COMMAND --help tells more. Every command takes --json.',
  ].join('\n');
}

async function renderHelp(name: string, { description, args }: Command): Promise<string> {
  const definition: CommandDef = { meta: { name: `omniroute ${name}`, description }, args };
  // citty colours by the environment, not by what it writes to.
  return stripVTControlCharacters(await renderUsage(definition));
}

// `node src/cli/main.ts` works too; bin.js is the way for users, because it explains an old Node.
if (import.meta.main) await main();
