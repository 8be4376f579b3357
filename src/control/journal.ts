// What a write was about to do, on disk before it begins: the next start completes what a crash interrupted, so that
// several files change together and a file written in place is never left torn.
import { dirname } from 'node:path';
import {
  ChangedMeanwhileError,
  replaceFiles,
  sweepTemporaries,
  systemFiles,
  writeAtomically,
  type WriteFiles,
} from './atomic-write.ts';

export interface PlannedWrite {
  /** Absolute path. */
  readonly path: string;
  /** Null where the write makes the file. */
  readonly before: string | null;
  readonly after: string;
}

/** What completing a journal found. */
export interface JournalReport {
  /** Files that were brought to their new text. */
  readonly completed: readonly string[];
  /** Files that somebody changed since: left as they are, for a person to look at. */
  readonly skipped: readonly string[];
}

/**
 * Writes all files, journaled at `journal`; resolves when all are durable and the journal is gone. Rejects with
 * ChangedMeanwhileError, nothing written, when a file no longer holds its `before`.
 */
export async function writeJournaled(
  journal: string,
  writes: readonly PlannedWrite[],
  files: WriteFiles = systemFiles,
): Promise<void> {
  files.ensureFolder(dirname(journal));
  await writeAtomically(journal, JSON.stringify({ version: 1, writes }), files);
  try {
    for (const { path } of writes) files.ensureFolder(dirname(path));
    await replaceFiles(writes, files);
  } catch (error) {
    // Where nothing was replaced there is nothing to complete; after half a write the journal must stay.
    const untouched =
      error instanceof ChangedMeanwhileError ||
      (await Promise.all(writes.map((write) => isUntouched(write, files)))).every(Boolean);
    if (untouched) await files.unlink(journal).catch(() => undefined);
    throw error;
  }
  await files.unlink(journal);
}

async function isUntouched({ path, before }: PlannedWrite, files: WriteFiles): Promise<boolean> {
  const current = await files.read(path).catch(() => undefined);
  return before === null
    ? current === undefined
    : current !== undefined && Buffer.from(before, 'utf8').equals(current);
}

/** Completes an interrupted write; undefined when there is none. A journal that does not parse was never acted on. */
export async function completeJournal(
  journal: string,
  files: WriteFiles = systemFiles,
): Promise<JournalReport | undefined> {
  const bytes = await files.read(journal).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const completed: string[] = [];
  const skipped: string[] = [];
  const writes = parseWrites(Buffer.from(bytes).toString('utf8'));
  for (const write of writes) {
    await sweepTemporaries(write.path, files);
    const current = Buffer.from(await files.read(write.path).catch(() => new Uint8Array()));
    const before = Buffer.from(write.before ?? '', 'utf8');
    const after = Buffer.from(write.after, 'utf8');
    if (current.equals(after)) continue;
    if (isTorn(current, before, after)) {
      await writeAtomically(write.path, write.after, files);
      completed.push(write.path);
    } else {
      skipped.push(write.path);
    }
  }
  await files.unlink(journal);
  return { completed, skipped };
}

// In place, bytes are written from the front and the tail is cut last: what a crash leaves is new bytes up to some
// place and old bytes behind it. Untouched (place 0) is one case of that; anything else was written by somebody else.
function isTorn(current: Buffer, before: Buffer, after: Buffer): boolean {
  let same = 0;
  while (same < current.length && same < after.length && current[same] === after[same]) same++;
  // The two texts may agree by chance beyond the place: try every earlier place that is possible too.
  for (let place = same; place >= 0; place--) {
    if (
      current.length === Math.max(place, before.length) &&
      current.subarray(place).equals(before.subarray(place))
    )
      return true;
    if (current[place - 1] !== before[place - 1]) break;
  }
  return (
    current.length > after.length &&
    same === after.length &&
    current.subarray(same).equals(before.subarray(same))
  );
}

function parseWrites(text: string): readonly PlannedWrite[] {
  try {
    const parsed = JSON.parse(text) as {
      readonly version?: number;
      readonly writes?: readonly PlannedWrite[];
    };
    return parsed.version === 1 ? (parsed.writes ?? []) : [];
  } catch {
    return [];
  }
}
