// Runs the real command line as a child process of the Node that runs the tests.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { capture } from '../setup/canary.ts';

const source = join(import.meta.dirname, '../../src/cli/bin.js');

export interface RunningCli {
  readonly child: ChildProcess;
  readonly out: string;
  readonly err: string;
  /** Resolves with the first match in standard error or output; rejects when the process ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

export interface CliOptions {
  /** On top of nothing: variables of this machine do not reach the process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Flags for Node itself. */
  readonly node?: readonly string[];
  readonly folder?: string;
  /** Another `bin.js` than the one in src. */
  readonly bin?: string;
}

/** Starts `omniroute` with these arguments; whoever starts it sees to its end. */
export function startCli(
  args: readonly string[],
  { environment = {}, node = [], folder, bin = source }: CliOptions = {},
): RunningCli {
  const { PATH, TEST_CANARY_SECRET } = process.env;
  const child = spawn(process.execPath, [...node, bin, ...args], {
    env: { PATH, TEST_CANARY_SECRET, NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  let out = '';
  let err = '';
  const watchers = new Set<() => void>();
  const read = (append: (text: string) => void) => (chunk: Buffer) => {
    append(chunk.toString());
    capture(`output of omniroute ${args[0]}`, chunk);
    for (const watcher of watchers) watcher();
  };
  child.stdout.on(
    'data',
    read((text) => (out += text)),
  );
  child.stderr.on(
    'data',
    read((text) => (err += text)),
  );
  const ended = once(child, 'close').then(([code, signal]) => {
    for (const watcher of watchers) watcher();
    return { code: code as number | null, signal: signal as string | null };
  });
  const until = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(err) ?? pattern.exec(out);
        if (!found && child.exitCode === null && child.signalCode === null) return;
        watchers.delete(look);
        if (found) resolve(found);
        else reject(new Error(`ended (${child.exitCode}) without ${String(pattern)}:\n${err}${out}`));
      };
      watchers.add(look);
      look();
    });
  return {
    child,
    until,
    ended,
    get out() {
      return out;
    },
    get err() {
      return err;
    },
  };
}

/** Runs it to its end. */
export async function runCli(args: readonly string[], options?: CliOptions) {
  const cli = startCli(args, options);
  const { code } = await cli.ended;
  return { code, out: cli.out, err: cli.err };
}
