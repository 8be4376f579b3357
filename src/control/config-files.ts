// The files behind a running gateway: reads them when they are quiet, checks all that can be checked without secrets,
// and knows what a watcher must look at.
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { catalog } from '../catalog/catalog.ts';
import type { Environment, Flags } from '../config/environment.ts';
import type { ResolvedConfig } from '../config/generated/types.ts';
import { loadConfig, type LoadResult } from '../config/load.ts';
import { fingerprintSources } from '../config/source.ts';
import { compareDiagnostics } from '../diagnostics.ts';
import type { Clock } from '../lib/clock.ts';
import type { Timers } from '../lib/timers.ts';
import { checkRouting } from '../routing/checks/index.ts';
import type { LoadedConfig } from './coordinator.ts';
import { findGitDirectory, isIndexLocked } from './git-lock.ts';
import { settleSources } from './settle.ts';
import type { WatchedPaths } from './watch.ts';

export interface ConfigFilesOptions {
  /** Path of the main file; searched when left out. */
  readonly config?: string | undefined;
  readonly directory?: string | undefined;
  readonly flags: Flags;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly timers: Timers;
}

export interface ConfigFiles {
  /** Reads and checks; after the first time only once the files are quiet and git does not write. */
  load(): Promise<LoadedConfig<ResolvedConfig> & { readonly result: LoadResult }>;
  /** Waits until git does not write and two readings are equal. */
  settle(): Promise<void>;
  /** What the last reading depended on; secret files are the business of whoever resolves them. */
  watched(): WatchedPaths;
  /** Hash over the contents of everything watched and of `more`. */
  fingerprint(more: readonly string[]): Promise<string>;
  /** Folder that relative paths count from; known after the first load. */
  folder(): string;
  /** Main file, if one was found. */
  path(): string | undefined;
}

export function createConfigFiles(options: ConfigFilesOptions): ConfigFiles {
  const { config, directory, flags, environment, clock, timers } = options;
  let known: { readonly watch: WatchedPaths; readonly folder: string; readonly path?: string } | undefined;

  // A file that appears beside the includes is a change as well; other names in these folders are none of ours.
  async function fingerprint(more: readonly string[]): Promise<string> {
    const { files = [], directories = [] } = known?.watch ?? {};
    const names = await Promise.all(directories.map(listYaml));
    return `${await fingerprintSources([...files, ...more])} ${names.join('\n')}`;
  }

  async function settle(): Promise<void> {
    if (!known) return;
    const git = await findGitDirectory(known.folder);
    await settleSources({
      fingerprint: () => fingerprint([]),
      isLocked: () => isIndexLocked(git),
      pause: (milliseconds) => new Promise((resolve) => void timers.after(milliseconds, resolve)),
    });
  }

  return {
    settle,
    load: async () => {
      await settle();
      const result = await loadConfig({
        config,
        ...(directory === undefined ? {} : { directory }),
        flags,
        environment,
        tellEnvironment: true,
      });
      // A file that is gone for a moment keeps being watched where it was.
      known = {
        watch: result.path === undefined && known ? known.watch : result.watch,
        folder: result.path === undefined ? (known?.folder ?? result.folder) : dirname(result.path),
        ...(result.path === undefined ? {} : { path: result.path }),
      };
      const { draft, locate } = result;
      const routing = draft
        ? draft.accept(checkRouting({ config: draft.config, locate, catalog, now: clock.now() }))
        : [];
      return {
        ...(result.config ? { config: result.config } : {}),
        locate,
        result,
        diagnostics: [...result.diagnostics, ...routing].toSorted(compareDiagnostics),
      };
    },
    watched: () => known?.watch ?? { files: [], directories: [] },
    fingerprint,
    folder: () => known?.folder ?? directory ?? '.',
    path: () => known?.path,
  };
}

async function listYaml(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/i.test(name))
    .sort()
    .join('\0');
}
