// One file from old text to new text with nothing in between: temp file, fsync, rename, fsync of the folder.
// Where a rename is impossible (a single bind-mounted file, a folder we may not write) the text goes in place.
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The file system calls that matter here, so that a test can step and break them. */
export interface WriteFiles {
  readonly open: typeof open;
  readonly realpath: typeof realpath;
  readonly rename: typeof rename;
  readonly stat: typeof stat;
  readonly unlink: typeof unlink;
}

export const systemFiles: WriteFiles = { open, realpath, rename, stat, unlink };

/** `rename`: readers saw old or new. `in-place`: a crash in the middle leaves a torn file that the journal completes. */
export type WriteManner = 'rename' | 'in-place';

/** Errors that say "not by rename here", as against "not at all". */
const renameImpossible = new Set(['EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS', 'ENOTSUP']);

/** Writes through symbolic links, keeping the file's mode; rejects with the system's error when neither way works. */
export async function writeAtomically(
  path: string,
  text: string,
  files: WriteFiles = systemFiles,
): Promise<WriteManner> {
  const target = await files.realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return path;
    throw error;
  });
  const mode = await files.stat(target).then(
    (entry) => entry.mode & 0o777,
    () => undefined,
  );
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeSynced(files, temporary, 'wx', text, mode);
    await files.rename(temporary, target);
  } catch (error) {
    await files.unlink(temporary).catch(() => undefined);
    if (!renameImpossible.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    // `r+` never creates: a file that is gone is not one to be written in place.
    await writeSynced(files, target, 'r+', text, undefined);
    return 'in-place';
  }
  await syncFolder(files, dirname(target));
  return 'rename';
}

async function writeSynced(
  files: WriteFiles,
  path: string,
  flags: string,
  text: string,
  mode: number | undefined,
): Promise<void> {
  const bytes = Buffer.from(text, 'utf8');
  await withHandle(files.open(path, flags, mode ?? 0o644), async (handle) => {
    // The umask may have taken bits that the old file had.
    if (mode !== undefined) await handle.chmod(mode);
    let written = 0;
    while (written < bytes.length) {
      written += (await handle.write(bytes, written, bytes.length - written, written)).bytesWritten;
    }
    // After the bytes, not before: a crash then leaves new text with an old tail, never an empty file.
    await handle.truncate(bytes.length);
    await handle.sync();
  });
}

// Without this a crash of the machine can forget the rename. Some file systems refuse to sync a folder; they are as good as it gets.
async function syncFolder(files: WriteFiles, folder: string): Promise<void> {
  await withHandle(files.open(folder, 'r'), (handle) => handle.sync()).catch(() => undefined);
}

async function withHandle(
  opening: Promise<FileHandle>,
  use: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await opening;
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
