// Brings the text at one place to a wanted value by the smallest cuts: unchanged members keep every byte.
// It finds the first difference and answers the cut for it; the caller parses again and asks for the next.
import { GatewayError } from '../../errors.ts';
import {
  deleteItem,
  deletePair,
  insertItem,
  insertPair,
  moveItem,
  replaceValue,
  type Slot,
  type Splice,
} from './splice.ts';
import { findPair, isAlias, isMap, isSeq, type Tree, type YamlMap, type YamlSeq } from './tree.ts';
import { isSame, readId, toValue, type Value } from './value.ts';
import type { Node } from 'yaml';

/** The next cut toward `want`, or undefined when the place already means it. */
export function findNextCut(tree: Tree, slot: Slot, node: Node | null, want: Value): Splice[] | undefined {
  const have = readNode(tree, node);
  if (isSame(have, want)) return undefined;
  // A value behind an alias is written out here; the anchor's own text is somebody else's.
  if (node && !isAlias(node)) {
    if (isMap(node) && want instanceof Map) return conformMap(tree, slot, node as YamlMap, have, want);
    if (isSeq(node) && Array.isArray(want)) return conformList(tree, slot, node as YamlSeq, want);
  }
  return replaceValue(tree, slot, node, want);
}

/** What a node means, aliases and merges resolved. */
export function readNode(tree: Tree, node: Node | null): Value {
  return node ? toValue(node.toJS(tree.document, { mapAsMap: true })) : null;
}

function conformMap(
  tree: Tree,
  slot: Slot,
  map: YamlMap,
  have: Value,
  want: ReadonlyMap<string, Value>,
): Splice[] | undefined {
  const merged = have instanceof Map ? have : new Map<string, Value>();
  for (const name of merged.keys()) {
    if (want.has(name)) continue;
    const pair = findPair(map, name);
    if (!pair)
      throw new GatewayError(
        'conflict',
        `"${name}" comes from a merge (<<) and cannot be taken away here; edit the anchor`,
      );
    return deletePair(tree, slot, map, pair);
  }
  for (const [name, value] of want) {
    const pair = findPair(map, name);
    if (pair) {
      const cut = findNextCut(
        tree,
        { kind: 'pair', map, pair, flow: isInFlow(slot, map) },
        pair.value,
        value,
      );
      if (cut) return cut;
    } else if (!merged.has(name) || !isSame(merged.get(name) ?? null, value)) {
      return insertPair(tree, slot, map, name, value);
    }
  }
  return undefined;
}

function conformList(tree: Tree, slot: Slot, seq: YamlSeq, want: readonly Value[]): Splice[] | undefined {
  const have = seq.items.map((item) => readNode(tree, item));
  const flow = isInFlow(slot, seq);
  if (hasUniqueIds(have) && hasUniqueIds(want)) {
    const wanted = new Set(want.map(readId));
    const surplus = have.findIndex((item) => !wanted.has(readId(item)));
    if (surplus >= 0) return deleteItem(tree, slot, seq, surplus);
    for (const [index, item] of want.entries()) {
      const at = have.findIndex((other) => readId(other) === readId(item));
      if (at < 0) return insertItem(tree, slot, seq, index, item);
      if (at !== index) return moveItem(tree, slot, seq, at, index);
      const cut = findNextCut(tree, { kind: 'item', seq, index, flow }, seq.items[index] ?? null, item);
      if (cut) return cut;
    }
    return undefined;
  }
  let first = 0;
  while (first < have.length && first < want.length && isSame(have[first] ?? null, want[first] ?? null))
    first++;
  let tail = 0;
  while (
    tail < have.length - first &&
    tail < want.length - first &&
    isSame(have[have.length - 1 - tail] ?? null, want[want.length - 1 - tail] ?? null)
  ) {
    tail++;
  }
  if (have.length - first - tail === 0) return insertItem(tree, slot, seq, first, want[first] ?? null);
  if (want.length - first - tail === 0) return deleteItem(tree, slot, seq, first);
  return findNextCut(
    tree,
    { kind: 'item', seq, index: first, flow },
    seq.items[first] ?? null,
    want[first] ?? null,
  );
}

function isInFlow(slot: Slot, collection: YamlMap | YamlSeq): boolean {
  return collection.flow === true || (slot.kind !== 'root' && slot.flow);
}

function hasUniqueIds(items: readonly Value[]): boolean {
  const ids = items.map(readId);
  return items.length > 0 && !ids.includes(undefined) && new Set(ids).size === ids.length;
}
