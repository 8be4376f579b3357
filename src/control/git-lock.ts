// Whether git is in the middle of changing the work tree that holds the configuration.
import { access, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** The git directory that governs `folder`, linked work trees included; undefined outside any. */
export async function findGitDirectory(folder: string): Promise<string | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const dotGit = join(at, '.git');
    const pointer = await readFile(dotGit, 'utf8').catch((error: NodeJS.ErrnoException) => error.code);
    // A folder answers EISDIR; a linked work tree has a file that says where its git directory is.
    if (pointer === 'EISDIR') return dotGit;
    if (pointer?.startsWith('gitdir:')) return resolve(at, pointer.slice('gitdir:'.length).trim());
    if (dirname(at) === at) return undefined;
  }
}

/** Whether git holds its index lock, as it does during checkout, merge, pull and commit. */
export async function isIndexLocked(gitDirectory: string | undefined): Promise<boolean> {
  if (gitDirectory === undefined) return false;
  return access(join(gitDirectory, 'index.lock')).then(
    () => true,
    () => false,
  );
}
