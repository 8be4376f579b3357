// The main file and what it includes → files in reading order. Follows no pattern that could leave the folder.
import { basename, dirname } from 'node:path';
import type { Diagnostic, SourcePosition } from '../diagnostics.ts';
import { parseFile, type ParsedFile } from './parse.ts';
import { createFault } from './rules.ts';
import { findIncludes, isBelow, readConfigFile, type ConfigFile, type ConfigFileSystem } from './source.ts';
import { positionOf } from './tree.ts';

export interface ReadFiles {
  /** Included files in reading order, the main file last if it could be read. */
  readonly files: readonly ConfigFile[];
  readonly main: ParsedFile | undefined;
  /** Absolute paths that the patterns led to, readable or not. */
  readonly included: readonly string[];
  readonly folders: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

const maxIncludes = 1000;
const maxTotal = 16 * 1024 ** 2;

/** Reads the main file at `path` and what it includes. */
export async function readFiles(path: string, files: ConfigFileSystem): Promise<ReadFiles> {
  const folder = dirname(path);
  const result = await readConfigFile(path, basename(path), files);
  if (!result.ok)
    return { files: [], main: undefined, included: [], folders: [], diagnostics: [result.fault] };
  const main = parseFile(result.file);
  const patterns = readPatterns(main);
  const texts = patterns.map(({ text }) => text);
  const { found, folders, unmatched } = await findIncludes(texts, folder, path, files);
  const diagnostics: Diagnostic[] = unmatched.map((index) =>
    createFault('source/include-unmatched', 'this pattern matches no file', { at: patterns[index]?.at }),
  );
  for (const { text, at } of listIncludes(main)) {
    if (!text.includes('${')) continue;
    diagnostics.push(createFault('reference/misplaced', 'an include takes no variable', { at }));
  }
  if (found.length > maxIncludes) {
    diagnostics.push(
      createFault('source/include-limit', 'the patterns match more than 1,000 files', {
        at: patterns[0]?.at,
      }),
    );
  }
  const read: ConfigFile[] = [];
  let total = result.file.size;
  for (const { path: included, name, pattern } of found.slice(0, maxIncludes)) {
    const at = patterns[pattern]?.at;
    const below = await isBelow(included, folder, files).catch(() => true);
    if (!below) {
      diagnostics.push(
        createFault('source/include-outside', `${name} leads outside the folder of the main file`, { at }),
      );
      continue;
    }
    const next = await readConfigFile(included, name, files, at);
    if (!next.ok) diagnostics.push(next.fault);
    else {
      total += next.file.size;
      if (total <= maxTotal) read.push(next.file);
    }
  }
  if (total > maxTotal) {
    diagnostics.push(
      createFault('source/too-large', 'all files together are larger than 16 MiB', { at: patterns[0]?.at }),
    );
  }
  return {
    files: [...read, result.file],
    main,
    included: found.map(({ path: each }) => each),
    folders,
    diagnostics,
  };
}

/** Patterns that lead below the folder; what else may be wrong with them is for the schema to say. */
function readPatterns(main: ParsedFile): { readonly text: string; readonly at: SourcePosition }[] {
  // half a list would only add files that are "not found"
  if (main.broken) return [];
  return listIncludes(main).filter(
    ({ text }) =>
      /\.ya?ml$/.test(text) && !/^[/\\]|^[A-Za-z]:|\\|\$\{/.test(text) && !text.split('/').includes('..'),
  );
}

function listIncludes(main: ParsedFile): { readonly text: string; readonly at: SourcePosition }[] {
  const value = main.root?.kind === 'map' ? main.root.entries.get('include')?.value : undefined;
  if (value?.kind !== 'list') return [];
  return value.items.flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string'
      ? [{ text: item.value, at: positionOf(item) }]
      : [],
  );
}
