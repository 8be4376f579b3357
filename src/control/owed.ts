// What git still owes for changes that are live, on disk: a stop between a write and its commit, or a remote that is
// away for days, must not make it forgotten.
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { systemFiles, writeAtomically, type WriteFiles } from './atomic-write.ts';
import type { CommitDetails } from './git.ts';

/** A file as we wrote it. */
export interface WrittenFile {
  /** Absolute path. */
  readonly path: string;
  /** SHA-256 of the text, in hex. */
  readonly hash: string;
}

export interface OwedCommit {
  readonly id: string;
  readonly writes: readonly WrittenFile[];
  readonly details: CommitDetails;
  /** The branch goes to the remote afterwards. */
  readonly push: boolean;
}

export interface Owed {
  /** In the order of their writing. */
  readonly commits: readonly OwedCommit[];
  /** Branches that the remote does not have yet as they are here. */
  readonly branches: readonly string[];
}

export interface OwedStore {
  /** Empty when there is nothing, or nothing that can be read. */
  read(): Promise<Owed>;
  /** Durable when it resolves. */
  save(owed: Owed): Promise<void>;
}

export const nothingOwed: Owed = { commits: [], branches: [] };

/** One small file at `path`, gone when nothing is owed. */
export function createOwedFile(path: string, files: WriteFiles = systemFiles): OwedStore {
  return {
    read: async () => {
      const bytes = await files.read(path).catch(() => undefined);
      if (bytes === undefined) return nothingOwed;
      try {
        const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<Owed>;
        return { commits: [...(value.commits ?? [])], branches: [...(value.branches ?? [])] };
      } catch {
        return nothingOwed;
      }
    },
    save: async (owed) => {
      if (owed.commits.length === 0 && owed.branches.length === 0) {
        await files.unlink(path).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
        });
        return;
      }
      files.ensureFolder(dirname(path));
      await writeAtomically(path, JSON.stringify({ version: 1, ...owed }), files);
    },
  };
}

/** For tests, and for commands that end at once. */
export function createOwedMemory(): OwedStore {
  let kept = nothingOwed;
  return {
    read: async () => kept,
    save: async (owed) => {
      kept = owed;
    },
  };
}

export function hashText(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}
