// A ResolvedConfig out of a few authored lines, without files: defaults, shorthands and references as the loader does
// them. For tests of everything behind the configuration; tests of the loader itself use the loader.
import type { Catalog } from '../../src/catalog/catalog.ts';
import { catalog as fullCatalog } from '../../src/catalog/catalog.ts';
import { createHash } from 'node:crypto';
import type { ResolvedConfig } from '../../src/config/generated/types.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { Locate } from '../../src/diagnostics.ts';
import { compile, type CompileResult } from '../../src/routing/compile.ts';
import type { Snapshot } from '../../src/routing/snapshot.ts';

type Plain = Readonly<Record<string, unknown>>;

/** `version: 1` and all defaults are added. */
export function makeConfig(authored: Plain): ResolvedConfig {
  return resolveConfig({ version: 1, ...authored });
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function compileConfig(
  authored: Plain,
  {
    catalog = fullCatalog,
    locate = () => undefined,
  }: { readonly catalog?: Catalog; readonly locate?: Locate } = {},
): CompileResult {
  return compile({ config: makeConfig(authored), catalog, locate, digest: sha256 });
}

/** The snapshot, or a failed test that shows the diagnostics. */
export function makeSnapshot(authored: Plain, options: Parameters<typeof compileConfig>[1] = {}): Snapshot {
  const { snapshot, diagnostics } = compileConfig(authored, options);
  if (!snapshot)
    throw new Error(diagnostics.map(({ pointer, message }) => `${pointer}: ${message}`).join('\n'));
  return snapshot;
}
