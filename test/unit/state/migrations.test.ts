import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Migration, migrations } from '../../../src/state/drivers/migrations.ts';
import { openForReading, openForWriting } from '../../../src/state/drivers/sqlite.ts';
import { makeDataDir } from '../../support/state.ts';

const steps: readonly Migration[] = [
  { title: 'one', sql: 'CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);' },
  { title: 'two', sql: 'CREATE TABLE b (y INTEGER); INSERT INTO b SELECT x + 1 FROM a;' },
];

describe('migrations', () => {
  it('take only the steps that are missing', () => {
    const file = join(makeDataDir(), 'x.sqlite');
    openForWriting(file, { steps: steps.slice(0, 1) }).close();
    const database = openForWriting(file, { steps });
    expect(database.prepare('SELECT y FROM b').all()).toEqual([{ y: 2 }]);
    expect(database.prepare('SELECT x FROM a').all()).toEqual([{ x: 1 }]);
    expect(database.pragma('user_version', { simple: true })).toBe(2);
    database.close();
  });

  it('leave the file as it was when a step fails', () => {
    const file = join(makeDataDir(), 'x.sqlite');
    openForWriting(file, { steps: steps.slice(0, 1) }).close();
    const broken = [...steps, { title: 'three', sql: 'CREATE TABLE c (z); THIS IS NOT SQL;' }];
    expect(() => openForWriting(file, { steps: broken })).toThrow(/step 3 of the schema \(three\) failed/);
    const database = openForWriting(file, { steps: steps.slice(0, 1) });
    expect(database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()).toEqual([
      { name: 'a' },
    ]);
    database.close();
  });

  it('set WAL, synchronous=NORMAL and incremental vacuum', () => {
    const database = openForWriting(join(makeDataDir(), 'x.sqlite'));
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(1);
    expect(database.pragma('auto_vacuum', { simple: true })).toBe(2);
    expect(database.pragma('user_version', { simple: true })).toBe(migrations.length);
    database.close();
  });

  it('a reading connection cannot write', () => {
    const file = join(makeDataDir(), 'x.sqlite');
    const writing = openForWriting(file);
    const reading = openForReading(file);
    expect(() => reading.exec('DELETE FROM usage')).toThrow(/readonly/);
    reading.close();
    writing.close();
  });
});
