import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Batch, Chunk } from '../../../src/state/batch.ts';
import { createQueryTable } from '../../../src/state/drivers/query-sql.ts';
import { openForWriting } from '../../../src/state/drivers/sqlite.ts';
import { createUsageWriter, usageColumns } from '../../../src/state/drivers/usage-sql.ts';
import { makeDataDir, makeUsage } from '../../support/state.ts';

function makeBatch(sequence: number, rows: number): Batch {
  const chunk = new Chunk(rows);
  for (let row = 0; row < rows; row++) chunk.append(makeUsage({ requestId: `${sequence}-${row}` }));
  return { sequence, rows, numbers: chunk.numbers, text: chunk.takeText(), slices: [] };
}

describe('writing a batch', () => {
  it('that was committed but not answered is not written twice', () => {
    const database = openForWriting(join(makeDataDir(), 'x.sqlite'));
    const writer = createUsageWriter(database, 'one');
    expect(writer.write(makeBatch(1, 10))).toEqual({ written: 10, rejected: 0 });
    expect(writer.write(makeBatch(1, 10))).toEqual({ written: 10, rejected: 0 });
    createUsageWriter(database, 'two').write(makeBatch(1, 5));
    const table = createQueryTable(database);
    expect(table.statistics({}).rows).toBe(15);
    expect(table.verifyCounters({})).toMatchObject({ ok: true, watermark: 15 });
    database.close();
  });
});

describe('the proof of the counters', () => {
  const rest = usageColumns.filter((column) => column !== 'key').join(', ');
  const damages: Readonly<Record<string, string>> = {
    'a counter that is too high': 'UPDATE counters SET requests = requests + 1',
    'a counter that is gone': 'DELETE FROM counters',
    'a row that is gone': 'DELETE FROM usage WHERE id = 1',
    'a row that nobody counted': `INSERT INTO usage (id, key, ${rest}) SELECT 99, 'new', ${rest} FROM usage WHERE id = 1`,
    'a cost that changed': 'UPDATE usage SET cost = cost + 1 WHERE id = 2',
  };

  it.each(Object.entries(damages))('finds %s', (_name, sql) => {
    const database = openForWriting(join(makeDataDir(), 'x.sqlite'));
    createUsageWriter(database, 'one').write(makeBatch(1, 10));
    const table = createQueryTable(database);
    expect(table.verifyCounters({})).toMatchObject({ ok: true, differences: [] });
    database.exec(sql);
    const proof = table.verifyCounters({});
    expect(proof.ok).toBe(false);
    expect(proof.differences.length).toBeGreaterThan(0);
    database.close();
  });
});

describe('marks of killed writers', () => {
  it('go after their time, those of others stay', () => {
    const database = openForWriting(join(makeDataDir(), 'x.sqlite'));
    const old = createUsageWriter(database, '2026-01-01T00:00:00.000Z-a');
    const young = createUsageWriter(database, '2026-01-09T00:00:00.000Z-b');
    for (const writer of [old, young]) writer.write(makeBatch(1, 1));
    young.forgetSessions(Date.UTC(2026, 0, 5));
    const names = database.prepare('SELECT name FROM marks ORDER BY name').pluck();
    expect(names.all()).toEqual(['watermark', 'writer/2026-01-09T00:00:00.000Z-b']);
    young.forgetSession();
    expect(names.all()).toEqual(['watermark']);
    database.close();
  });
});
