// One git command as a child process: always an argument array, never a shell, a prompt, a pager or a foreign GIT_DIR.
import { execFile } from 'node:child_process';

/** A git command that failed: its own words, without the environment and without any URL credentials. */
export class GitError extends Error {
  override readonly name = 'GitError';
  readonly exitCode: number | null;

  constructor(command: string, exitCode: number | null, stderr: string) {
    super(`git ${command}: ${redactCredentials(stderr.trim()).slice(0, 400) || `exit code ${exitCode}`}`);
    this.exitCode = exitCode;
  }
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** What git printed; rejects with GitError. */
export function runGit(folder: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { timeout = 15_000 } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      ['-c', 'core.quotePath=false', ...args],
      {
        cwd: folder,
        timeout,
        maxBuffer: 64 * 1024 * 1024,
        // Never a prompt, never a pager, and English messages; GIT_DIR of a calling hook must not lead elsewhere.
        env: {
          ...withoutGit(process.env),
          GIT_TERMINAL_PROMPT: '0',
          GIT_PAGER: 'cat',
          LC_ALL: 'C',
          ...options.env,
        },
      },
      (error, stdout, stderr) => {
        if (!error) resolve(stdout);
        else
          reject(
            new GitError(
              args[0] ?? '',
              typeof error.code === 'number' ? error.code : null,
              error.killed === true ? `no answer within ${timeout / 1000} s` : stderr || error.message,
            ),
          );
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

function withoutGit(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)$/.test(name)),
  );
}

function redactCredentials(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^@\s/]+@/g, '$1…@');
}
