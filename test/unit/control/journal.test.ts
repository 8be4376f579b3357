import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
  lstatSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ChangedMeanwhileError,
  replaceFiles,
  systemFiles,
  writeAtomically,
  type WriteFiles,
} from '../../../src/control/atomic-write.ts';
import { completeJournal, writeJournaled } from '../../../src/control/journal.ts';

let folder: string;
let file: string;
let journal: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'omniroute-write-'));
  file = join(folder, 'a.yaml');
  journal = join(folder, 'data', 'pending-write.json');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const failWith = (code: string): WriteFiles => ({
  ...systemFiles,
  renameNow: () => {
    throw Object.assign(new Error(code), { code });
  },
});
const busy = failWith('EBUSY');

describe('writeAtomically', () => {
  it('replaces the file, keeps its mode and leaves nothing behind', async () => {
    writeFileSync(file, 'old');
    chmodSync(file, 0o640);
    expect(await writeAtomically(file, 'new €')).toBe('rename');
    expect(readFileSync(file, 'utf8')).toBe('new €');
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  });

  it('writes through a symbolic link and keeps the link', async () => {
    writeFileSync(join(folder, 'real.yaml'), 'old');
    symlinkSync('real.yaml', file);
    await writeAtomically(file, 'new');
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'real.yaml'), 'utf8')).toBe('new');
  });

  it.each(['a much longer text than before', 's', ''])(
    'goes in place where a rename is impossible: %j',
    async (text) => {
      writeFileSync(file, 'the old text');
      const { ino } = statSync(file);
      expect(await writeAtomically(file, text, busy)).toBe('in-place');
      expect(readFileSync(file, 'utf8')).toBe(text);
      expect(statSync(file).ino).toBe(ino);
      expect(readdirSync(folder)).toEqual(['a.yaml']);
    },
  );

  it('passes other failures on and leaves the old text', async () => {
    writeFileSync(file, 'old');
    await expect(writeAtomically(file, 'new', failWith('ENOSPC'))).rejects.toThrow('ENOSPC');
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  });
});

describe('replaceFiles', () => {
  it('writes nothing at all when one of the files is not what it was', async () => {
    const other = join(folder, 'b.yaml');
    writeFileSync(file, 'old a');
    writeFileSync(other, 'somebody was here');
    const both = [
      { path: file, before: 'old a', after: 'new a' },
      { path: other, before: 'old b', after: 'new b' },
    ];
    await expect(replaceFiles(both)).rejects.toBeInstanceOf(ChangedMeanwhileError);
    expect(readFileSync(file, 'utf8')).toBe('old a');
    expect(readdirSync(folder).sort()).toEqual(['a.yaml', 'b.yaml']);
  });

  it('makes a file only where none is', async () => {
    await replaceFiles([{ path: file, before: null, after: 'first' }]);
    expect(readFileSync(file, 'utf8')).toBe('first');
    await expect(replaceFiles([{ path: file, before: null, after: 'second' }])).rejects.toThrow('changed by');
    expect(readFileSync(file, 'utf8')).toBe('first');
  });
});

describe('the journal', () => {
  it('does not outlive a write that found a changed file', async () => {
    writeFileSync(file, 'edited by hand');
    const write = { path: file, before: 'old', after: 'new' };
    await expect(writeJournaled(journal, [write])).rejects.toBeInstanceOf(ChangedMeanwhileError);
    expect(await completeJournal(journal)).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toBe('edited by hand');
  });

  it('is gone after a write that succeeded', async () => {
    writeFileSync(file, 'old');
    await writeJournaled(journal, [{ path: file, before: 'old', after: 'new' }]);
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(await completeJournal(journal)).toBeUndefined();
  });

  it('completes several files of which some were written', async () => {
    const other = join(folder, 'b.yaml');
    writeFileSync(file, 'old a');
    writeFileSync(other, 'old b');
    let renames = 0;
    const dying: WriteFiles = {
      ...systemFiles,
      renameNow: (from, to) => {
        if (renames++ === 2) throw new Error('power cut');
        systemFiles.renameNow(from, to);
      },
    };
    const writes = [
      { path: file, before: 'old a', after: 'new a' },
      { path: other, before: 'old b', after: 'new b' },
    ];
    await expect(writeJournaled(journal, writes, dying)).rejects.toThrow('power cut');
    expect([readFileSync(file, 'utf8'), readFileSync(other, 'utf8')]).toEqual(['new a', 'old b']);
    expect(await completeJournal(journal)).toEqual({ completed: [other], skipped: [] });
    expect([readFileSync(file, 'utf8'), readFileSync(other, 'utf8')]).toEqual(['new a', 'new b']);
  });

  it('completes a file that was torn in place at any byte, and no other', async () => {
    mkdirSync(join(folder, 'data'));
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '€'), maxLength: 30 });
    const property = fc.asyncProperty(texts, texts, fc.nat(), async (before, after, cut) => {
      const old = Buffer.from(before);
      const fresh = Buffer.from(after);
      const place = cut % (fresh.length + 1);
      writeFileSync(file, Buffer.concat([fresh.subarray(0, place), old.subarray(place)]));
      writeFileSync(journal, JSON.stringify({ version: 1, writes: [{ path: file, before, after }] }));
      await completeJournal(journal);
      expect(readFileSync(file, 'utf8')).toBe(after);
    });
    await fc.assert(property, { numRuns: Number(process.env.FC_RUNS ?? 300) });
  });

  it('leaves a file alone that somebody edited since', async () => {
    writeFileSync(file, 'old text');
    mkdirSync(join(folder, 'data'));
    writeFileSync(
      journal,
      JSON.stringify({ version: 1, writes: [{ path: file, before: 'old text', after: 'new text' }] }),
    );
    writeFileSync(file, 'old text, and a thought of a person');
    expect(await completeJournal(journal)).toEqual({ completed: [], skipped: [file] });
    expect(readFileSync(file, 'utf8')).toBe('old text, and a thought of a person');
  });

  it('ignores a journal that was itself cut', async () => {
    writeFileSync(file, 'old');
    mkdirSync(join(folder, 'data'));
    writeFileSync(journal, '{"version":1,"wri');
    expect(await completeJournal(journal)).toEqual({ completed: [], skipped: [] });
    expect(readFileSync(file, 'utf8')).toBe('old');
  });
});
