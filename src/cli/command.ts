// One command of the command line: its flags as data and a function that answers an exit code.
import { stripVTControlCharacters } from 'node:util';
import type { ArgsDef, ParsedArgs } from 'citty';
import { parseArgs } from 'citty';
import { renderNearest } from '../lib/nearest.ts';
import type { ExitCode } from './exit-codes.ts';
import { createUsageFailure } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** What a module in `commands/` exports by default, made by `defineCommand`. */
export interface Command {
  readonly description: string;
  readonly args: ArgsDef;
  /** Reads its part of the command line and does its work; throws CliFailure. */
  execute(rawArgs: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

interface Definition<Args extends ArgsDef> {
  readonly description: string;
  readonly args: Args;
  run(args: ParsedArgs<Args & typeof globalArgs>, terminal: Terminal): ExitCode | Promise<ExitCode>;
}

/** Flags that every command takes. */
export const globalArgs = {
  json: { type: 'boolean', description: 'Print the result, or the error, as JSON' },
} as const satisfies ArgsDef;

/** Checks a command's definition and hides its flag types, so that all commands fit into one table. */
export function defineCommand<const Args extends ArgsDef>({
  description,
  args,
  run,
}: Definition<Args>): Command {
  const all = { ...args, ...globalArgs };
  return {
    description,
    args: all,
    execute: async (rawArgs, terminal) => {
      checkFlags(rawArgs, all);
      let parsed: ParsedArgs<Args & typeof globalArgs>;
      try {
        parsed = parseArgs([...rawArgs], all);
      } catch (error) {
        throw createUsageFailure(
          error instanceof Error ? stripVTControlCharacters(error.message) : String(error),
        );
      }
      checkPositionals(parsed._, all);
      return run(parsed, terminal);
    },
  };
}

/** citty lets everything pass that it does not know: a mistyped flag would be ignored in silence. */
function checkFlags(rawArgs: readonly string[], args: ArgsDef): void {
  const named = Object.entries(args).filter(([, each]) => each.type !== 'positional');
  const takesValue = new Map<string, boolean>();
  for (const [name, each] of named) {
    const isText = each.type === 'string' || each.type === 'enum';
    const aliases = 'alias' in each ? [each.alias ?? []].flat() : [];
    for (const spelling of [name, ...aliases])
      takesValue.set(spelling.length === 1 ? `-${spelling}` : `--${spelling}`, isText);
    if (each.type === 'boolean') takesValue.set(`--no-${name}`, false);
  }
  for (let index = 0; index < rawArgs.length; index++) {
    const raw = rawArgs[index] ?? '';
    if (raw === '--') return;
    if (!raw.startsWith('-') || raw === '-') continue;
    const [flag = raw, ...value] = raw.split('=');
    const isText = takesValue.get(flag);
    if (isText === undefined)
      throw createUsageFailure(`unknown option ${flag}`, renderNearest(flag, takesValue.keys()));
    if (!isText || value.length > 0) continue;
    const next = rawArgs[++index];
    if (next === undefined || (next.startsWith('-') && next !== '-'))
      throw createUsageFailure(`${flag} needs a value`);
  }
}

function checkPositionals(given: readonly string[], args: ArgsDef): void {
  const positionals = Object.values(args).filter((each) => each.type === 'positional');
  // A last positional that says `…` in its hint takes all that follow; the command reads them from `_`.
  if (positionals.some((each) => each.valueHint?.endsWith('…'))) return;
  const extra = given[positionals.length];
  if (extra !== undefined)
    throw createUsageFailure(
      `unexpected "${extra}"`,
      'config' in args ? `a configuration is given as \`--config ${extra}\`` : undefined,
    );
}
