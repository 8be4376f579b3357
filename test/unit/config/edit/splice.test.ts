// Single cuts that once went wrong: before, edit, after, byte for byte.
import { describe, expect, it } from 'vitest';
import { editText, type Edit } from '../../../../src/config/edit.ts';

interface Case {
  readonly title: string;
  readonly before: string;
  readonly edit: Edit;
  readonly after: string;
}

const cases: readonly Case[] = [
  {
    title: 'a quoted ampersand in front of the place is no anchor',
    before: 'list: [ "&amp", { id: a } ]\n',
    edit: { op: 'insert', pointer: '/list/id:a', value: 'plain' },
    after: 'list: [ "&amp", plain, { id: a } ]\n',
  },
  {
    title: 'a quoted exclamation mark in front of the place is no tag',
    before: 'list: [ "!no", x ]\n',
    edit: { op: 'insert', pointer: '/list/1', value: 'plain' },
    after: 'list: [ "!no", plain, x ]\n',
  },
  {
    title: 'an anchor goes along with its item',
    before: 'list: [ &one x, y ]\nother: *one\n',
    edit: { op: 'insert', pointer: '/list/0', value: 'plain' },
    after: 'list: [ plain, &one x, y ]\nother: *one\n',
  },
  {
    title: 'a moved flow item takes its anchor along',
    before: 'list: [ &one x, y ]\nother: *one\n',
    edit: { op: 'move', pointer: '/list/0', before: '-' },
    after: 'list: [ y, &one x ]\nother: *one\n',
  },
  {
    title: 'a moved item that keeps blank lines is written anew where it would swallow others',
    before: 'l:\n  - |+\n    two\n    lines\n  - b\n\nm: 1\n',
    edit: { op: 'move', pointer: '/l/1', before: '0' },
    after: 'l:\n  - b\n  - |\n    two\n    lines\n\nm: 1\n',
  },
  {
    title: 'a key << is a name and merges nothing',
    before: 'k: {}\n',
    edit: { op: 'set', pointer: '/k/<<', value: 'plain' },
    after: 'k:\n  "<<": plain\n',
  },
  {
    title: 'the last member leaves empty braces',
    before: 'k: { a: 1 } # why\nl: [\n  x, # only\n]\n',
    edit: { op: 'delete', pointer: '/k/a' },
    after: 'k: {} # why\nl: [\n  x, # only\n]\n',
  },
  {
    title: 'an empty value behind a colon without a space gets one',
    before: 'k: {a:, b: 1}\n',
    edit: { op: 'set', pointer: '/k/a', value: '{x}' },
    after: 'k: {a: "{x}", b: 1}\n',
  },
  {
    title: 'a key without a colon gets one',
    before: 'k: { a, b: 1 }\n',
    edit: { op: 'set', pointer: '/k/a', value: 2 },
    after: 'k: { a: 2, b: 1 }\n',
  },
  {
    title: 'a text that is one no-break space stays one',
    before: 'k: plain\n',
    edit: { op: 'set', pointer: '/k', value: '\u00a0' },
    after: 'k: \u00a0\n',
  },
  {
    title: 'a text that ends in blank lines does not swallow those of the file',
    before: 'k: plain\n\n# next\nl: 1\n',
    edit: { op: 'set', pointer: '/k', value: 'one\n\n\n' },
    after: 'k: "one\\n\\n\\n"\n\n# next\nl: 1\n',
  },
  {
    title: 'a text that begins with spaces is quoted, whatever the indentation of the file',
    before: 'k:\n a: 1\n',
    edit: { op: 'set', pointer: '/k', value: '  deep\nshallow' },
    after: 'k: "  deep\\nshallow"\n',
  },
];

describe('one cut', () => {
  it.each(cases)('$title', ({ before, edit, after }) => {
    expect(editText(before, edit)).toBe(after);
  });
});
