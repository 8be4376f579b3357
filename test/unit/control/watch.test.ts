// Real files and real events; polling is stepped by hand so that each case shows which of the two noticed.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWatcher, type Watcher } from '../../../src/control/watch.ts';
import { createManualTimers, systemTimers } from '../../../src/lib/timers.ts';

let folder: string;
let watcher: Watcher | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'omniroute-watch-'));
});

afterEach(async () => {
  await watcher?.close();
  watcher = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function watchFiles(files: readonly string[], directories: readonly string[] = []) {
  const rings: string[] = [];
  const waiting: (() => void)[] = [];
  const fingerprint = async () => {
    const texts = await Promise.all(
      files.map((file) => readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => `! ${error.code}`)),
    );
    return createHash('sha256').update(texts.join('\0')).digest('hex');
  };
  watcher = await createWatcher({
    paths: () => ({ files, directories }),
    fingerprint,
    onChange: async () => {
      rings.push(await readFile(files[0] ?? '', 'utf8').catch(() => '(gone)'));
      for (const wake of waiting.splice(0)) wake();
    },
    timers: systemTimers,
    pollInterval: 3_600_000,
    events: true,
  });
  return {
    rings,
    rung: async (text: string) => {
      while (rings.at(-1) !== text) await new Promise<void>((wake) => waiting.push(wake));
    },
  };
}

describe('createWatcher with events', () => {
  it('notices a write in place', async () => {
    const file = join(folder, 'a.yaml');
    await writeFile(file, '1');
    const { rung } = await watchFiles([file]);
    await writeFile(file, '2');
    await rung('2');
  });

  it('notices a rename over the file, again and again', async () => {
    const file = join(folder, 'a.yaml');
    await writeFile(file, '1');
    const { rung } = await watchFiles([file]);
    for (const text of ['2', '3', '4']) {
      await writeFile(`${file}.tmp`, text);
      await rename(`${file}.tmp`, file);
      await rung(text);
    }
  });

  it('notices an editor that removes and creates the file', async () => {
    const file = join(folder, 'a.yaml');
    await writeFile(file, '1');
    const { rung } = await watchFiles([file]);
    await unlink(file);
    await writeFile(file, '2');
    await rung('2');
  });

  it('notices a swap of the ..data symlink while the file itself never changes', async () => {
    for (const [version, text] of [
      ['..1', 'one'],
      ['..2', 'two'],
      ['..3', 'three'],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'a.yaml'), text);
    }
    await symlink('..1', join(folder, '..data'));
    await symlink(join('..data', 'a.yaml'), join(folder, 'a.yaml'));
    const { rung } = await watchFiles([join(folder, 'a.yaml')]);
    for (const [version, text] of [
      ['..2', 'two'],
      ['..3', 'three'],
    ] as const) {
      await symlink(version, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
      await rung(text);
    }
  });

  it('notices a release folder that is swapped above the file', async () => {
    for (const release of ['r1', 'r2']) {
      await mkdir(join(folder, release));
      await writeFile(join(folder, release, 'a.yaml'), release);
    }
    await symlink('r1', join(folder, 'current'));
    const { rung } = await watchFiles([join(folder, 'current', 'a.yaml')]);
    await symlink('r2', join(folder, 'next'));
    await rename(join(folder, 'next'), join(folder, 'current'));
    await rung('r2');
  });

  it('does not ring for a touched file whose bytes are the same', async () => {
    const file = join(folder, 'a.yaml');
    await writeFile(file, '1');
    const { rings, rung } = await watchFiles([file]);
    await writeFile(file, '1');
    await writeFile(join(folder, 'neighbour.txt'), 'x');
    await writeFile(file, '2');
    await rung('2');
    // writeFile truncates first: who looks in between sees an empty file, which settle.ts waits out.
    expect(rings.filter((text) => text !== '')).toEqual(['2']);
  });
});

describe('createWatcher without events', () => {
  it('rings nobody while a write of ours is held, and afterwards only for what is not acknowledged', async () => {
    const timers = createManualTimers();
    const rings: string[] = [];
    let content = 'a';
    let rung = Promise.withResolvers<void>();
    watcher = await createWatcher({
      paths: () => ({ files: [join(folder, 'a.yaml')], directories: [] }),
      fingerprint: async () => content,
      onChange: async () => {
        rings.push(content);
        rung.resolve();
      },
      timers,
      pollInterval: 2000,
      events: false,
    });
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    };
    let release = watcher.hold();
    content = 'ours';
    timers.advance(2000);
    await turns();
    await watcher.acknowledge();
    release();
    await turns();
    expect(rings).toEqual([]);
    release = watcher.hold();
    content = 'by hand, meanwhile';
    timers.advance(2000);
    await turns();
    expect(rings).toEqual([]);
    release();
    await rung.promise;
    expect(rings).toEqual(['by hand, meanwhile']);
    rung = Promise.withResolvers<void>();
    content = 'later';
    timers.advance(2000);
    await rung.promise;
    expect(rings).toEqual(['by hand, meanwhile', 'later']);
  });

  it('notices by polling alone, and only then', async () => {
    const timers = createManualTimers();
    const rings: number[] = [];
    let content = 'a';
    let done = Promise.withResolvers<void>();
    watcher = await createWatcher({
      paths: () => ({ files: [join(folder, 'a.yaml')], directories: [] }),
      fingerprint: async () => content,
      onChange: async () => {
        rings.push(1);
        done.resolve();
      },
      timers,
      pollInterval: 2000,
      events: false,
    });
    content = 'b';
    timers.advance(1999);
    expect(rings).toEqual([]);
    timers.advance(1);
    await done.promise;
    expect(rings).toEqual([1]);
    done = Promise.withResolvers<void>();
    content = 'c';
    await watcher.acknowledge();
    timers.advance(2000);
    content = 'd';
    timers.advance(2000);
    await done.promise;
    expect(rings).toEqual([1, 1]);
  });
});
