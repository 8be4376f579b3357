// Configurations that have served, by revision: one file each in the data folder, so that commands read them too. The
// oldest go; a file is replaced in one step, and what is half written never has a name that anybody reads.
import { open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureFolder } from '../lib/folders.ts';

export interface RevisionArchive {
  /** Keeps a configuration in the background; what is there already is only marked as used. Never throws. */
  keep(revision: string, render: () => string): void;
  /** Undefined when it is not kept (any more). */
  read(revision: string): Promise<string | undefined>;
  /** Resolves when everything given so far is kept. Never rejects. */
  flush(): Promise<void>;
}

export interface RevisionArchiveOptions {
  /** The data folder; in memory only when left out. */
  readonly dataFolder?: string;
  /** Configurations that are kept. */
  readonly most?: number;
  readonly report?: (error: unknown) => void;
  /** Epoch milliseconds; says which of them was used last. */
  readonly now?: () => number;
}

/** Folder below the data folder. */
const folderName = 'revisions';
const usualMost = 100;
/** As compile() writes them: a name from outside must not become a path. */
const spelling = /^[0-9a-f]{12}$/;

export function createRevisionArchive(options: RevisionArchiveOptions = {}): RevisionArchive {
  const { dataFolder, most = usualMost, report = () => undefined, now = Date.now } = options;
  if (dataFolder === undefined) return createMemoryArchive(most);
  const folder = join(dataFolder, folderName);
  let work = Promise.resolve();
  return {
    keep: (revision, render) => {
      work = work.then(() => keepFile(folder, revision, render, { most, now })).catch(report);
    },
    read: (revision) => work.then(() => readRevision(dataFolder, revision)),
    flush: () => work,
  };
}

/** For commands that run beside a gateway. */
export async function readRevision(dataFolder: string, revision: string): Promise<string | undefined> {
  if (!spelling.test(revision)) return undefined;
  return readFile(join(dataFolder, folderName, `${revision}.json`), 'utf8').catch(() => undefined);
}

function createMemoryArchive(most: number): RevisionArchive {
  const texts = new Map<string, string>();
  return {
    keep: (revision, render) => {
      const text = texts.get(revision) ?? render();
      texts.delete(revision);
      texts.set(revision, text);
      for (const oldest of texts.keys()) if (texts.size > most) texts.delete(oldest);
    },
    read: (revision) => Promise.resolve(texts.get(revision)),
    flush: () => Promise.resolve(),
  };
}

async function keepFile(
  folder: string,
  revision: string,
  render: () => string,
  { most, now }: { readonly most: number; readonly now: () => number },
): Promise<void> {
  if (!spelling.test(revision)) return;
  const path = join(folder, `${revision}.json`);
  const used = new Date(now());
  const isThere = await utimes(path, used, used).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  ensureFolder(folder);
  const draft = `${path}.${process.pid}.tmp`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(render());
    await file.utimes(used, used);
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await prune(folder, most);
}

async function prune(folder: string, most: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  if (names.length <= most) return;
  const files = await Promise.all(
    names.map(async (name) => ({
      name,
      used: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0,
    })),
  );
  const old = files.sort((a, b) => b.used - a.used).slice(most);
  await Promise.all(old.map(({ name }) => rm(join(folder, name), { force: true })));
}
