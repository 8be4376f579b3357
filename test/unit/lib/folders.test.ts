import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureFolder } from '../../../src/lib/folders.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'folders-'));
});
afterEach(() => rmSync(place, { recursive: true }));

it('makes what is missing, for the owner only, and is content with what is there', () => {
  const folder = join(place, 'a/b/c');
  ensureFolder(folder);
  ensureFolder(folder);
  for (const each of ['a', 'a/b', 'a/b/c']) expect(statSync(join(place, each)).mode & 0o777).toBe(0o700);
});

it('says so where a file stands in the way', () => {
  writeFileSync(join(place, 'file'), '');
  expect(() => ensureFolder(join(place, 'file/below'))).toThrow(/ENOTDIR|EEXIST/);
});

it.runIf(process.platform === 'linux')('gives up below /proc, where nothing can be made', () => {
  expect(() => ensureFolder('/proc/nope/omniroute')).toThrow(/ENOENT/);
});
