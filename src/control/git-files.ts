// A revision in git as the file system that the loader reads: a pull is checked before it touches the work tree.
import type { ConfigFileSystem } from '../config/source.ts';
import type { Git } from './git.ts';
import { locate } from './git-paths.ts';

export function createGitFiles(git: Git, revision: string): ConfigFileSystem {
  return {
    read: async (path) => {
      const text = await git.read(revision, await locate(git, path));
      if (text === undefined) throw Object.assign(new Error(`no ${path} at ${revision}`), { code: 'ENOENT' });
      return new TextEncoder().encode(text);
    },
    list: async (folder) => {
      const below = `${await locate(git, `${folder}/.`)}`.replace(/\/?\.?$/, '');
      const prefix = below === '' ? '' : `${below}/`;
      const names = new Map<string, boolean>();
      for (const path of await git.list(revision, below)) {
        if (!path.startsWith(prefix)) continue;
        const [name = '', ...rest] = path.slice(prefix.length).split('/');
        names.set(name, (names.get(name) ?? false) || rest.length > 0);
      }
      return [...names].map(([name, isFolder]) => ({ name, folder: isFolder }));
    },
    // A link is a small text in the tree; what it names is not followed.
    resolve: async (path) => path,
  };
}
