// A file system in memory whose every call waits for a scheduler, so that a seed decides who comes between whom.
import type { WriteFiles } from '../../src/control/atomic-write.ts';

export interface Stepper {
  /** Resolves when the scheduler says so. */
  step(): Promise<void>;
  /** Runs all tasks to their end, waking one waiting step at a time; rejects with the first failure. */
  run(tasks: readonly (() => Promise<void>)[]): Promise<void>;
}

export function createStepper(random: () => number): Stepper {
  const waiting: (() => void)[] = [];
  return {
    step: () => new Promise((resolve) => waiting.push(resolve)),
    run: async (tasks) => {
      let open = tasks.length;
      const failures: unknown[] = [];
      for (const task of tasks) {
        void task()
          .catch((error: unknown) => failures.push(error))
          .finally(() => open--);
      }
      for (let idle = 0; open > 0;) {
        // Everything that can go on without a step does so first.
        await new Promise((resolve) => setImmediate(resolve));
        const [next] = waiting.splice(Math.floor(random() * waiting.length), 1);
        idle = next ? 0 : idle + 1;
        if (idle > 1_000) throw new Error('nobody goes on');
        next?.();
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

export interface SteppedFiles extends WriteFiles {
  /** At once, as another process would. */
  put(path: string, text: string): void;
  text(path: string): string;
  paths(): readonly string[];
}

/** `mounted` cannot be renamed over, as a single bind-mounted file. */
export function createSteppedFiles(
  { step }: Stepper,
  initial: Readonly<Record<string, string>>,
  mounted: readonly string[] = [],
): SteppedFiles {
  const files = new Map<string, Buffer>(
    Object.entries(initial).map(([path, text]) => [path, Buffer.from(text)]),
  );
  const find = (path: string): Buffer => {
    const bytes = files.get(path);
    if (!bytes) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return bytes;
  };
  return {
    put: (path, text) => void files.set(path, Buffer.from(text)),
    text: (path) => find(path).toString('utf8'),
    paths: () => [...files.keys()],
    realpath: async (path) => {
      await step();
      find(path);
      return path;
    },
    mode: async (path) => {
      await step();
      return files.has(path) ? 0o644 : undefined;
    },
    stage: async (path, bytes) => {
      await step();
      files.set(path, Buffer.from(bytes));
    },
    read: async (path) => {
      await step();
      return find(path);
    },
    unlink: async (path) => {
      await step();
      find(path);
      files.delete(path);
    },
    list: async (folder) =>
      [...files.keys()].flatMap((path) =>
        path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [],
      ),
    syncFolder: () => step(),
    ensureFolder: () => undefined,
    readNow: (path) => files.get(path),
    renameNow: (from, to) => {
      if (mounted.includes(to)) throw Object.assign(new Error('busy'), { code: 'EBUSY' });
      files.set(to, find(from));
      files.delete(from);
    },
    overwriteNow: (path, bytes) => {
      find(path);
      files.set(path, Buffer.from(bytes));
    },
  };
}
