// Paths of the file system as git names them.
import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Git } from './git.ts';

/**
 * Path from the top of the work tree with forward slashes. Links are followed, that of the file itself too: what is written
 * through a link changes in git where it lies.
 */
export async function locate(git: Pick<Git, 'top'>, path: string): Promise<string> {
  const cut = path.lastIndexOf(sep);
  const real = await realpath(path).catch(async () => {
    const folder = await realpath(path.slice(0, cut)).catch(() => path.slice(0, cut));
    return folder + path.slice(cut);
  });
  return relative(git.top, real).split(sep).join('/');
}
