// Files from old text to new text with nothing in between: temporary files are made durable first, then all targets are
// compared and replaced in one turn. Where a rename is impossible (a single bind-mounted file, a folder that we may not
// write) the text goes in place. A file that somebody changed meanwhile is never overwritten.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { open, readdir, readFile, realpath, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The file system as writing sees it, so that a test can step and break it. All fail with an errno `code`. */
export interface WriteFiles {
  /** Symbolic links followed. */
  realpath(path: string): Promise<string>;
  /** Permission bits; undefined when there is no such file. */
  mode(path: string): Promise<number | undefined>;
  /** A new file with these bytes, durable. */
  stage(path: string, bytes: Uint8Array, mode: number | undefined): Promise<void>;
  read(path: string): Promise<Uint8Array>;
  unlink(path: string): Promise<void>;
  /** Names in a folder; none when it cannot be read. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes renames in this folder durable. */
  syncFolder(folder: string): Promise<void>;
  ensureFolder(folder: string): void;
  /** Undefined when there is no such file. Synchronous, like the next two: see `replaceFiles`. */
  readNow(path: string): Uint8Array | undefined;
  renameNow(from: string, to: string): void;
  /** Into the file that is there, durable; never creates one. */
  overwriteNow(path: string, bytes: Uint8Array): void;
}

/** `rename`: readers saw old or new. `in-place`: a crash in the middle leaves a torn file that the journal completes. */
export type WriteManner = 'rename' | 'in-place';

/** New text of one file. */
export interface Replacement {
  /** Absolute path. */
  readonly path: string;
  readonly after: string;
  /** What must still stand there; null: no file. Left out: whatever stands there. */
  readonly before?: string | null;
}

/** Somebody changed a file between its reading and its replacement; nothing was written. */
export class ChangedMeanwhileError extends Error {
  override readonly name = 'ChangedMeanwhileError';
  readonly path: string;

  constructor(path: string) {
    super(`${path} was changed by somebody else`);
    this.path = path;
  }
}

/** Errors that say "not by rename here", as against "not at all". */
const renameImpossible = new Set(['EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS', 'ENOTSUP']);

/** Writes through symbolic links, keeping the file's mode; rejects with the system's error when neither way works. */
export async function writeAtomically(
  path: string,
  text: string,
  files: WriteFiles = systemFiles,
): Promise<WriteManner> {
  const [manner = 'rename'] = await replaceFiles([{ path, after: text }], files);
  return manner;
}

/** Replaces all files or, when one of them is not what it should be, none (ChangedMeanwhileError). */
export async function replaceFiles(
  replacements: readonly Replacement[],
  files: WriteFiles = systemFiles,
): Promise<readonly WriteManner[]> {
  const staged: Staged[] = [];
  try {
    for (const replacement of replacements) staged.push(await stage(replacement, files));
    // From the comparison to the last rename nothing waits: no other writer of this process comes between, and one of
    // another process has microseconds. No file system offers more than that.
    for (const { path, target, before } of staged) {
      if (before !== undefined && !isSameBytes(files.readNow(target), before))
        throw new ChangedMeanwhileError(path);
    }
    const manners = staged.map((entry) => replaceNow(entry, files));
    for (const folder of new Set(staged.map(({ target }) => dirname(target)))) await files.syncFolder(folder);
    return manners;
  } finally {
    for (const { temporary } of staged) {
      if (temporary !== undefined) await files.unlink(temporary).catch(() => undefined);
    }
  }
}

/** Takes temporary files away that a crash left beside this file. */
export async function sweepTemporaries(path: string, files: WriteFiles = systemFiles): Promise<void> {
  const target = await files.realpath(path).catch(() => path);
  const prefix = `.${basename(target)}.`;
  for (const name of await files.list(dirname(target))) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length))) continue;
    await files.unlink(join(dirname(target), name)).catch(() => undefined);
  }
}

interface Staged {
  readonly path: string;
  readonly target: string;
  readonly bytes: Uint8Array;
  readonly before: Uint8Array | null | undefined;
  /** Absent where no file can be made beside the target. */
  readonly temporary?: string;
}

async function stage({ path, after, before }: Replacement, files: WriteFiles): Promise<Staged> {
  const target = await files.realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return path;
    throw error;
  });
  const entry = {
    path,
    target,
    bytes: Buffer.from(after, 'utf8'),
    before: typeof before === 'string' ? Buffer.from(before, 'utf8') : before,
  };
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await files.stage(temporary, entry.bytes, await files.mode(target));
    return { ...entry, temporary };
  } catch (error) {
    await files.unlink(temporary).catch(() => undefined);
    if (!isImpossible(error)) throw error;
    return entry;
  }
}

function replaceNow({ target, temporary, bytes }: Staged, files: WriteFiles): WriteManner {
  if (temporary !== undefined) {
    try {
      files.renameNow(temporary, target);
      return 'rename';
    } catch (error) {
      if (!isImpossible(error)) throw error;
    }
  }
  files.overwriteNow(target, bytes);
  return 'in-place';
}

function isImpossible(error: unknown): boolean {
  return renameImpossible.has((error as NodeJS.ErrnoException).code ?? '');
}

function isSameBytes(found: Uint8Array | undefined, wanted: Uint8Array | null): boolean {
  if (found === undefined || wanted === null) return found === undefined && wanted === null;
  return Buffer.compare(found, wanted) === 0;
}

/** The machine's own. */
export const systemFiles: WriteFiles = {
  realpath: (path) => realpath(path),
  mode: (path) =>
    stat(path).then(
      (entry) => entry.mode & 0o777,
      () => undefined,
    ),
  stage: async (path, bytes, mode) => {
    const handle = await open(path, 'wx', mode ?? 0o644);
    try {
      // The umask may have taken bits that the old file had.
      if (mode !== undefined) await handle.chmod(mode);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  read: (path) => readFile(path),
  unlink: (path) => unlink(path),
  list: (folder) => readdir(folder).catch(() => []),
  // Without this a crash of the machine can forget the rename. Some file systems refuse to sync a folder; they are as
  // good as it gets.
  syncFolder: async (folder) => {
    const handle = await open(folder, 'r').catch(() => undefined);
    await handle?.sync().catch(() => undefined);
    await handle?.close();
  },
  ensureFolder: (folder) => void mkdirSync(folder, { recursive: true }),
  readNow: (path) => {
    try {
      return readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  renameNow: (from, to) => renameSync(from, to),
  overwriteNow: (path, bytes) => {
    const file = openSync(path, 'r+');
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, at);
      // After the bytes, not before: a crash then leaves new text with an old tail, never an empty file.
      ftruncateSync(file, bytes.length);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
};
