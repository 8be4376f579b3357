// The stages of reading a configuration, in order: find → read → parse → unite → interpret → override → validate →
// resolve → check. Never throws for a fault of the user's: everything is told at once, as diagnostics.
import { dirname, isAbsolute, resolve } from 'node:path';
import {
  compareDiagnostics,
  hasErrors,
  type Diagnostic,
  type Locate,
  type SourcePosition,
} from '../diagnostics.ts';
import { maskSecrets } from '../diagnostics/secret-shapes.ts';
import { checkDocument } from './checks/index.ts';
import { uniteFiles, type ConfigDocument } from './document.ts';
import { checkEnvironment, type Environment, type Flags } from './environment.ts';
import { createDraft, type Draft } from './draft.ts';
import type { ResolvedConfig } from './generated/types.ts';
import { interpret, type FoundReference } from './interpret.ts';
import { applyOverrides, type Origin } from './override.ts';
import { parseFile, type ParsedFile } from './parse.ts';
import type { PlainObject } from './plain.ts';
import { readFiles } from './read-files.ts';
import { resolveConfig } from './resolve.ts';
import { createFault } from './rules.ts';
import { findConfig, locateMain, nodeFileSystem, type ConfigFile, type ConfigFileSystem } from './source.ts';
import type { MapNode } from './tree.ts';
import { validateConfig } from './validate-cases.ts';

export interface LoadOptions {
  /** Path of the main file (`--config`); else `OMNIROUTE_CONFIG`, else the search. */
  readonly config?: string | undefined;
  /** Where the search starts and relative paths count from. */
  readonly directory?: string | undefined;
  readonly environment?: Environment;
  readonly flags?: Flags;
  readonly files?: ConfigFileSystem;
  /** Also name set variables that nothing reads; for commands that start a gateway. */
  readonly tellEnvironment?: boolean;
}

/** Who set a value. */
export type Provenance =
  | { readonly kind: 'file'; readonly at: SourcePosition }
  /** Text from the file with variables substituted; names are `env:NAME`. */
  | { readonly kind: 'reference'; readonly names: readonly string[]; readonly at: SourcePosition }
  | { readonly kind: 'flag' | 'variable'; readonly name: string }
  | { readonly kind: 'default' };

export interface LoadResult {
  /** Present when no diagnostic is an error. */
  readonly config?: ResolvedConfig;
  /**
   * What can be understood of the file, for further checks of meaning in the same run, faulty or not. Without faults
   * the draft is the configuration itself.
   */
  readonly draft?: Draft;
  /** As written, variables substituted and shorthands written out, before defaults. */
  readonly authored?: PlainObject;
  /** Absolute path of the main file, if one was found. */
  readonly path?: string;
  /** Absolute folder that positions, includes and `${file:}` are relative to. */
  readonly folder: string;
  readonly locate: Locate;
  readonly provenance: (pointer: string) => Provenance;
  /** Sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read, the main file last. */
  readonly sources: readonly ConfigFile[];
  /** Every secret that the file names. */
  readonly references: readonly FoundReference[];
  /** What a watcher must look at; all absolute, whether it exists or not. */
  readonly watch: { readonly files: readonly string[]; readonly directories: readonly string[] };
}

/** Absolute path of the main file, whether it can be read or not; undefined when the search finds none. */
export async function findMain(
  options: Pick<LoadOptions, 'config' | 'directory' | 'environment'>,
): Promise<string | undefined> {
  const { environment = process.env } = options;
  const directory = resolve(options.directory ?? '.');
  const named = options.config ?? (environment['OMNIROUTE_CONFIG'] || undefined);
  return named === undefined ? findConfig(directory) : locateMain(named, directory).path;
}

/** Finds, reads and checks a configuration. */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadResult> {
  const environment = options.environment ?? process.env;
  const directory = resolve(options.directory ?? '.');
  const path = await findMain(options);
  if (path === undefined) {
    const fault = createFault('source/none', `no omniroute.config.yaml in ${directory} or above it`, {
      suggestion: 'create one, or name a file with --config',
    });
    return finish({ folder: directory, diagnostics: [fault] });
  }
  const read = await readFiles(path, options.files ?? nodeFileSystem);
  const folder = dirname(path);
  const document = uniteFiles(read.files.map(parseOnce(read.main)));
  const told = [
    ...read.diagnostics,
    ...document.files.flatMap((file) => file.diagnostics),
    ...document.diagnostics,
  ];
  const common = {
    path,
    folder,
    sources: read.files,
    watch: { files: [path, ...read.included], directories: read.folders },
    locate: document.locate,
  };
  if (!document.root) return finish({ ...common, diagnostics: told });
  return understand(document, document.root, common, told, environment, options);
}

function understand(
  document: ConfigDocument,
  root: MapNode,
  common: Pick<LoadResult, 'folder' | 'watch' | 'locate'> & {
    readonly path: string;
    readonly sources: readonly ConfigFile[];
  },
  told: readonly Diagnostic[],
  environment: Environment,
  options: LoadOptions,
): LoadResult {
  const { locate } = document;
  const interpreted = interpret(root, environment);
  const origins = applyOverrides(interpreted.value, options.flags ?? {}, environment);
  const validation = validateConfig(interpreted.value, {
    locate,
    unusable: interpreted.unusable,
    originOf: (pointer) => origins.get(pointer)?.name,
  });
  const unreadable = document.broken || hasErrors(told);
  const diagnostics = [
    ...told,
    ...[...interpreted.diagnostics, ...validation.diagnostics].filter(outsideBroken(document)),
  ];
  const refused = [...validation.refused, ...interpreted.unusable];
  const faulty = refused.length > 0 || unreadable || hasErrors(diagnostics);
  const draft: Draft = faulty
    ? createDraft(interpreted.value, refused, unreadable, locate)
    : { config: resolveConfig(interpreted.value), locate, accept: (found) => found };
  const sources = new Map(common.sources.map((file) => [file.name, file.text]));
  diagnostics.push(...draft.accept(checkDocument({ config: draft.config, locate: draft.locate, sources })));
  if (options.tellEnvironment === true) {
    const referenced = new Set([
      ...interpreted.references.map(({ reference }) => reference.name),
      ...[...interpreted.variables.values()].flat(),
    ]);
    diagnostics.push(...checkEnvironment(environment, referenced));
  }
  const referenced = interpreted.references
    .filter(({ reference }) => reference.source === 'file')
    .map(({ reference: { name } }) => (isAbsolute(name) ? name : resolve(common.folder, name)));
  return finish({
    ...common,
    diagnostics,
    draft,
    ...(!hasErrors(diagnostics) && { config: draft.config }),
    authored: interpreted.value,
    references: interpreted.references,
    watch: { ...common.watch, files: [...new Set([...common.watch.files, ...referenced])] },
    provenance: (pointer) => findProvenance(pointer, origins, interpreted.variables, locate),
  });
}

/** The main file was parsed to find its includes: not twice. */
function parseOnce(main: ParsedFile | undefined): (file: ConfigFile) => ParsedFile {
  return (file) => (main?.file === file ? main : parseFile(file));
}

/** Where the text itself is broken, what the schema misses there may only be unreadable. */
function outsideBroken({ files, broken }: ConfigDocument): (diagnostic: Diagnostic) => boolean {
  const names = new Set(files.filter((file) => file.broken).map(({ file }) => file.name));
  return ({ at, code }) => !(broken && code === 'schema/missing-key') && !(at && names.has(at.file));
}

function findProvenance(
  pointer: string,
  origins: ReadonlyMap<string, Origin>,
  variables: ReadonlyMap<string, readonly string[]>,
  locate: Locate,
): Provenance {
  const origin = origins.get(pointer);
  if (origin) return origin;
  const at = locate(pointer);
  if (!at) return { kind: 'default' };
  const names = variables.get(pointer);
  return names ? { kind: 'reference', names: names.map((name) => `env:${name}`), at } : { kind: 'file', at };
}

function finish(result: Partial<LoadResult> & Pick<LoadResult, 'folder' | 'diagnostics'>): LoadResult {
  return {
    locate: () => undefined,
    provenance: () => ({ kind: 'default' }),
    sources: [],
    references: [],
    watch: { files: result.path === undefined ? [] : [result.path], directories: [] },
    ...result,
    diagnostics: tidy(result.diagnostics),
  };
}

/** More than anybody reads; a hostile file could have a fault for every byte. */
const maxDiagnostics = 500;

/** Sorted, without repeats (an anchor's text is read once per alias), and without anything that looks like a secret. */
function tidy(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  const all = diagnostics
    .filter(({ code, message, at, pointer }) => {
      const place = at ? `${at.file}:${at.line}:${at.column}` : (pointer ?? '');
      const key = `${code} ${place} ${pointer?.slice(pointer.lastIndexOf('/')) ?? message}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort(compareDiagnostics);
  const left = all.slice(0, maxDiagnostics);
  const more = all.length - left.length;
  // errors must not hide behind warnings
  const severity = hasErrors(all.slice(maxDiagnostics)) ? ('error' as const) : ('warning' as const);
  const rest = more === 0 ? [] : [createFault('source/too-many-faults', `${more} more faults`, { severity })];
  return [...left, ...rest].map((diagnostic) => ({
    ...diagnostic,
    message: maskSecrets(diagnostic.message),
    ...(diagnostic.pointer !== undefined && { pointer: cutSecrets(diagnostic.pointer) }),
    ...(diagnostic.suggestion !== undefined && { suggestion: maskSecrets(diagnostic.suggestion) }),
  }));
}

/** A secret may stand where a name belongs: such a pointer ends at what is around it. */
function cutSecrets(pointer: string): string {
  if (maskSecrets(pointer) === pointer) return pointer;
  const segments = pointer.split('/');
  const first = segments.findIndex((segment) => maskSecrets(segment) !== segment);
  return segments.slice(0, Math.max(first, 1)).join('/');
}
