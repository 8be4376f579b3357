// Paths of the file system as git names them.
import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Git } from './git.ts';

/** Path from the top of the work tree with forward slashes; links in the folder are followed, as git does. */
export async function locate(git: Pick<Git, 'top'>, path: string): Promise<string> {
  const cut = path.lastIndexOf(sep);
  const folder = await realpath(path.slice(0, cut)).catch(() => path.slice(0, cut));
  return relative(git.top, folder + path.slice(cut))
    .split(sep)
    .join('/');
}
