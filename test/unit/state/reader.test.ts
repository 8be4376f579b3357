import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualTimers } from '../../../src/lib/timers.ts';
import { openForWriting } from '../../../src/state/drivers/sqlite.ts';
import { databaseName } from '../../../src/state/open.ts';
import type { QueryName } from '../../../src/state/queries.ts';
import { type ReaderOptions, SqliteReader } from '../../../src/state/reader.ts';
import { makeDataDir } from '../../support/state.ts';

/** A thread that answers `integrity` never and everything else at once. */
const stubborn = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ id, name }) => {
    if (name === 'integrity') for (;;) {}
    if (name === 'verifyCounters') process.exit(1);
    if (name === 'slices') parentPort.postMessage({ kind: 'failed', id, message: 'no such table' });
    else parentPort.postMessage({ kind: 'answer', id, answer: { rows: id } });
  });
  parentPort.postMessage({ kind: 'ready' });
`;

function start(options: Partial<ReaderOptions> = {}): { reader: SqliteReader; threads: Worker[] } {
  const threads: Worker[] = [];
  const reader = new SqliteReader({
    file: 'unused',
    spawn: () => {
      const thread = new Worker(stubborn, { eval: true });
      threads.push(thread);
      return thread;
    },
    ...options,
  });
  onTestFinished(() => reader.close());
  return { reader, threads };
}

describe('reader', () => {
  it('starts its thread with the first query only', async () => {
    const { reader, threads } = start();
    expect(threads).toHaveLength(0);
    await reader.query('statistics', {});
    expect(threads).toHaveLength(1);
  });

  it('gives up a query that overstays, and answers the next one on a new thread', async () => {
    const timers = createManualTimers();
    const { reader, threads } = start({ timers });
    await reader.query('statistics', {});
    const slow = reader.query('integrity', {}, { timeout: 100 });
    const next = reader.query('statistics', {}, { timeout: 60_000 });
    const refused = expect(slow).rejects.toMatchObject({ fault: 'timeout' });
    timers.advance(100);
    await refused;
    await expect(next).resolves.toEqual({ rows: 3 });
    expect(threads).toHaveLength(2);
    expect(timers.pending).toBe(0);
  });

  it('gives up a query that waits behind another one', async () => {
    const timers = createManualTimers();
    const { reader, threads } = start({ timers });
    await reader.query('statistics', {});
    const slow = reader.query('integrity', {}, { timeout: 1000 });
    const waiting = expect(reader.query('statistics', {}, { timeout: 100 })).rejects.toMatchObject({
      fault: 'timeout',
    });
    timers.advance(100);
    await waiting;
    expect(threads).toHaveLength(1);
    const refused = expect(slow).rejects.toMatchObject({ fault: 'timeout' });
    timers.advance(900);
    await refused;
  });

  it('cancels a running query by its signal', async () => {
    const { reader } = start();
    const controller = new AbortController();
    const slow = reader.query('integrity', {}, { signal: controller.signal });
    await reader.query('statistics', {}, { signal: AbortSignal.abort() }).catch(() => undefined);
    controller.abort();
    await expect(slow).rejects.toMatchObject({ fault: 'cancelled' });
    await expect(reader.query('statistics', {})).resolves.toBeDefined();
  });

  it('refuses more than may wait', async () => {
    const { reader } = start({ maxWaiting: 2 });
    await reader.query('statistics', {});
    const controller = new AbortController();
    const { signal } = controller;
    const held = [1, 2, 3].map(() =>
      reader.query('integrity', {}, { signal }).catch((error: unknown) => error),
    );
    await expect(reader.query('statistics', {})).rejects.toMatchObject({ fault: 'busy' });
    controller.abort();
    expect(await Promise.all(held)).toMatchObject([1, 2, 3].map(() => ({ fault: 'cancelled' })));
  });

  it('reports what the thread reports', async () => {
    const { reader } = start();
    await expect(reader.query('slices', {})).rejects.toThrow('slices: no such table');
  });

  it('comes back after its thread died', async () => {
    const { reader, threads } = start();
    await expect(reader.query('verifyCounters', {})).rejects.toMatchObject({ fault: 'failed' });
    await expect(reader.query('statistics', {})).resolves.toBeDefined();
    expect(threads).toHaveLength(2);
  });

  it('refuses what waits when it closes', async () => {
    const { reader } = start();
    const held = ['integrity', 'statistics'].map((name) =>
      reader.query(name as 'statistics', {}).catch((error: unknown) => error),
    );
    await reader.close();
    expect(await Promise.all(held)).toMatchObject([{ fault: 'closed' }, { fault: 'closed' }]);
  });

  it('says that there is no database, and works once there is one', async () => {
    const file = join(makeDataDir(), databaseName);
    const reader = new SqliteReader({ file });
    onTestFinished(() => reader.close());
    await expect(reader.query('statistics', {})).rejects.toThrow(/cannot be opened/);
    const database = openForWriting(file);
    await expect(reader.query('statistics', {})).resolves.toMatchObject({ rows: 0 });
    database.close();
  });

  it('knows its own queries only', async () => {
    const file = join(makeDataDir(), databaseName);
    const database = openForWriting(file);
    const reader = new SqliteReader({ file });
    onTestFinished(() => reader.close());
    const name = 'constructor' as QueryName;
    await expect(reader.query(name, {})).rejects.toThrow('There is no query "constructor"');
    database.close();
  });
});
