// One file's text as a tree with offsets: what the editor looks at before it cuts. A tree is never changed;
// after each splice the new text is parsed again, so that offsets are always true.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { GatewayError } from '../../errors.ts';

export type YamlMap = YAMLMap<Node, Node | null>;
export type YamlSeq = YAMLSeq<Node>;
export type YamlPair = Pair<Node, Node | null>;

export interface Tree {
  readonly text: string;
  readonly document: Document.Parsed;
  /** The line end that the file uses. */
  readonly lineEnd: '\n' | '\r\n';
  /** Spaces per level, read off the file; 2 where it does not say. */
  readonly step: number;
  /** Whether lists under a key are indented, as most of the file does it. */
  readonly indentLists: boolean;
}

/** Parses for editing; a text that does not parse cleanly cannot be edited and is a 422. */
export function parseTree(text: string): Tree {
  const document = parseDocument(text, { keepSourceTokens: true, merge: true, uniqueKeys: true });
  const fault = document.errors[0];
  if (fault)
    throw new GatewayError(
      'config_invalid',
      `the file cannot be edited while it does not parse: ${fault.message}`,
    );
  try {
    // An alias without its anchor and a merge of something that is no map come to light only here.
    document.toJS({ mapAsMap: true });
  } catch (cause) {
    throw new GatewayError(
      'conflict',
      `an alias or a merge would name nothing: ${(cause as Error).message}`,
      { cause },
    );
  }
  const layout = readLayout(document, text);
  return { text, document, lineEnd: text.includes('\r\n') ? '\r\n' : '\n', ...layout };
}

/** Offset just behind the last byte that belongs to the node's value; comments and line ends stay outside. */
export function findContentEnd(node: Node | null | undefined, fallback: number): number {
  if (!node?.range) return fallback;
  if (isMap(node) && !node.flow) {
    const last = node.items.at(-1) as YamlPair | undefined;
    return last ? findPairEnd(last) : node.range[1];
  }
  if (isSeq(node) && !node.flow) {
    const index = node.items.length - 1;
    return index < 0 ? node.range[1] : findItemEnd(node as YamlSeq, index);
  }
  return node.range[1];
}

/** Offset behind the value of a pair, or behind its colon where the value is empty. */
export function findPairEnd(pair: YamlPair): number {
  return findContentEnd(pair.value?.range && pair.value.srcToken ? pair.value : null, findColon(pair) + 1);
}

/** Offset behind a list item, or behind its dash where it is empty. */
export function findItemEnd(seq: YamlSeq, index: number): number {
  const item = seq.items[index];
  return findContentEnd(item?.srcToken ? item : null, findDash(seq, index) + 1);
}

/** Offset of the colon of a pair. */
export function findColon(pair: YamlPair): number {
  const sign = pair.srcToken?.sep?.find((token) => token.type === 'map-value-ind');
  return sign ? sign.offset : (pair.key.range?.[1] ?? 0) - 1;
}

/** Whether the pair has a colon: `{ key }` has none. */
export function hasColon(pair: YamlPair): boolean {
  return pair.srcToken?.sep?.some((token) => token.type === 'map-value-ind') === true;
}

/** Offset of the dash of a block list item. */
export function findDash(seq: YamlSeq, index: number): number {
  const token = seq.srcToken;
  if (token?.type !== 'block-seq') return seq.items[index]?.range?.[0] ?? 0;
  const signs = token.items.flatMap((item) => item.start.filter((part) => part.type === 'seq-item-ind'));
  return signs[index]?.offset ?? 0;
}

/** Offset where the line of `offset` begins. */
export function findLineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset behind the line end of the line that holds `offset`; the text's length on the last line. */
export function findNextLine(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

/** Column of `offset`, counted from 0. */
export function findColumn(text: string, offset: number): number {
  const start = findLineStart(text, offset);
  return offset - (text[start] === '\uFEFF' ? start + 1 : start);
}

/** Whether only white space stands before `offset` on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  return /^[\uFEFF ]*$/.test(text.slice(findLineStart(text, offset), offset));
}

/** The member of a map whose key reads `name`. */
export function findPair(map: YamlMap, name: string): YamlPair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String((pair.key as Scalar).value) === name) as
    | YamlPair
    | undefined;
}

/** Follows an alias to the node that it names. */
export function resolveAlias(tree: Tree, alias: Alias): Node | undefined {
  return alias.resolve(tree.document);
}

export { isAlias, isMap, isScalar, isSeq };

function readLayout(document: Document.Parsed, text: string): { step: number; indentLists: boolean } {
  const steps: number[] = [];
  let indented = 0;
  let flush = 0;
  const visit = (node: unknown, parentColumn: number): void => {
    if (isMap(node) && !node.flow && node.range) {
      const column = findColumn(text, node.range[0]);
      if (column > parentColumn && parentColumn >= 0) steps.push(column - parentColumn);
      for (const pair of node.items as YamlPair[]) visit(pair.value, column);
    } else if (isSeq(node) && !node.flow && node.range) {
      const column = findColumn(text, node.range[0]);
      if (parentColumn >= 0 && column > parentColumn) indented++;
      else if (parentColumn >= 0) flush++;
      for (const item of node.items) visit(item, -1);
    }
  };
  visit(document.contents, -1);
  return { step: Math.min(...steps, 8) === 8 ? 2 : Math.min(...steps), indentLists: flush <= indented };
}
