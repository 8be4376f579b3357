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
];

describe('one cut', () => {
  it.each(cases)('$title', ({ before, edit, after }) => {
    expect(editText(before, edit)).toBe(after);
  });
});
