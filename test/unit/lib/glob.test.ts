import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { captureGlob, fillGlob, foldAscii, isGlob, matchGlob, scoreGlob } from '../../../src/lib/glob.ts';

const runs = Number(process.env.FC_RUNS ?? 300);

describe('matchGlob', () => {
  it.each([
    ['claude-*', 'claude-opus', true],
    ['claude-*', 'xclaude-opus', false],
    ['*', '', true],
    ['*', 'anything/at all', true],
    ['gpt-?', 'gpt-5', true],
    ['gpt-?', 'gpt-', false],
    ['gpt-?', 'gpt-55', false],
    ['GPT-*', 'gpt-5', true],
    ['a.c', 'abc', false],
    ['*/claude-opus-*', 'anthropic/claude-opus-5', true],
    ['', '', true],
    ['', 'a', false],
    ['İ*', 'İa', true],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(matchGlob(pattern, text)).toBe(expected);
  });

  it('agrees with the obvious recursive definition', () => {
    const alphabet = fc.constantFrom('a', 'b', '-', '*', '?');
    const text = fc.constantFrom('a', 'b', 'B', '-');
    fc.assert(
      fc.property(
        fc.string({ unit: alphabet, maxLength: 8 }),
        fc.string({ unit: text, maxLength: 10 }),
        (p, t) => {
          expect(matchGlob(p, t)).toBe(slowMatch(p, t.toLowerCase()));
        },
      ),
      { numRuns: runs },
    );
  });

  it('stays quick on the pattern that blows up backtracking matchers', () => {
    const pattern = `${'a*'.repeat(30)}b`;
    const text = 'a'.repeat(5_000);
    const start = process.cpuUsage().user;
    expect(matchGlob(pattern, text)).toBe(false);
    expect(process.cpuUsage().user - start).toBeLessThan(1_000_000);
  });
});

describe('captureGlob', () => {
  it.each([
    ['claude-*', 'claude-opus-5', ['opus-5']],
    ['*-?-*', 'a-b-c-d', ['a', 'b', 'c-d']],
    ['*', '', ['']],
    ['a*b*', 'aXbYb', ['X', 'Yb']],
    ['a*b', 'ab', ['']],
    ['a**', 'abc', ['', 'bc']],
    ['a*b', 'axc', undefined],
  ])('%s on %s', (pattern, text, expected) => {
    expect(captureGlob(pattern, text)).toEqual(expected);
  });

  it('gives back the text when its captures are put into the pattern', () => {
    const alphabet = fc.constantFrom('a', 'b', '*');
    fc.assert(
      fc.property(
        fc.string({ unit: alphabet, maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }),
        (pattern, text) => {
          const captures = captureGlob(pattern, text);
          fc.pre(captures !== undefined);
          expect(fillGlob(pattern, captures)).toBe(text);
        },
      ),
      { numRuns: runs },
    );
  });
});

it('scores as the contract says', () => {
  expect(scoreGlob('claude-*')).toBe(28);
  expect(scoreGlob('claude-sonnet-*')).toBe(105);
  expect(scoreGlob('*')).toBe(-49);
  expect(scoreGlob('a/b?')).toBe(20 + 4 - 5);
});

it('tells patterns from names, and folds only ASCII', () => {
  expect(['a', 'a*', 'a?'].map(isGlob)).toEqual([false, true, true]);
  expect(foldAscii('GPT-İÉ')).toBe('gpt-İÉ');
});

function slowMatch(pattern: string, text: string): boolean {
  const [sign] = pattern;
  if (sign === undefined) return text === '';
  const rest = pattern.slice(1);
  if (sign === '*') return slowMatch(rest, text) || (text !== '' && slowMatch(pattern, text.slice(1)));
  return text !== '' && (sign === '?' || sign === text[0]) && slowMatch(rest, text.slice(1));
}
