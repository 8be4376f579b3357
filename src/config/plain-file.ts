// A YAML file beside the configuration, as plain data: read by the same bounded parser, without a schema.
import type { Diagnostic, Locate } from '../diagnostics.ts';
import { uniteFiles } from './document.ts';
import { parseFile } from './parse.ts';
import type { ConfigNode } from './tree.ts';

export function readPlain(
  name: string,
  text: string,
): {
  readonly value: Readonly<Record<string, unknown>> | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly locate: Locate;
} {
  const file = parseFile({ path: name, name, text, hash: '', size: text.length });
  const value = file.root?.kind === 'map' ? toPlain(file.root) : undefined;
  return {
    value: value as Readonly<Record<string, unknown>> | undefined,
    diagnostics: file.diagnostics,
    locate: uniteFiles([file]).locate,
  };
}

function toPlain(node: ConfigNode): unknown {
  if (node.kind === 'list') return node.items.map(toPlain);
  if (node.kind !== 'map') return node.value;
  const value = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of node.entries) value[key] = toPlain(entry.value);
  return value;
}
