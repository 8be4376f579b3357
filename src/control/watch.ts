// Notices that a file of the configuration may have changed: directory events where the file system sends them,
// hash polling where it does not (NFS, bind mounts, VM shares). It only rings; settling and loading are others' work.
import { lstat, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import { watch as watchFolders, type FSWatcher } from 'chokidar';
import type { CancelTimer, Timers } from '../lib/timers.ts';

/** What must be watched: absolute paths of files (they may not exist) and of folders whose listing matters. */
export interface WatchedPaths {
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

export interface WatcherOptions {
  /** Asked again after every ring, because an edit may add an include. */
  paths(): WatchedPaths;
  /** Hash over the contents of everything watched. */
  fingerprint(): Promise<string>;
  /** Called when the contents differ from the last call's; the next ring waits until it is done. */
  onChange(): Promise<void>;
  readonly timers: Timers;
  /** Milliseconds between two hash polls. */
  readonly pollInterval: number;
  /** False relies on polling alone. */
  readonly events: boolean;
  /** Milliseconds that events are gathered. */
  readonly debounce?: number;
}

export interface Watcher {
  /** Declares the present contents as known, so that our own write does not ring. */
  acknowledge(): Promise<void>;
  /** Rings nobody until the answer is called: for a write of our own, which is acknowledged in between. */
  hold(): () => void;
  close(): Promise<void>;
}

/** Editors write twice within a few milliseconds; more waiting than this would be felt. */
const defaultDebounce = 25;

/** Starts watching; resolves once the first set of folders is under watch. */
export async function createWatcher(options: WatcherOptions): Promise<Watcher> {
  let known = await options.fingerprint();
  let closed = false;
  let folders: FSWatcher | undefined;
  let watching = new Set<string>();
  let cancelDebounce: CancelTimer | undefined;
  let busy: Promise<void> | undefined;
  let again = false;
  let held = 0;
  let missed = false;

  function ring(): Promise<void> {
    again = true;
    busy ??= answerRings();
    return busy;
  }

  // `busy` is cleared in the turn that saw `again` false, so that no ring falls between the two.
  async function answerRings(): Promise<void> {
    try {
      // oxlint-disable-next-line no-unmodified-loop-condition -- close() sets it while this waits
      while (again && !closed) {
        again = false;
        const fingerprint = await options.fingerprint();
        if (held > 0) missed = true;
        if (closed || held > 0 || fingerprint === known) continue;
        known = fingerprint;
        await options.onChange();
        await follow();
      }
    } finally {
      busy = undefined;
    }
  }

  function gather(): void {
    cancelDebounce?.();
    cancelDebounce = options.timers.after(options.debounce ?? defaultDebounce, () => void ring());
  }

  // Folders, not files: a rename over the file, a swapped symlink and a new include are all events of a folder.
  async function follow(): Promise<void> {
    if (!options.events || closed) return;
    const wanted = await listFolders(options.paths());
    if (wanted.size === watching.size && [...wanted].every((folder) => watching.has(folder))) return;
    const before = folders;
    const next = watchFolders([...wanted], {
      depth: 0,
      ignoreInitial: true,
      followSymlinks: false,
      persistent: false,
    });
    next.on('all', gather);
    // A folder that vanishes or cannot be watched is covered by polling.
    next.on('error', gather);
    await new Promise<void>((ready) => next.once('ready', () => ready()));
    folders = next;
    watching = wanted;
    await before?.close();
    gather();
  }

  await follow();
  const cancelPoll = options.timers.every(options.pollInterval, () => void ring());
  return {
    acknowledge: async () => {
      known = await options.fingerprint();
    },
    hold: () => {
      held++;
      return () => {
        held--;
        if (held > 0 || !missed || closed) return;
        missed = false;
        void ring();
      };
    },
    close: async () => {
      closed = true;
      cancelPoll();
      cancelDebounce?.();
      // A ring in progress may still be opening folders; they are closed after it, or they would stay open.
      await busy;
      await folders?.close();
    },
  };
}

/** Every folder in which a change can alter what one of the paths means: each hop of each symlink on the way. */
async function listFolders(paths: WatchedPaths): Promise<Set<string>> {
  const folders = new Set<string>();
  for (const directory of paths.directories) folders.add(directory);
  for (const path of [...paths.files, ...paths.directories]) {
    for (const folder of await listHops(path)) folders.add(folder);
  }
  return folders;
}

/** `/cfg/a.yaml → ..data/a.yaml`, `/cfg/..data → ..1/`: the folders `/cfg` and `/cfg/..1`. */
async function listHops(path: string): Promise<string[]> {
  const found = new Set([dirname(path)]);
  let pending = path;
  for (let hops = 0; hops < 40; hops++) {
    const link = await findFirstLink(pending);
    if (!link) {
      found.add(dirname(pending));
      break;
    }
    found.add(dirname(link.at));
    pending = join(isAbsolute(link.to) ? link.to : resolve(dirname(link.at), link.to), link.rest);
  }
  return [...found];
}

async function findFirstLink(path: string): Promise<{ at: string; to: string; rest: string } | undefined> {
  const { root } = parse(path);
  const segments = path.slice(root.length).split(sep).filter(Boolean);
  let at = root;
  for (const [index, segment] of segments.entries()) {
    at = join(at, segment);
    const entry = await lstat(at).catch(() => undefined);
    if (!entry) return undefined;
    if (entry.isSymbolicLink()) {
      return { at, to: await readlink(at), rest: segments.slice(index + 1).join(sep) };
    }
  }
  return undefined;
}
