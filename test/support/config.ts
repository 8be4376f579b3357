// A ResolvedConfig out of a few authored lines, without files: defaults, shorthands and references as the loader does
// them. For tests of everything behind the configuration; tests of the loader itself use the loader.
import type { Catalog } from '../../src/catalog/catalog.ts';
import { catalog as fullCatalog } from '../../src/catalog/catalog.ts';
import { createHash } from 'node:crypto';
import { layout } from '../../src/config/generated/layout.ts';
import type { ResolvedConfig } from '../../src/config/generated/types.ts';
import { stepLayout, type LayoutNode } from '../../src/config/layout.ts';
import { parseReference } from '../../src/config/references.ts';
import type { Locate } from '../../src/diagnostics.ts';
import { compile, type CompileResult } from '../../src/routing/compile.ts';
import type { Snapshot } from '../../src/routing/snapshot.ts';

type Plain = Readonly<Record<string, unknown>>;

/** `version: 1` and all defaults are added. */
export function makeConfig(authored: Plain): ResolvedConfig {
  return fill({ version: 1, ...authored }, layout) as ResolvedConfig;
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

function fill(value: unknown, node: LayoutNode | undefined): unknown {
  if (!node || node.free) return value;
  if (node.secret && typeof value === 'string') return parseReference(value);
  if (node.shorthand !== undefined && typeof value !== 'object')
    return fill({ [node.shorthand]: value }, node);
  if (Array.isArray(value)) return value.map((item) => fill(item, node.items));
  if (typeof value !== 'object' || value === null) return value;
  const filled = Object.create(null) as Record<string, unknown>;
  const written = value as Plain;
  const base = node.inherit === undefined ? undefined : (written[node.inherit] as Plain | undefined);
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const given = Object.hasOwn(written, key) ? written[key] : undefined;
    const chosen = given ?? child.default;
    if (chosen === undefined) continue;
    const inherits = node.inherit !== undefined && key !== node.inherit;
    filled[key] = fill(inherits ? { ...base, ...(chosen as Plain) } : chosen, child);
  }
  for (const [key, child] of Object.entries(written)) {
    if (!Object.hasOwn(filled, key))
      filled[key] = fill(
        node.inherit === undefined ? child : { ...base, ...(child as Plain) },
        stepLayout(node, key),
      );
  }
  return filled;
}
