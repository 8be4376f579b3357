// What a write was about to do, on disk before it begins: the next start completes what a crash interrupted, so that
// several files change together and a file written in place is never left torn.
import { mkdir, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemFiles, writeAtomically, type WriteFiles } from './atomic-write.ts';

export interface PlannedWrite {
  /** Absolute path. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** What completing a journal found. */
export interface JournalReport {
  /** Files that were brought to their new text. */
  readonly completed: readonly string[];
  /** Files that somebody changed since: left as they are, for a person to look at. */
  readonly skipped: readonly string[];
}

/** Writes all files, journaled at `journal`; resolves when all are durable and the journal is gone. */
export async function writeJournaled(
  journal: string,
  writes: readonly PlannedWrite[],
  files: WriteFiles = systemFiles,
): Promise<void> {
  await mkdir(dirname(journal), { recursive: true });
  await writeAtomically(journal, JSON.stringify({ version: 1, writes }), files);
  for (const { path, after } of writes) await writeAtomically(path, after, files);
  await unlink(journal);
}

/** Completes an interrupted write; undefined when there is none. A journal that does not parse was never acted on. */
export async function completeJournal(
  journal: string,
  files: WriteFiles = systemFiles,
): Promise<JournalReport | undefined> {
  const text = await readFile(journal, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const completed: string[] = [];
  const skipped: string[] = [];
  for (const write of parseWrites(text)) {
    const current = await readFile(write.path).catch(() => Buffer.alloc(0));
    const before = Buffer.from(write.before, 'utf8');
    const after = Buffer.from(write.after, 'utf8');
    if (current.equals(after)) continue;
    if (isTorn(current, before, after)) {
      await writeAtomically(write.path, write.after, files);
      completed.push(write.path);
    } else {
      skipped.push(write.path);
    }
  }
  await unlink(journal);
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
