// A child process that answers calls over Node's message channel: targets, the upstream and the load generator.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Calls by name; arguments and answers are plain data. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

export interface Remote {
  call<Answer>(name: string, argument?: unknown): Promise<Answer>;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
}

interface Message {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/**
 * Starts `bench/<file>`, a module that calls `serve`. Its standard error goes to a file in bench/results, as the log of a
 * gateway in earnest does. With `profile` each of its threads leaves a CPU profile there.
 */
export function startProcess(file: string, profile = false): Remote {
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, `${file.replaceAll(/\W/g, '-')}.log`), 'w');
  const child = fork(join(import.meta.dirname, file), [], {
    stdio: ['ignore', 'inherit', log, 'ipc'],
    execArgv: profile ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [],
  });
  closeSync(log);
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  child.on('message', (message) => {
    const { id, answer, error } = message as Reply;
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(answer);
    else call?.reject(new Error(`${file}: ${error}`));
  });
  child.on('exit', (code, signal) => {
    for (const call of waiting.values()) call.reject(new Error(`${file} ended (${code ?? signal})`));
    waiting.clear();
  });
  return {
    call: <Answer>(name: string, argument?: unknown) =>
      new Promise<Answer>((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve: (answer) => resolve(answer as Answer), reject });
        child.send({ id, name, argument } satisfies Message);
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      // Not a signal: the process ends by itself, and a profile gets written.
      child.disconnect();
      await gone;
    },
  };
}

/** The other side: answers calls until the parent is gone. */
export function serve(calls: Calls): void {
  process.on('message', (message) => {
    const { id, name, argument } = message as Message;
    const reply = (rest: Omit<Reply, 'id'>) => process.send?.({ id, ...rest });
    Promise.resolve()
      .then(() => calls[name]?.(argument as never))
      .then(
        (answer) => reply({ answer }),
        (error: unknown) => reply({ error: String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
}

/** What every measured process answers: microseconds of CPU since its start, and its resident memory in bytes. */
export const meter = {
  measure: () => {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, rss: process.memoryUsage.rss() };
  },
};

export type Meter = ReturnType<typeof meter.measure>;
