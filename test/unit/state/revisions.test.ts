import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRevisionArchive, readRevision } from '../../../src/state/revisions.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-revisions-'));
});
afterAll(() => rm(folder, { recursive: true }));

const revision = (index: number): string => index.toString(16).padStart(12, '0');

describe.each([
  ['in files', () => ({ dataFolder: join(folder, 'data') })],
  ['in memory', () => ({})],
])('an archive of configurations %s', (_, options) => {
  it('keeps the last used so many', async () => {
    let now = Date.UTC(2026, 0, 1);
    const archive = createRevisionArchive({ ...options(), most: 3, now: () => (now += 1000) });
    for (let index = 0; index < 5; index++) {
      archive.keep(revision(index), () => `text ${index}`);
      archive.keep(revision(1), () => 'another text');
      await archive.flush();
    }
    expect(await archive.read(revision(0))).toBeUndefined();
    expect(await archive.read(revision(2))).toBeUndefined();
    // Used again and again: never the oldest.
    expect(await archive.read(revision(1))).toBe('another text');
    expect(await archive.read(revision(4))).toBe('text 4');
  });
});

describe('the files of an archive', () => {
  it('are for their owner only, and read by commands', async () => {
    const dataFolder = join(folder, 'private');
    const archive = createRevisionArchive({ dataFolder });
    archive.keep(revision(7), () => 'text');
    await archive.flush();
    const path = join(dataFolder, 'revisions', `${revision(7)}.json`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataFolder, 'revisions'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(dataFolder, 'revisions'))).toEqual([`${revision(7)}.json`]);
    expect(await readRevision(dataFolder, revision(7))).toBe('text');
    await writeFile(join(dataFolder, 'secret.json'), 'no');
    expect(await readRevision(dataFolder, '../secret')).toBeUndefined();
  });

  it('that cannot be written are told and harm nobody', async () => {
    const blocked = join(folder, 'blocked');
    await writeFile(blocked, 'a file where a folder belongs');
    const told: unknown[] = [];
    const archive = createRevisionArchive({ dataFolder: blocked, report: (error) => told.push(error) });
    archive.keep(revision(1), () => 'text');
    await archive.flush();
    expect(told).toHaveLength(1);
    expect(await archive.read(revision(1))).toBeUndefined();
  });
});
