// Unified diffs: shape by example, and applying one gives the other text.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { renderDiff } from '../../../src/lib/text-diff.ts';

const runs = Number(process.env['FC_RUNS'] ?? 300);
const names = { from: 'a', to: 'b' };

it('shows changed lines with three equal ones around them', () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join('');
  const after = before.replace('line 10\n', 'line ten\nand more\n').replace('line 20\n', '');
  expect(renderDiff(before, after, names)).toBe(`--- a
+++ b
@@ -7,7 +7,8 @@
 line 7
 line 8
 line 9
-line 10
+line ten
+and more
 line 11
 line 12
 line 13
@@ -17,4 +18,3 @@
 line 17
 line 18
 line 19
-line 20
`);
});

it('says where the last line has no end, and begins from nothing', () => {
  expect(renderDiff('a', 'a\n', names)).toBe(
    '--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n',
  );
  expect(renderDiff('', 'a\n', names)).toBe('--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n');
  expect(renderDiff('a\n', 'a\n', names)).toBe('');
});

it('applied to the first text it gives the second', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', '', '- x'), { maxLength: 30 })
    .map((lines) => lines.map((line) => `${line}\n`).join(''));
  fc.assert(
    fc.property(text, text, fc.integer({ min: 0, max: 4 }), (before, after, context) => {
      expect(apply(before, renderDiff(before, after, { ...names, context }))).toBe(after);
    }),
    { numRuns: runs },
  );
});

function apply(before: string, diff: string): string {
  const lines = before.split('\n').slice(0, -1);
  const result: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? /.exec(line);
    if (hunk) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1);
      while (at < start) result.push(lines[at++] ?? '');
    } else if (line.startsWith('+')) result.push(line.slice(1));
    else {
      expect(line.slice(1)).toBe(lines[at]);
      if (line.startsWith(' ')) result.push(line.slice(1));
      at++;
    }
  }
  return [...result, ...lines.slice(at)].map((line) => `${line}\n`).join('');
}
