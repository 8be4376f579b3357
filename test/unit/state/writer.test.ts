import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualTimers } from '../../../src/lib/timers.ts';
import type { WriterSetup } from '../../../src/state/messages.ts';
import { databaseName } from '../../../src/state/open.ts';
import { createWriter, type Writer, type WriterOptions } from '../../../src/state/writer.ts';
import { makeDataDir, makeUsage } from '../../support/state.ts';

interface Rig {
  readonly writer: Writer;
  readonly file: string;
  /** All threads that were started, latest last. */
  readonly threads: readonly Worker[];
  read(sql: string): readonly unknown[];
}

async function start(options: Partial<WriterOptions> = {}): Promise<Rig> {
  const file = join(makeDataDir(), databaseName);
  const threads: Worker[] = [];
  const writer = await createWriter({
    file,
    busyTimeout: 5,
    spawn: (setup: WriterSetup) => {
      const url = new URL('../../../src/state/writer-thread.ts', import.meta.url);
      const thread = new Worker(url, { workerData: setup });
      threads.push(thread);
      return thread;
    },
    ...options,
  });
  onTestFinished(() => writer.close());
  return {
    writer,
    file,
    threads,
    read: (sql) => {
      const database = new Database(file);
      try {
        return database.prepare(sql).all();
      } finally {
        database.close();
      }
    },
  };
}

/** Waits for something that another thread brings about. */
async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const count = 'SELECT count(*) AS n FROM usage';

describe('window', () => {
  it('posts what waits when the window ends, without a flush', async () => {
    const timers = createManualTimers();
    const { writer } = await start({ timers, window: 200 });
    writer.append(makeUsage());
    timers.advance(199);
    expect(writer.status().queuedRows).toBe(1);
    timers.advance(1);
    await until(() => writer.status().written === 1);
    expect(timers.pending).toBe(0);
  });

  it('posts a full batch at once', async () => {
    const timers = createManualTimers();
    const { writer } = await start({ timers });
    for (let row = 0; row < 1100; row++) writer.append(makeUsage());
    await until(() => writer.status().written === 1024);
    expect(writer.status().queuedRows).toBe(76);
    timers.advance(200);
    await until(() => writer.status().written === 1100);
  });

  it('arms one timer for many rows', async () => {
    const timers = createManualTimers();
    const { writer } = await start({ timers });
    for (let row = 0; row < 50; row++) writer.append(makeUsage());
    expect(timers.pending).toBe(1);
  });
});

describe('overflow', () => {
  it('drops and counts what does not fit by rows, and recovers', async () => {
    const timers = createManualTimers();
    const heard: (string | null)[] = [];
    const { writer, read } = await start({ timers, maxRows: 10, report: (trouble) => heard.push(trouble) });
    for (let row = 0; row < 25; row++) writer.append(makeUsage());
    expect(writer.status()).toMatchObject({ queuedRows: 10, dropped: 15 });
    expect(heard).toEqual(['The queue of usage rows is full (10 rows wait); new rows are dropped.']);
    await writer.flush();
    writer.append(makeUsage());
    await writer.flush();
    expect(writer.status()).toMatchObject({ queuedRows: 0, queuedBytes: 0, dropped: 15, written: 11 });
    expect(read(count)).toEqual([{ n: 11 }]);
  });

  it('drops and counts what does not fit by bytes', async () => {
    const { writer } = await start({ timers: createManualTimers(), maxBytes: 10_000 });
    const facts = 'x'.repeat(4000);
    for (let row = 0; row < 5; row++) writer.append(makeUsage({ facts }));
    expect(writer.status()).toMatchObject({ queuedRows: 3, dropped: 2 });
    expect(writer.status().queuedBytes).toBeLessThan(14_000);
  });
});

describe('faults', () => {
  it('keeps rows while another process holds the lock, and says so', async () => {
    const heard: (string | null)[] = [];
    const { writer, file, read } = await start({ report: (trouble) => heard.push(trouble) });
    const other = new Database(file);
    other.exec('BEGIN EXCLUSIVE');
    writer.append(makeUsage());
    const flushed = writer.flush();
    await until(() => writer.status().state === 'stalled');
    expect(writer.status().error).toContain('SQLITE_BUSY');
    expect(writer.status().retries).toBeGreaterThan(0);
    other.exec('COMMIT');
    other.close();
    await flushed;
    expect(writer.status()).toMatchObject({ state: 'ok', error: null, written: 1, dropped: 0 });
    expect(heard).toEqual(['SQLITE_BUSY: database is locked', null]);
    expect(read(count)).toEqual([{ n: 1 }]);
  });

  it('counts, repeats and gives up in bounded time on a full disk', async () => {
    const { writer, read } = await start({ maxPages: 40, maxRows: 1000, closeTimeout: 300 });
    const facts = 'x'.repeat(3000);
    for (let row = 0; row < 1500; row++) writer.append(makeUsage({ facts }));
    await until(() => writer.status().state === 'stalled');
    expect(writer.status().error).toContain('SQLITE_FULL');
    expect(writer.status().dropped).toBe(500);
    const flushed = writer.flush();
    const settled = expect(flushed).rejects.toThrow('SQLITE_FULL');
    await writer.close();
    await settled;
    const { written, dropped } = writer.status();
    expect(written + dropped).toBe(1500);
    expect(read(count)).toEqual([{ n: written }]);
  });

  it('writes the other rows of a batch when the schema refuses one', async () => {
    const { writer, read } = await start();
    writer.append(makeUsage({ requestId: 'good' }));
    // A caller that lies to the type system must not take the rows of others with it.
    writer.append(makeUsage({ status: Number.NaN }));
    writer.append(makeUsage({ at: 1.5 }));
    writer.append(makeUsage({ requestId: 'good too' }));
    await writer.flush();
    expect(writer.status()).toMatchObject({ written: 2, rejected: 2, queuedRows: 0 });
    expect(read('SELECT request_id FROM usage')).toEqual([
      { request_id: 'good' },
      { request_id: 'good too' },
    ]);
    expect(read('SELECT sum(requests) AS n FROM counters')).toEqual([{ n: 2 }]);
  });

  it('starts a dead thread again and sends the unanswered batch once more', async () => {
    const { writer, threads, read } = await start();
    for (let round = 1; round <= 5; round++) {
      for (let row = 0; row < 500; row++) writer.append(makeUsage({ requestId: `${round}-${row}` }));
      void threads.at(-1)?.terminate();
      await writer.flush();
    }
    expect(writer.status()).toMatchObject({ restarts: 5, dropped: 0, queuedRows: 0, state: 'ok' });
    expect(read('SELECT count(*) AS n, count(DISTINCT request_id) AS ids FROM usage')).toEqual([
      { n: 2500, ids: 2500 },
    ]);
    expect(read('SELECT sum(requests) AS n FROM counters')).toEqual([{ n: 2500 }]);
  });

  it('survives a collector that throws', async () => {
    const { writer, read } = await start();
    writer.save(() => {
      throw new Error('no');
    });
    writer.append(makeUsage());
    await writer.flush();
    expect(read(count)).toEqual([{ n: 1 }]);
  });
});

describe('start', () => {
  const open = (file: string): Promise<Writer> => createWriter({ file });

  it('makes the folder and the file for this user only', async () => {
    const file = join(makeDataDir(), 'deep', 'er', databaseName);
    const writer = await open(file);
    await writer.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, '..')).mode & 0o777).toBe(0o700);
  });

  it('refuses a file of a newer version and leaves it alone', async () => {
    const { writer, file } = await start();
    await writer.close();
    const database = new Database(file);
    database.pragma('user_version = 99');
    database.close();
    await expect(open(file)).rejects.toMatchObject({ name: 'StateError', fault: 'newer-schema' });
    await expect(open(file)).rejects.toThrow(/newer OmniRoute \(schema 99, this version knows \d+\)/);
    const after = new Database(file);
    expect(after.pragma('user_version', { simple: true })).toBe(99);
    after.close();
  });

  it('refuses a file that is no database, and says what to do', async () => {
    const file = join(makeDataDir(), databaseName);
    writeFileSync(file, 'these are not the bytes of a database, however long one looks at them'.repeat(100));
    await expect(open(file)).rejects.toMatchObject({ fault: 'corrupt' });
    await expect(open(file)).rejects.toThrow(/Restore a backup, or move the file away/);
  });

  it('refuses a path that cannot be a file', async () => {
    const file = join(makeDataDir(), databaseName);
    mkdirSync(file);
    await expect(open(file)).rejects.toMatchObject({ fault: 'unopenable' });
  });

  it('opens the same folder twice, as a rolling restart does', async () => {
    const { writer, file, read } = await start();
    const second = await open(file);
    for (let row = 0; row < 300; row++) {
      writer.append(makeUsage());
      second.append(makeUsage());
    }
    await Promise.all([writer.flush(), second.flush()]);
    await second.close();
    expect(read(count)).toEqual([{ n: 600 }]);
    expect(read('SELECT sum(requests) AS n FROM counters')).toEqual([{ n: 600 }]);
  });
});

describe('close', () => {
  it('writes everything that waits, empties the log and leaves no mark', async () => {
    const { writer, file, read } = await start({ timers: createManualTimers() });
    for (let row = 0; row < 1000; row++) writer.append(makeUsage());
    await writer.close();
    expect(writer.status()).toMatchObject({ written: 1000, dropped: 0, state: 'closed' });
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(read(count)).toEqual([{ n: 1000 }]);
    expect(read(`SELECT name FROM marks WHERE name LIKE 'writer/%'`)).toEqual([]);
  });

  it('may be called twice and after the thread died', async () => {
    const { writer, threads } = await start();
    await threads[0]?.terminate();
    await Promise.all([writer.close(), writer.close()]);
    expect(writer.status().state).toBe('closed');
  });
});
