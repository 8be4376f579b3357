// Elements of arrays as spans, and names as parts of paths: against what JSON.parse and URL make of them.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodePath } from '../../../src/lib/encode-path.ts';
import { listElements } from '../../../src/lib/json-elements.ts';

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 300) };

it('finds every element where it stands, whatever is in it', () => {
  const values = fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 6 });
  const before = fc.constantFrom('', ' ', '\n\t');
  fc.assert(
    fc.property(values, before, fc.integer({ min: 0, max: 3 }), (list, space, indent) => {
      const text = JSON.stringify(list, null, indent);
      const bytes = Buffer.from(`${space}${text}${space}`);
      const start = space.length;
      const spans = listElements(bytes, { start, end: start + Buffer.byteLength(text) });
      const found = spans.map((span) => JSON.parse(bytes.toString('utf8', span.start, span.end)) as unknown);
      expect(found).toEqual(JSON.parse(text));
    }),
    runs,
  );
});

it.each(['[]', '[ ]', '[\n]'])('finds nothing in %j', (text) => {
  expect(listElements(Buffer.from(text), { start: 0, end: text.length })).toEqual([]);
});

it('keeps a name in its place in the path', () => {
  const names = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((name) => !name.split('/').some((step) => step === '.' || step === '..' || step === ''));
  fc.assert(
    fc.property(names, (name) => {
      const url = new URL(`http://127.0.0.1/models/${encodePath(name)}:verb`);
      expect([url.search, url.hash]).toEqual(['', '']);
      expect(decodeURIComponent(url.pathname)).toBe(`/models/${name.toWellFormed()}:verb`);
    }),
    runs,
  );
});

it.each([
  ['a/b:free', 'a/b:free'],
  ['a?b#c', 'a%3Fb%23c'],
  ['50%', '50%25'],
  ['a\ud800', 'a%EF%BF%BD'],
])('writes %j as %j', (name, path) => expect(encodePath(name)).toBe(path));
