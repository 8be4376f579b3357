// Cuts inside braces and brackets, where commas separate and comments may stand anywhere.
import { isMap, type Node } from 'yaml';
import type { Splice } from './splice.ts';
import {
  findColumn,
  findLineStart,
  findNextLine,
  isFirstOnLine,
  type Tree,
  type YamlMap,
  type YamlPair,
  type YamlSeq,
} from './tree.ts';

/** Adds rendered text behind the last entry. */
export function insertIntoFlow(tree: Tree, collection: YamlMap | YamlSeq, text: string): Splice[] {
  const open = collection.range?.[0] ?? 0;
  if (collection.items.length === 0) {
    const close = (collection.range?.[1] ?? 1) - 1;
    const padded = isMap(collection) && close === open + 1 ? ` ${text} ` : text;
    return [{ start: open + 1, end: open + 1, text: close > open + 1 ? `${padded} ` : padded }];
  }
  const bounds = listFlowBounds(collection);
  const last = bounds.at(-1);
  if (!last) return [];
  const own = isFirstOnLine(tree.text, last.start);
  const comma = findComma(tree.text, last.end);
  const behind = comma ?? last.end;
  if (!own) {
    return comma === undefined
      ? [{ start: last.end, end: last.end, text: `, ${text}` }]
      : [{ start: comma + 1, end: comma + 1, text: ` ${text}` }];
  }
  const pad = ' '.repeat(findColumn(tree.text, last.start));
  const lineBehind = findNextLine(tree.text, behind);
  const closesHere = /^,?\s*[}\]]/.test(tree.text.slice(behind, lineBehind));
  const at = closesHere ? (comma === undefined ? last.end : comma + 1) : lineBehind;
  const line = closesHere ? `\n${pad}${text}` : `${pad}${text}${comma === undefined ? '' : ','}\n`;
  if (comma !== undefined) return [{ start: at, end: at, text: line }];
  return closesHere
    ? [{ start: at, end: at, text: `,${line}` }]
    : [
        { start: last.end, end: last.end, text: ',' },
        { start: at, end: at, text: line },
      ];
}

/** Takes one entry and the comma that belongs to it away. */
export function deleteFromFlow(tree: Tree, collection: YamlMap | YamlSeq, index: number): Splice[] {
  const bounds = listFlowBounds(collection);
  const own = bounds[index];
  if (!own) return [];
  const [open = 0, close = 0] = collection.range ?? [];
  // The last one leaves nothing between the braces, unless a comment stands there too.
  const inside = tree.text.slice(open + 1, own.start) + tree.text.slice(own.end, close - 1);
  if (bounds.length === 1 && /^[\s,]*$/.test(inside)) return [{ start: open + 1, end: close - 1, text: '' }];
  const comma = findComma(tree.text, own.end);
  const removed = { start: own.start, end: comma === undefined ? own.end : comma + 1, text: '' };
  const splices: Splice[] = [widen(tree, removed)];
  const before = bounds[index - 1];
  // The last one without a comma of its own: the comma before it goes too.
  if (comma === undefined && before) {
    const separator = findComma(tree.text, before.end);
    if (separator !== undefined) {
      const joined =
        tree.text.slice(separator + 1, own.start).trim() === '' &&
        !tree.text.slice(separator, own.start).includes('\n');
      if (joined) return [{ start: separator, end: own.end, text: '' }];
      splices.push({ start: separator, end: separator + 1, text: '' });
    }
  }
  return splices;
}

// A line that holds nothing else goes as a whole; within a line the space behind the comma goes.
function widen(tree: Tree, cut: Splice): Splice {
  const lineEnd = findNextLine(tree.text, cut.end);
  if (
    isFirstOnLine(tree.text, cut.start) &&
    tree.text.slice(cut.end, lineEnd).trim() === '' &&
    lineEnd > cut.end
  ) {
    return { start: findLineStart(tree.text, cut.start), end: lineEnd, text: '' };
  }
  const spaces = /^ */.exec(tree.text.slice(cut.end))?.[0].length ?? 0;
  return { ...cut, end: tree.text[cut.end - 1] === ',' ? cut.end + spaces : cut.end };
}

/** Where each entry begins, anchor and tag included, and where it ends. */
export function listFlowBounds(collection: YamlMap | YamlSeq): { start: number; end: number }[] {
  const token = collection.srcToken;
  const items = token?.type === 'flow-collection' ? token.items : [];
  const bounds: { start: number; end: number }[] = [];
  for (const item of items) {
    const first =
      item.start.find((part) => part.type === 'anchor' || part.type === 'tag') ?? item.key ?? item.value;
    if (!first && !item.sep) continue;
    const start = first && 'offset' in first ? first.offset : (item.sep?.[0]?.offset ?? 0);
    const node = collection.items[bounds.length];
    const value = isMap(collection) ? (node as YamlPair | undefined)?.value : (node as Node | undefined);
    const key = isMap(collection) ? (node as YamlPair | undefined)?.key : undefined;
    const sepEnd = item.sep?.findLast((part) => part.type === 'map-value-ind');
    const end =
      value?.srcToken && value.range
        ? value.range[1]
        : Math.max(key?.range?.[1] ?? 0, sepEnd ? sepEnd.offset + 1 : 0);
    bounds.push({ start, end });
  }
  return bounds;
}

function findComma(text: string, from: number): number | undefined {
  const match = /^(?:\s|#[^\n]*\n)*,/.exec(text.slice(from));
  return match ? from + match[0].length - 1 : undefined;
}
