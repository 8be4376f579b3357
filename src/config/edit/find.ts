// Where a path leads in the text of one file.
import type { Node } from 'yaml';
import { readNode } from './conform.ts';
import type { Slot } from './splice.ts';
import { findPair, isMap, isSeq, type Tree, type YamlMap, type YamlSeq } from './tree.ts';
import { findIndex } from './value.ts';

/** The node at a path as far as it is written there, with the slot that holds it; undefined behind an alias or a merge. */
export function findNode(
  tree: Tree,
  path: readonly string[],
): { readonly node: Node | null; readonly slot: Slot } | undefined {
  let node: Node | null = tree.document.contents;
  let slot: Slot = { kind: 'root' };
  for (const segment of path) {
    const flow: boolean =
      (slot.kind !== 'root' && slot.flow) || (isMap(node) || isSeq(node) ? node.flow === true : false);
    if (isMap(node)) {
      const map = node as YamlMap;
      const pair = findPair(map, segment);
      if (!pair) return undefined;
      slot = { kind: 'pair', map, pair, flow };
      node = pair.value;
    } else if (isSeq(node)) {
      const seq = node as YamlSeq;
      const list = readNode(tree, seq);
      const index = Array.isArray(list) ? findIndex(list, segment) : -1;
      slot = { kind: 'item', seq, index, flow };
      node = seq.items[index] ?? null;
    } else return undefined;
  }
  return { node, slot };
}
