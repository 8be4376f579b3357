// What a set of texts means before anybody acts on it: read, checked and compiled, with other texts laid over the files
// on disk. The writer, `plan` and pulls ask here; nothing is ever written.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { catalog } from '../catalog/catalog.ts';
import type { Environment, Flags } from '../config/environment.ts';
import { loadConfig, type LoadResult } from '../config/load.ts';
import type { FileSet } from '../config/file-set.ts';
import { nodeFileSystem, type ConfigFileSystem } from '../config/source.ts';
import { compareDiagnostics, hasErrors, type Diagnostic } from '../diagnostics.ts';
import type { Clock } from '../lib/clock.ts';
import { checkRouting } from '../routing/checks/index.ts';
import { compile } from '../routing/compile.ts';
import type { Snapshot } from '../routing/snapshot.ts';

export interface EvaluateOptions {
  readonly config?: string | undefined;
  readonly directory?: string | undefined;
  readonly flags?: Flags;
  readonly environment: Environment;
  readonly clock: Pick<Clock, 'now'>;
  readonly files?: ConfigFileSystem;
}

export interface Evaluation {
  readonly loaded: LoadResult;
  /** Absent when any diagnostic is an error. */
  readonly snapshot?: Snapshot;
  /** Of all stages, sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** Exactly as they stand in the files, byte order marks included; the main file last. */
  readonly files: FileSet;
  /** Absolute folder of the main file; names of files are relative to it. */
  readonly folder: string;
}

/** Absolute path → text that stands in for the file; null: as if there were no such file. */
export type Overlay = ReadonlyMap<string, string | null>;

/** `files` stands in for the disk: a revision in git. */
export type Evaluate = (overlay?: Overlay, files?: ConfigFileSystem) => Promise<Evaluation>;

export function createEvaluate(options: EvaluateOptions): Evaluate {
  return (overlay = new Map(), files = options.files ?? nodeFileSystem) => evaluate(options, overlay, files);
}

async function evaluate(
  options: EvaluateOptions,
  overlay: Overlay,
  disk: ConfigFileSystem,
): Promise<Evaluation> {
  const texts = new Map<string, string>();
  const { config, directory, flags = {}, environment } = options;
  const loaded = await loadConfig({
    config,
    ...(directory === undefined ? {} : { directory }),
    flags,
    environment,
    files: layOver(disk, overlay, texts),
  });
  const { draft, locate } = loaded;
  const meaning = draft
    ? draft.accept(
        checkRouting({ config: draft.config, locate: draft.locate, catalog, now: options.clock.now() }),
      )
    : [];
  const known = [...loaded.diagnostics, ...meaning].toSorted(compareDiagnostics);
  const files = loaded.sources.map(({ path, name, text }) => ({ name, text: texts.get(path) ?? text }));
  const common = { loaded, files, folder: loaded.folder };
  if (!loaded.config || hasErrors(known)) return { ...common, diagnostics: known };
  return { ...common, ...compile({ config: loaded.config, catalog, locate, digest: sha256, known }) };
}

/** Hex digits of SHA-256, as revisions are made of. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Absolute path of a file of the set. */
export function pathOf({ folder }: Pick<Evaluation, 'folder'>, name: string): string {
  return join(folder, name);
}

function layOver(files: ConfigFileSystem, overlay: Overlay, texts: Map<string, string>): ConfigFileSystem {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    read: async (path) => {
      const text = overlay.get(path);
      if (text === null) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      const bytes = text === undefined ? await files.read(path) : new TextEncoder().encode(text);
      texts.set(path, decoder.decode(bytes));
      return bytes;
    },
    list: async (folder) => {
      const inside = [...overlay].flatMap(([path, text]) => {
        const [name = '', ...rest] = path.startsWith(`${folder}/`)
          ? path.slice(folder.length + 1).split('/')
          : [];
        return name === ''
          ? []
          : [{ name, folder: rest.length > 0, gone: text === null && rest.length === 0 }];
      });
      const found = await files.list(folder).catch((error: unknown) => {
        if (inside.length === 0) throw error;
        return [];
      });
      const gone = new Set(inside.filter((entry) => entry.gone).map(({ name }) => name));
      const known = new Map(found.filter(({ name }) => !gone.has(name)).map((entry) => [entry.name, entry]));
      for (const { name, folder: isFolder, gone: isGone } of inside)
        if (!isGone && !known.has(name)) known.set(name, { name, folder: isFolder });
      return [...known.values()];
    },
    resolve: (path) =>
      files.resolve(path).catch(async (error: unknown) => {
        // A file that only the overlay has lies where it says, once its folder's links are followed.
        if (typeof overlay.get(path) !== 'string') throw error;
        return resolveNew(files, path);
      }),
  };
}

async function resolveNew(files: ConfigFileSystem, path: string): Promise<string> {
  const cut = path.lastIndexOf('/');
  if (cut <= 0) return path;
  const folder = path.slice(0, cut);
  const real = await files.resolve(folder).catch(() => resolveNew(files, folder));
  return real + path.slice(cut);
}
