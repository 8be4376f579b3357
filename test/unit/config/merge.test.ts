// Two changes of one text together: all of both, or a refusal that names the place; never one of them lost.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editText, type Edit } from '../../../src/config/edit.ts';
import { isSame, type Value } from '../../../src/config/edit/value.ts';
import { readText } from '../../../src/config/file-set.ts';
import { mergeTexts } from '../../../src/config/merge.ts';
import { GatewayError } from '../../../src/errors.ts';
import { makeEdit, ops } from '../../support/random-edits.ts';

const base = `# head
providers:
  openai: {} # the usual
  anthropic: { select: p2c }
aliases:
  fast: openai/gpt-5-mini # everybody's
  slow: openai/gpt-5
policies:
  - id: night # nobody works
    deny: closed
  # for a while
  - { id: cap, set: { maxOutputTokens: 10 } }
`;
const edit = (text: string, ...edits: readonly Edit[]): string => edits.reduce(editText, text);

describe('two changes of one text', () => {
  it('stand side by side, each as a small cut', () => {
    const ours = edit(base, { op: 'set', pointer: '/aliases/fast', value: 'openai/gpt-6' });
    const theirs = base.replace('# head', '# their head').replace('deny: closed', 'deny: come back later');
    expect(mergeTexts(base, ours, theirs)).toBe(theirs.replace('openai/gpt-5-mini', 'openai/gpt-6'));
  });

  it('bring new items to their place, and take removed ones away', () => {
    const ours = edit(
      base,
      { op: 'insert', pointer: '/policies/id:cap', value: { id: 'new' } },
      { op: 'insert', pointer: '/policies/-', value: { id: 'last' } },
      { op: 'delete', pointer: '/aliases/slow' },
    );
    const theirs = edit(base, { op: 'set', pointer: '/policies/id:cap/set/maxOutputTokens', value: 20 });
    const merged = readText(mergeTexts(base, ours, theirs)) as ReadonlyMap<string, Value>;
    const ids = (merged.get('policies') as readonly ReadonlyMap<string, Value>[]).map((item) =>
      item.get('id'),
    );
    expect(ids).toEqual(['night', 'new', 'cap', 'last']);
    expect([...(merged.get('aliases') as ReadonlyMap<string, Value>).keys()]).toEqual(['fast']);
    expect(mergeTexts(base, ours, theirs)).toContain('maxOutputTokens: 20');
  });

  it.each<{ title: string; ours: Edit; theirs: Edit; place: string }>([
    {
      title: 'the same value',
      ours: { op: 'set', pointer: '/aliases/fast', value: 'a/b' },
      theirs: { op: 'set', pointer: '/aliases/fast', value: 'c/d' },
      place: '/aliases/fast',
    },
    {
      title: 'a value and the entry that it stands in',
      ours: { op: 'set', pointer: '/providers/anthropic/select', value: 'random' },
      theirs: { op: 'delete', pointer: '/providers/anthropic' },
      place: '/providers/anthropic/select',
    },
    {
      title: 'an entry and a value in it',
      ours: { op: 'delete', pointer: '/providers/anthropic' },
      theirs: { op: 'set', pointer: '/providers/anthropic/select', value: 'random' },
      place: '/providers/anthropic',
    },
    {
      title: 'a new entry of one name',
      ours: { op: 'set', pointer: '/aliases/new', value: 'a/b' },
      theirs: { op: 'set', pointer: '/aliases/new', value: 'c/d' },
      place: '/aliases/new',
    },
    {
      title: 'a new item and the one before which it goes',
      ours: { op: 'insert', pointer: '/policies/id:cap', value: { id: 'new' } },
      theirs: { op: 'delete', pointer: '/policies/id:cap' },
      place: '/policies/id:new',
    },
  ])('that meet at $title are refused there', ({ ours, theirs, place }) => {
    const message = `${place} has been changed on both sides`;
    expect(() => mergeTexts(base, edit(base, ours), edit(base, theirs))).toThrow(message);
  });

  it('lose no comment: one that no cut can carry is refused', () => {
    const ours = base.replace('# the usual', '# the usual, and the best');
    const theirs = base.replace('openai: {} # the usual', 'openai: { select: random }');
    expect(() => mergeTexts(base, ours, theirs)).toThrow('# the usual, and the best');
    const joined = theirs.replace('# head', '# head, by us');
    expect(mergeTexts(base, base.replace('# head', '# head, by us'), theirs, joined)).toBe(joined);
  });

  it('that are the same are one', () => {
    const both = edit(base, { op: 'set', pointer: '/aliases/new', value: 'a/b' });
    expect(mergeTexts(base, both, `${both}# theirs\n`)).toBe(`${both}# theirs\n`);
  });

  it('takes a merge by lines only when it says the same', () => {
    const ours = edit(base, { op: 'set', pointer: '/aliases/fast', value: 'a/b' });
    const theirs = edit(base, { op: 'set', pointer: '/aliases/slow', value: 'c/d' });
    const joined = edit(ours, { op: 'set', pointer: '/aliases/slow', value: 'c/d' }).replace(
      '# head',
      '# both',
    );
    expect(mergeTexts(base, ours, theirs, joined)).toBe(joined);
    const wrong = joined.replace('c/d', 'e/f');
    expect(mergeTexts(base, ours, theirs, wrong)).not.toBe(wrong);
  });
});

const steps = fc.record({
  pick: fc.nat(),
  op: fc.constantFrom(...ops.filter((op) => op !== 'move')),
  value: fc.constantFrom<unknown>('x', 7, { id: 'n', k: 1 }, ['a'], null),
  name: fc.constantFrom('fresh', 'other'),
  other: fc.nat(),
});

it('random changes: in either order the same, or a refusal', () => {
  let merged = 0;
  const property = fc.property(steps, steps, (left, right) => {
    const [ours, theirs] = [left, right].map((step) => {
      const made = makeEdit(readText(base), step);
      try {
        return made ? editText(base, made) : base;
      } catch {
        return base;
      }
    }) as [string, string];
    const results = [
      [ours, theirs],
      [theirs, ours],
    ].map(([one = '', other = '']) => {
      try {
        return readText(mergeTexts(base, one, other));
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'conflict') throw error;
        return undefined;
      }
    });
    const [first, second] = results;
    if (first === undefined || second === undefined) return;
    merged++;
    expect(isSame(sorted(first), sorted(second)), `${ours}\n---\n${theirs}`).toBe(true);
  });
  fc.assert(property, { numRuns: Number(process.env['FC_RUNS'] ?? 300) });
  expect(merged).toBeGreaterThan(50);
}, 60_000);

// Two new items at one place stand in the order in which they came.
function sorted(value: Value): Value {
  if (value instanceof Map) return new Map([...value].map(([name, member]) => [name, sorted(member)]));
  if (!Array.isArray(value)) return value;
  const render = (item: Value): string =>
    item instanceof Map
      ? `{${[...item]
          .map(([name, member]) => name + render(member))
          .sort()
          .join()}}`
      : JSON.stringify(item);
  return value.map(sorted).sort((a, b) => (render(a) < render(b) ? -1 : 1));
}
