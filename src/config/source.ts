// Finds and reads the files of a configuration: bytes → text. Knows encodings, sizes and where an include may lead;
// never looks at what the text means. Every fault is a diagnostic, and the file system is injected.
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Diagnostic, SourcePosition } from '../diagnostics.ts';
import { matchGlob } from '../lib/glob.ts';
import { createFault } from './rules.ts';

/** One file as it was read. */
export interface ConfigFile {
  /** Absolute path. */
  readonly path: string;
  /** Path relative to the folder of the main file, with forward slashes; what positions cite. */
  readonly name: string;
  /** Without byte order mark. */
  readonly text: string;
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  /** Bytes. */
  readonly size: number;
}

/** What the loader needs of a file system. All three reject with an errno `code`, as Node's do. */
export interface ConfigFileSystem {
  read(path: string): Promise<Uint8Array>;
  list(folder: string): Promise<readonly { readonly name: string; readonly folder: boolean }[]>;
  /** The path with all symbolic links followed. */
  resolve(path: string): Promise<string>;
}

export const nodeFileSystem: ConfigFileSystem = {
  read: async (path) => {
    const found = await stat(path);
    // A pipe would be waited for without end, by every later look and by the end of the process too.
    if (!found.isFile() && !found.isDirectory()) throw Object.assign(new Error(path), { code: 'ENOTFILE' });
    return readFile(path);
  },
  list: async (folder) => {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, folder: entry.isDirectory() }));
  },
  resolve: (path) => realpath(path),
};

/** A file, or why there is none. */
export type ReadResult =
  | { readonly ok: true; readonly file: ConfigFile }
  | { readonly ok: false; readonly fault: Diagnostic };

const maxFileSize = 4 * 1024 ** 2;
const maxDepth = 16;
const places = ['omniroute.config.yaml', 'omniroute.config.yml'];

/** The main file that serves `directory`: there, in a parent folder, or in the user's configuration folder. */
export async function findConfig(directory: string): Promise<string | undefined> {
  // Loaded only here: a named file must not pay for the search.
  const { cosmiconfig } = await import('cosmiconfig');
  const explorer = cosmiconfig('omniroute', {
    searchPlaces: places,
    searchStrategy: 'global',
    cache: false,
    ignoreEmptySearchPlaces: false,
    // cosmiconfig only finds; its own YAML parser would lose positions.
    loaders: { '.yaml': (_, text) => text, '.yml': (_, text) => text },
  });
  return (await explorer.search(directory))?.filepath;
}

/** Reads one file. `at` is where another file names it; positions inside it cite `name`. */
export async function readConfigFile(
  path: string,
  name: string,
  files: ConfigFileSystem,
  at?: SourcePosition,
): Promise<ReadResult> {
  let bytes: Uint8Array;
  try {
    bytes = await files.read(path);
  } catch (error) {
    return { ok: false, fault: explainReadError(error, name, at) };
  }
  const whole = at ?? { file: name, line: 1, column: 1, endLine: 1, endColumn: 1 };
  if (bytes.length > maxFileSize) {
    const fault = createFault('source/too-large', `${name} is larger than 4 MiB`, { at: whole });
    return { ok: false, fault };
  }
  const decoded = decodeText(bytes, name);
  if (typeof decoded !== 'string') return { ok: false, fault: decoded };
  const hash = createHash('sha256').update(bytes).digest('hex');
  return { ok: true, file: { path, name, text: decoded, hash, size: bytes.length } };
}

/** What the `include` patterns lead to. */
export interface Includes {
  /** Absolute path, name, and the pattern that found it; in code-point order of the names. */
  readonly found: readonly { readonly path: string; readonly name: string; readonly pattern: number }[];
  /** Folders in which a new file would change the result. */
  readonly folders: readonly string[];
  /** Patterns (by index) that match nothing. */
  readonly unmatched: readonly number[];
}

/** Expands relative paths and globs below `folder`. `exclude` is the main file, which never includes itself. */
export async function findIncludes(
  patterns: readonly string[],
  folder: string,
  exclude: string,
  files: ConfigFileSystem,
): Promise<Includes> {
  const found = new Map<string, { path: string; name: string; pattern: number }>();
  const folders = new Set<string>();
  const unmatched: number[] = [];
  for (const [index, pattern] of patterns.entries()) {
    let matches = 0;
    const segments = pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
    for await (const path of expand(folder, segments, files, folders, 0)) {
      matches++;
      if (path === exclude || found.size > 1000) continue;
      const name = relative(folder, path).split(sep).join('/');
      if (!found.has(name)) found.set(name, { path, name, pattern: index });
    }
    if (matches === 0) unmatched.push(index);
  }
  const sorted = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { found: sorted, folders: [...folders], unmatched };
}

/** Whether `path`, symbolic links followed, still lies below `folder`. Both must exist. */
export async function isBelow(path: string, folder: string, files: ConfigFileSystem): Promise<boolean> {
  const [real, root] = await Promise.all([files.resolve(path), files.resolve(folder)]);
  return real.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** One hash of the contents of all paths, unreadable ones included as such: equal means nothing has changed. */
export async function fingerprintSources(
  paths: readonly string[],
  files: ConfigFileSystem = nodeFileSystem,
): Promise<string> {
  const hash = createHash('sha256');
  for (const path of [...paths].sort()) {
    hash.update(`${path}\0`);
    try {
      const bytes = await files.read(path);
      hash.update(`${bytes.length}\0`).update(bytes);
    } catch (error) {
      hash.update(`${readCode(error)}\0`);
    }
  }
  return hash.digest('hex');
}

/** The absolute folder and file name of a path that a person named. */
export function locateMain(
  path: string,
  directory: string,
): { readonly path: string; readonly folder: string } {
  const absolute = resolve(directory, path);
  return { path: absolute, folder: dirname(absolute) };
}

// A literal path is yielded without a look whether it exists: reading it explains better why it cannot be read.
async function* expand(
  folder: string,
  segments: readonly string[],
  files: ConfigFileSystem,
  folders: Set<string>,
  depth: number,
): AsyncGenerator<string> {
  const [segment, ...rest] = segments;
  if (segment === undefined || depth > maxDepth) return;
  if (!/[*?]/.test(segment)) {
    const path = join(folder, segment);
    if (rest.length === 0) yield path;
    else yield* expand(path, rest, files, folders, depth + 1);
    return;
  }
  folders.add(folder);
  const anyDepth = segment === '**';
  if (anyDepth) yield* expand(folder, rest, files, folders, depth);
  const entries = await files.list(folder).catch(() => []);
  for (const entry of entries) {
    // Editors and Kubernetes keep their own files behind a dot (`.#a.yaml`, `..data`).
    if (entry.name.startsWith('.') || !(anyDepth || matchGlob(segment, entry.name))) continue;
    const path = join(folder, entry.name);
    if (anyDepth) {
      if (entry.folder) yield* expand(path, segments, files, folders, depth + 1);
    } else if (rest.length > 0) yield* expand(path, rest, files, folders, depth + 1);
    else if (!entry.folder) yield path;
  }
}

const unreadable: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ENOTFILE: 'it is a pipe, a socket or a device',
  EACCES: 'no permission',
};

function explainReadError(error: unknown, name: string, at: SourcePosition | undefined): Diagnostic {
  const code = readCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return createFault('source/not-found', `${name} does not exist`, { at });
  }
  const why = unreadable[code] ?? code;
  return createFault('source/unreadable', `${name} cannot be read: ${why}`, { at });
}

function readCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
}

function decodeText(bytes: Uint8Array, name: string): string | Diagnostic {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    const at = { file: name, line: 1, column: 1, endLine: 1, endColumn: 2 };
    return createFault('source/encoding', `${name} is UTF-16`, { at, suggestion: 'save it as UTF-8' });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const before = new TextDecoder('utf-8').decode(bytes.subarray(0, findBrokenByte(bytes)));
    const lines = before.split('\n');
    const column = (lines.at(-1)?.length ?? 0) + 1;
    const at = { file: name, line: lines.length, column, endLine: lines.length, endColumn: column + 1 };
    return createFault('source/encoding', `${name} is not UTF-8 here`, {
      at,
      suggestion: 'save it as UTF-8',
      sensitive: true,
    });
  }
}

/** Offset of the first byte that breaks UTF-8, by bisection over prefixes (a cut character at their end is fine). */
function findBrokenByte(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const decoder = new TextDecoder('utf-8', { fatal: true });
    try {
      decoder.decode(bytes.subarray(0, middle), { stream: true });
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return low;
}
