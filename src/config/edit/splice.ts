// The elementary cuts: each says which bytes of one parsed text go and what comes instead, and nothing more.
import { isMap, isSeq, type Node } from 'yaml';
import { deleteFromFlow, insertIntoFlow, listFlowBounds } from './flow.ts';
import { indentRest, renderBlock, renderFlow, renderKey } from './render.ts';
import {
  findColon,
  findColumn,
  findContentEnd,
  findDash,
  findItemEnd,
  findLineStart,
  findNextLine,
  findPairEnd,
  hasColon,
  isFirstOnLine,
  type Tree,
  type YamlMap,
  type YamlPair,
  type YamlSeq,
} from './tree.ts';
import { toValue, type Value } from './value.ts';

/** Bytes `start`…`end` become `text`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Where a value stands: the pair or list item that holds it. `flow`: inside `{}` or `[]`. */
export type Slot =
  | { readonly kind: 'root' }
  | { readonly kind: 'pair'; readonly map: YamlMap; readonly pair: YamlPair; readonly flow: boolean }
  | { readonly kind: 'item'; readonly seq: YamlSeq; readonly index: number; readonly flow: boolean };

/** Applies cuts that do not overlap. Rendered text uses `\n`; the file's own line end is put in here. */
export function applySplices(tree: Tree, splices: readonly Splice[]): string {
  let text = tree.text;
  for (const splice of [...splices].sort((a, b) => b.start - a.start || b.end - a.end)) {
    const inserted = tree.lineEnd === '\n' ? splice.text : splice.text.replaceAll(/\r?\n/g, '\r\n');
    text = text.slice(0, splice.start) + inserted + text.slice(splice.end);
  }
  return text;
}

/** Replaces the whole value in a slot. */
export function replaceValue(tree: Tree, slot: Slot, node: Node | null, value: Value): Splice[] {
  const present = node?.range && node.srcToken ? node : null;
  if (slot.kind === 'root') return replaceRoot(tree, present, value);
  if (slot.flow) {
    const text = renderFlow(value, present);
    if (present?.range) {
      const [start, end] = present.range;
      // `{ key:, … }` has an empty value right behind its colon.
      const space = start === end && tree.text[start - 1] === ':' ? ' ' : '';
      return [{ start, end, text: space + text }];
    }
    const after = slot.kind === 'pair' ? findColon(slot.pair) + 1 : findItemEnd(slot.seq, slot.index);
    // `{ key }` is a key without a colon.
    const sign = slot.kind === 'pair' && !hasColon(slot.pair) ? ':' : '';
    return [{ start: after, end: after, text: `${sign} ${text}` }];
  }
  const sign = slot.kind === 'pair' ? findColon(slot.pair) : findDash(slot.seq, slot.index);
  const column = findOwnerColumn(tree, slot);
  const rendered = renderBlock(tree, value, present);
  const isBlock = present !== null && (isMap(present) || isSeq(present)) && !present.flow;
  if (rendered.inline) {
    const text = indentRest(rendered.text, ' '.repeat(column));
    if (!present?.range) return [{ start: sign + 1, end: sign + 1, text: ` ${text}` }];
    if (!isBlock || !isFirstOnLine(tree.text, present.range[0])) {
      return [
        {
          start: present.range[0],
          end: findContentEnd(present, present.range[1]),
          text: trimBlockEnd(tree, present, text),
        },
      ];
    }
    const behindSign = findPropsEnd(slot, sign);
    return [
      { start: behindSign, end: behindSign, text: ` ${text}` },
      removeLines(tree, present.range[0], findContentEnd(present, present.range[1])),
    ];
  }
  const asList = Array.isArray(value);
  const depth = slot.kind === 'item' ? column + 2 : column + (asList && !tree.indentLists ? 0 : tree.step);
  if (present?.range && isBlock && isFirstOnLine(tree.text, present.range[0])) {
    const kept = findColumn(tree.text, present.range[0]);
    const pad = kept > column || (asList && slot.kind === 'pair' && kept === column) ? kept : depth;
    const start = findLineStart(tree.text, present.range[0]);
    return [
      {
        start,
        end: findContentEnd(present, present.range[1]),
        text: trimBlockEnd(tree, present, indentAll(rendered.text, ' '.repeat(pad))),
      },
    ];
  }
  if (slot.kind === 'item' && !hasComment(tree, present?.range ? findContentEnd(present, 0) : sign + 1)) {
    const start = present?.range ? present.range[0] : sign + 1;
    const end = present?.range ? findContentEnd(present, present.range[1]) : sign + 1;
    // A dash may stand far from its item; the lines below the first one follow the item.
    const wide = present?.range && tree.text.slice(sign + 1, start).trim() === '';
    const column = wide ? findColumn(tree.text, start) : depth;
    const text = (present?.range ? '' : ' ') + indentRest(rendered.text, ' '.repeat(column));
    return [{ start, end, text: trimBlockEnd(tree, present, text) }];
  }
  // The block begins on the line behind the key; a comment on the key's line stays where it is.
  const splices: Splice[] = [];
  let lineOf = sign + 1;
  if (present?.range) {
    const start = tree.text.slice(0, present.range[0]).trimEnd().length;
    const end = findContentEnd(present, present.range[1]);
    splices.push({
      start: Math.max(start, sign + 1),
      end,
      text: endsWithLine(tree, end) ? tree.lineEnd : '',
    });
    lineOf = end;
  }
  return [
    ...splices,
    insertLines(tree, findNextLine(tree.text, lineOf), indentAll(rendered.text, ' '.repeat(depth))),
  ];
}

/** Adds a member behind the last one. */
export function insertPair(tree: Tree, slot: Slot, map: YamlMap, name: string, value: Value): Splice[] {
  const last = map.items.at(-1) as YamlPair | undefined;
  if (map.flow) {
    const text = `${renderKey(name)}: ${renderFlow(value)}`;
    if (!last && slot.kind !== 'root' && !slot.flow && !hasInnerComment(tree, map)) {
      return replaceValue(tree, slot, map, new Map([[name, value]]));
    }
    return insertIntoFlow(tree, map, text);
  }
  const column = last ? findColumn(tree.text, last.key.range?.[0] ?? 0) : 0;
  const at = last ? findTail(tree, last.key.range?.[0] ?? 0, findPairEnd(last)) : tree.text.length;
  return [insertLines(tree, at, indentAll(renderPair(tree, name, value), ' '.repeat(column)))];
}

/** Takes a member away; the last one leaves `{}`. */
export function deletePair(tree: Tree, slot: Slot, map: YamlMap, pair: YamlPair): Splice[] {
  const index = map.items.indexOf(pair);
  if (map.flow) return deleteFromFlow(tree, map, index);
  if (map.items.length === 1) return replaceValue(tree, slot, map, new Map());
  const start = pair.key.range?.[0] ?? 0;
  const end = findPairEnd(pair);
  if (isFirstOnLine(tree.text, start)) return [removeLines(tree, start, end)];
  // The first member on a dash's line: what follows moves up behind the dash.
  const next = map.items[index + 1] as YamlPair;
  const between = tree.text.slice(findNextLine(tree.text, end), next.key.range?.[0] ?? end);
  const commentFollows = between.includes('#');
  const until = commentFollows
    ? findNextLine(tree.text, end) + between.search(/\S/)
    : (next.key.range?.[0] ?? end);
  return [{ start, end: until, text: '' }];
}

/** Puts an item before `index`, or behind the last one where `index` is the length. */
export function insertItem(tree: Tree, slot: Slot, seq: YamlSeq, index: number, value: Value): Splice[] {
  if (seq.items.length === 0) return replaceValue(tree, slot, seq, [value]);
  if (seq.flow) {
    const text = renderFlow(value);
    const before = listFlowBounds(seq)[index];
    if (!before) return insertIntoFlow(tree, seq, text);
    return [{ start: before.start, end: before.start, text: `${text}, ` }];
  }
  const column = findColumn(tree.text, findDash(seq, 0));
  const pad = ' '.repeat(column);
  const rendered = renderBlock(tree, value);
  const first = findDash(seq, 0);
  if (index === 0 && !isFirstOnLine(tree.text, first)) {
    return [{ start: first, end: first, text: `- ${indentRest(rendered.text, `${pad}  `)}\n${pad}` }];
  }
  const text = `${pad}- ${indentRest(rendered.text, `${pad}  `)}`;
  const at =
    index === 0
      ? findLead(tree, findDash(seq, 0))
      : findTail(tree, findDash(seq, index - 1), findItemEnd(seq, index - 1));
  return [insertLines(tree, at, text)];
}

/** Takes an item away; the last one leaves `[]`. */
export function deleteItem(tree: Tree, slot: Slot, seq: YamlSeq, index: number): Splice[] {
  if (seq.flow) return deleteFromFlow(tree, seq, index);
  if (seq.items.length === 1) return replaceValue(tree, slot, seq, []);
  const dash = findDash(seq, index);
  // A list that begins behind another dash: its second item moves up.
  if (!isFirstOnLine(tree.text, dash)) return [{ start: dash, end: findDash(seq, index + 1), text: '' }];
  return [removeLines(tree, dash, findItemEnd(seq, index))];
}

/** Moves an item so that it ends up at `to`; the comment lines right above it travel along. */
export function moveItem(tree: Tree, slot: Slot, seq: YamlSeq, from: number, to: number): Splice[] {
  const inner = !seq.flow && !isFirstOnLine(tree.text, findDash(seq, 0)) && Math.min(from, to) === 0;
  if (inner)
    return replaceValue(
      tree,
      slot,
      seq,
      reorder(toValue(seq.toJS(tree.document, { mapAsMap: true })), from, to),
    );
  if (seq.flow) {
    const slots = listFlowBounds(seq);
    const texts = slots.map(({ start, end }) => tree.text.slice(start, end));
    texts.splice(to, 0, ...texts.splice(from, 1));
    return slots.map((place, index) => ({ ...place, text: texts[index] ?? '' }));
  }
  const start = findLead(tree, findDash(seq, from));
  const end = findTail(tree, findDash(seq, from), findItemEnd(seq, from));
  const at =
    to > from ? findTail(tree, findDash(seq, to), findItemEnd(seq, to)) : findLead(tree, findDash(seq, to));
  const piece = tree.text.slice(start, end);
  const removal = { start, end, text: '' };
  if (piece.endsWith('\n') && (at === 0 || tree.text[at - 1] === '\n'))
    return [removal, { start: at, end: at, text: piece }];
  return piece.endsWith('\n')
    ? [removal, { start: at, end: at, text: tree.lineEnd + piece.replace(/\r?\n$/, '') }]
    : [
        { ...removal, start: start - tree.lineEnd.length },
        { start: at, end: at, text: piece + tree.lineEnd },
      ];
}

/** Writes another name before the colon. */
export function renameKey(pair: YamlPair, name: string): Splice[] {
  const range = pair.key.range;
  return range ? [{ start: range[0], end: range[1], text: renderKey(name) }] : [];
}

function reorder(list: Value, from: number, to: number): Value {
  const next = Array.isArray(list) ? [...list] : [];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

// --- places ---

function findOwnerColumn(tree: Tree, slot: Exclude<Slot, { kind: 'root' }>): number {
  if (slot.kind === 'pair') return findColumn(tree.text, slot.pair.key.range?.[0] ?? 0);
  return findColumn(tree.text, findDash(slot.seq, slot.index));
}

// Anchor and tag stand between the sign and the value and stay.
function findPropsEnd(slot: Exclude<Slot, { kind: 'root' }>, sign: number): number {
  const tokens = slot.kind === 'pair' ? slot.pair.srcToken?.sep : undefined;
  const props = tokens?.findLast((token) => token.type === 'anchor' || token.type === 'tag');
  return props ? props.offset + props.source.length : sign + 1;
}

/** Start of the comment lines right above, at the same column, without a blank line between. */
function findLead(tree: Tree, offset: number): number {
  const column = findColumn(tree.text, offset);
  let start = findLineStart(tree.text, offset);
  while (start > 0) {
    const above = findLineStart(tree.text, start - 1);
    const line = tree.text.slice(above, start);
    if (!/^ *#/.test(line) || line.indexOf('#') !== column) break;
    start = above;
  }
  return start;
}

/** End of the entry's lines, with the comment lines below that are indented deeper than it. */
function findTail(tree: Tree, start: number, end: number): number {
  const column = findColumn(tree.text, start);
  let tail = findNextLine(tree.text, end);
  for (let at = tail; at < tree.text.length;) {
    const next = findNextLine(tree.text, at + 1);
    const line = tree.text.slice(at, next).trimEnd();
    if (line !== '' && !(line.trimStart().startsWith('#') && line.indexOf('#') > column)) break;
    if (line !== '') tail = next;
    at = next;
  }
  return tail;
}

function hasComment(tree: Tree, offset: number): boolean {
  return tree.text.slice(offset, findNextLine(tree.text, offset)).trimStart().startsWith('#');
}

function hasInnerComment(tree: Tree, node: Node): boolean {
  return node.range ? tree.text.slice(node.range[0], node.range[1]).includes('#') : false;
}

// --- pieces ---

function renderPair(tree: Tree, name: string, value: Value): string {
  const rendered = renderBlock(tree, value);
  if (rendered.inline) return `${renderKey(name)}: ${rendered.text}`;
  const pad = Array.isArray(value) && !tree.indentLists ? '' : ' '.repeat(tree.step);
  return `${renderKey(name)}:\n${indentAll(rendered.text, pad)}`;
}

function indentAll(text: string, padding: string): string {
  return padding + indentRest(text, padding);
}

/** Whole lines at a line start; at the end of a file without a last line end the new lines bring one. */
function insertLines(tree: Tree, at: number, text: string): Splice {
  const behindLine = at === 0 || tree.text[at - 1] === '\n' || (at === 1 && tree.text[0] === '\uFEFF');
  return { start: at, end: at, text: behindLine ? `${text}\n` : `\n${text}` };
}

function removeLines(tree: Tree, start: number, end: number): Splice {
  const from = findLineStart(tree.text, start);
  const until = findTail(tree, start, end);
  // The file had no last line end: take the one before instead, so that none is added.
  if (until === tree.text.length && !tree.text.endsWith('\n') && from > 0) {
    const before = tree.text[from - 2] === '\r' ? from - 2 : from - 1;
    return { start: before, end: until, text: '' };
  }
  return { start: from, end: until, text: '' };
}

function endsWithLine(tree: Tree, end: number): boolean {
  return end > 0 && tree.text[end - 1] === '\n';
}

// A block scalar's range includes its last line end; what replaces it must bring one.
function trimBlockEnd(tree: Tree, node: Node | null, text: string): string {
  return node?.range && endsWithLine(tree, findContentEnd(node, node.range[1])) ? `${text}\n` : text;
}

function replaceRoot(tree: Tree, present: Node | null, value: Value): Splice[] {
  const rendered = renderBlock(tree, value);
  if (!present?.range) return [insertLines(tree, tree.text.length, rendered.text)];
  return [
    {
      start: present.range[0],
      end: findContentEnd(present, present.range[1]),
      text: trimBlockEnd(tree, present, rendered.text),
    },
  ];
}
