// A file system in memory for the loader, and short ways to load a text or several files.
import { posix } from 'node:path';
import { loadConfig, type LoadOptions, type LoadResult } from '../../src/config/load.ts';
import type { ConfigFileSystem } from '../../src/config/source.ts';

export type MemoryFiles = Readonly<Record<string, string | Uint8Array>>;

/** Absolute path → content. A content of `-> /path` is a symbolic link, `!CODE` fails with that errno. */
export function createMemoryFiles(files: MemoryFiles): ConfigFileSystem {
  const follow = (path: string): string => {
    const parts = path.split('/').slice(1);
    let current = '';
    for (const part of parts) {
      current += `/${part}`;
      const content = files[current];
      if (typeof content === 'string' && content.startsWith('-> ')) current = follow(content.slice(3));
    }
    return current;
  };
  return {
    read: async (path) => {
      const content = files[follow(path)];
      if (content === undefined) throw fail('ENOENT');
      if (typeof content === 'string' && content.startsWith('!')) throw fail(content.slice(1));
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
    list: async (folder) => {
      const real = `${follow(folder)}/`;
      const names = new Map<string, boolean>();
      for (const path of Object.keys(files)) {
        if (!path.startsWith(real)) continue;
        const [name = '', ...rest] = path.slice(real.length).split('/');
        names.set(name, (names.get(name) ?? false) || rest.length > 0);
      }
      if (names.size === 0) throw fail('ENOENT');
      return [...names].map(([name, isFolder]) => ({ name, folder: isFolder }));
    },
    resolve: async (path) => {
      const real = follow(path);
      const exists = Object.keys(files).some((each) => each === real || each.startsWith(`${real}/`));
      if (!exists) throw fail('ENOENT');
      return real;
    },
  };
}

function fail(code: string): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code });
}

/** Loads `/etc/omni/omniroute.config.yaml` with this text; further files by their path below `/etc/omni`. */
export function loadText(
  text: string | Uint8Array,
  others: MemoryFiles = {},
  options: Omit<LoadOptions, 'files' | 'config'> = {},
): Promise<LoadResult> {
  const files: Record<string, string | Uint8Array> = { '/etc/omni/omniroute.config.yaml': text };
  for (const [name, content] of Object.entries(others)) files[posix.resolve('/etc/omni', name)] = content;
  return loadConfig({
    config: '/etc/omni/omniroute.config.yaml',
    environment: {},
    ...options,
    files: createMemoryFiles(files),
  });
}

/** `file:line:column code` of every diagnostic, in order. */
export function summarize(result: Pick<LoadResult, 'diagnostics'>): string[] {
  return result.diagnostics.map(
    ({ at, code }) => `${at ? `${at.file}:${at.line}:${at.column} ` : ''}${code}`,
  );
}

/** The same without the file's name, for tests of one file. */
export function places(result: Pick<LoadResult, 'diagnostics'>): string[] {
  return summarize(result).map((line) => line.replace('omniroute.config.yaml:', ''));
}
