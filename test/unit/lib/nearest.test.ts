import { expect, it } from 'vitest';
import { findNearest } from '../../../src/lib/nearest.ts';

it('finds the name that a typing error stands for, whatever its case', () => {
  expect(findNearest('sandbox/ecko', ['sandbox/text', 'sandbox/echo'])).toBe('sandbox/echo');
  expect(findNearest('SANDBOX/ECHO', ['sandbox/echo', 'other/ECHO'])).toBe('sandbox/echo');
});

it('never proposes the very text, nor one that has nothing in common', () => {
  expect(findNearest('sandbox/', ['sandbox/'])).toBeUndefined();
  expect(findNearest('abc', ['xyz'])).toBeUndefined();
});
