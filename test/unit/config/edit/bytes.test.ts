// The strict promise: an edit changes bytes inside the lines of the touched node only. Everything before and behind them
// is the same, byte for byte; and a thousand random edits over all fixtures say exactly what they should.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editText, type Edit } from '../../../../src/config/edit.ts';
import { findNode } from '../../../../src/config/edit/find.ts';
import { patchValue } from '../../../../src/config/edit/patch.ts';
import { findDash, parseTree } from '../../../../src/config/edit/tree.ts';
import { isSame, readId, readPath, type Value } from '../../../../src/config/edit/value.ts';
import { readText } from '../../../../src/config/file-set.ts';
import { isGatewayError } from '../../../../src/errors.ts';
import { parsePointer, renderPointer } from '../../../../src/lib/json-pointer.ts';

const folder = new URL('../../../fixtures/edit/', import.meta.url);
const texts = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(new URL(name, folder), 'utf8'),
}));
/** At least a thousand over the twenty files, however few runs are asked for. */
const runs = Math.max(1_000, Number(process.env['FC_RUNS'] ?? 0));

it('there are twenty files, each with comments', () => {
  expect(texts.length).toBeGreaterThanOrEqual(20);
  for (const { name, text } of texts) expect(text, name).toMatch(/#/);
});

interface Spot {
  readonly path: readonly string[];
  readonly value: Value;
  readonly inList: boolean;
}

function listSpots(value: Value, path: readonly string[] = [], inList = false): Spot[] {
  const here = path.length > 0 ? [{ path, value, inList }] : [];
  if (value instanceof Map)
    return [...here, ...[...value].flatMap(([name, member]) => listSpots(member, [...path, name]))];
  if (!Array.isArray(value)) return here;
  return [
    ...here,
    ...value.flatMap((item: Value, index) =>
      listSpots(item, [...path, readId(item) === undefined ? String(index) : `id:${readId(item)}`], true),
    ),
  ];
}

const values = fc.oneof(
  fc.constantFrom<unknown>('new', 'a: b', '# hash', 'two\nlines\n', 42, true, null, '', '${env:X}', "it's"),
  fc.constantFrom<unknown>(['p', 'q'], [], {}, { id: 'fresh', k: ['x'] }, { a: { b: 'c' } }),
);
const kinds = fc.constantFrom('set', 'delete', 'rename', 'append', 'add');

function makeEdit(root: Value, pick: number, kind: string, value: unknown): Edit | undefined {
  const spots = listSpots(root);
  const spot = spots[pick % spots.length];
  if (!spot) return undefined;
  const pointer = renderPointer(spot.path);
  if (kind === 'set') return { op: 'set', pointer, value };
  if (kind === 'delete') return { op: 'delete', pointer };
  if (kind === 'rename')
    return !spot.inList || readId(spot.value) !== undefined
      ? { op: 'rename', pointer, to: 'renamed' }
      : undefined;
  if (kind === 'append')
    return Array.isArray(spot.value) ? { op: 'insert', pointer: `${pointer}/-`, value } : undefined;
  return spot.value instanceof Map
    ? { op: 'set', pointer: renderPointer([...spot.path, 'added']), value }
    : undefined;
}

it(
  'only the lines of the touched node change, and the meaning is the intended one',
  () => {
    let made = 0;
    let refused = 0;
    const property = fc.property(
      fc.constantFrom(...texts),
      fc.nat(),
      kinds,
      values,
      ({ name, text }, pick, kind, value) => {
        const root = readText(text);
        const edit = makeEdit(root, pick, kind, value);
        if (!edit) return;
        let wanted: Value;
        let edited: string;
        try {
          wanted = patchValue(root, edit);
          edited = editText(text, edit);
        } catch (error) {
          if (!isGatewayError(error)) throw error;
          refused++;
          return;
        }
        made++;
        const told = `${name} ${JSON.stringify(edit)}\n${edited}`;
        expect(isSame(readText(edited), wanted), told).toBe(true);
        // What an anchor means changes at every alias too: there the value is written out, far from the edit.
        if (/[:-] &\w/.test(text)) return;
        const { start, end } = findTouchedLines(text, root, edit);
        const [before, behind] = [text.slice(0, start), text.slice(end)];
        expect(edited.startsWith(before), `${told}: a byte before line ${lineOf(text, start)}`).toBe(true);
        expect(edited.endsWith(behind), `${told}: a byte behind line ${lineOf(text, end - 1)}`).toBe(true);
        expect(edited.length, told).toBeGreaterThanOrEqual(before.length + behind.length);
      },
    );
    fc.assert(property, { numRuns: runs * 2 });
    expect(made).toBeGreaterThanOrEqual(runs);
    // Only anchors may stand in the way.
    expect(refused).toBeLessThan(made / 5);
  },
  20_000 + runs * 20,
);

/** Offsets of the whole lines that hold the touched node, with the comments right above and below that go with it. */
function findTouchedLines(text: string, root: Value, edit: Edit): { start: number; end: number } {
  const tree = parseTree(text);
  const path = parsePointer(edit.pointer);
  // What is new stands in the lines of its owner; so does what it is the last of.
  const owners = readPath(root, path) === undefined || edit.op === 'delete' ? 1 : 0;
  for (let up = owners; up <= path.length; up++) {
    const found = findNode(tree, path.slice(0, path.length - up));
    // Behind an alias or a merge the value is written out where the alias stands.
    if (!found) continue;
    const { slot, node } = found;
    if (slot.kind === 'root') return { start: 0, end: text.length };
    // A flow collection is one node for the eye: its separators move.
    if (slot.flow) continue;
    const first = slot.kind === 'pair' ? slot.pair.key.range?.[0] : findDash(slot.seq, slot.index);
    const last = Math.max(node?.range?.[2] ?? 0, slot.kind === 'pair' ? (slot.pair.key.range?.[2] ?? 0) : 0);
    if (first === undefined || first === null) continue;
    return { start: findLineStart(text, first), end: findLineEnd(text, last) };
  }
  return { start: 0, end: text.length };
}

function findLineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
}

function findLineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', Math.max(0, offset - 1));
  return end < 0 ? text.length : end + 1;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
