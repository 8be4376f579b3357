import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Batch, Chunk, readRows } from '../../../src/state/batch.ts';
import { migrations } from '../../../src/state/drivers/migrations.ts';
import { createQueryTable } from '../../../src/state/drivers/query-sql.ts';
import { openForReading, openForWriting } from '../../../src/state/drivers/sqlite.ts';
import { createUsageWriter, usageColumns } from '../../../src/state/drivers/usage-sql.ts';
import type { StoredUsage } from '../../../src/state/queries.ts';
import { makeDataDir, makeUsage } from '../../support/state.ts';

function makeBatch(sequence: number, rows: number): Batch {
  const chunk = new Chunk(rows);
  for (let row = 0; row < rows; row++) chunk.append(makeUsage({ requestId: `${sequence}-${row}` }));
  return { sequence, ...chunk.pack(), slices: [] };
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

/** Reasons as long as those of a combo. */
const reasonsOf = (name: string): string => JSON.stringify([{ code: 'combo', message: name.repeat(80) }]);

describe('reasons that many rows share', () => {
  const start = () => {
    const database = openForWriting(join(makeDataDir(), 'x.sqlite'));
    const writer = createUsageWriter(database, 'one');
    let sequence = 0;
    return {
      database,
      writer,
      table: createQueryTable(database),
      write: (count: number, told: string | readonly string[], at = 1_000_000): void => {
        const chunk = new Chunk(count);
        for (let row = 0; row < count; row++) {
          const reasons = typeof told === 'string' ? told : told[row % told.length]!;
          chunk.append(makeUsage({ reasons, at, requestId: `r${row}` }));
        }
        writer.write({ sequence: ++sequence, ...chunk.pack(), slices: [] });
      },
      texts: () => database.prepare<[], string>('SELECT text FROM texts ORDER BY id').pluck().all(),
      longest: () => database.prepare<[], number>('SELECT max(length(reasons)) FROM usage').pluck().get(),
    };
  };

  it('are stored once and read whole, over several batches', () => {
    const { database, write, texts, longest, table } = start();
    write(128, reasonsOf('a'));
    write(40, reasonsOf('b'));
    write(200, reasonsOf('a'));
    expect(texts()).toEqual([reasonsOf('a'), reasonsOf('b')]);
    expect(longest()).toBeLessThan(10);
    const read = table.recentRequests({ limit: 1000 }).rows.map(({ reasons }) => reasons);
    expect(read.filter((one) => one === reasonsOf('a'))).toHaveLength(328);
    expect(read.filter((one) => one === reasonsOf('b'))).toHaveLength(40);
    expect(table.request({ requestId: 'r100' })?.reasons).toBe(reasonsOf('a'));
    database.close();
  });

  it('are stored once where rows of several kinds follow each other; a text of few rows stays with them', () => {
    const { database, write, texts, table } = start();
    write(16, [reasonsOf('a'), reasonsOf('b')]);
    expect(texts()).toEqual([reasonsOf('a'), reasonsOf('b')]);
    write(14, [reasonsOf('c'), reasonsOf('d')]);
    expect(texts()).toEqual([reasonsOf('a'), reasonsOf('b')]);
    const stored = database.prepare<[], string>('SELECT reasons FROM usage ORDER BY id').pluck().all();
    expect(new Set(stored)).toEqual(new Set(['#1', '#2', reasonsOf('c'), reasonsOf('d')]));
    const read = table.recentRequests({ limit: 100 }).rows.map(({ reasons }) => reasons);
    expect(read.slice(0, 2)).toEqual([reasonsOf('d'), reasonsOf('c')]);
    expect(read.slice(-2)).toEqual([reasonsOf('b'), reasonsOf('a')]);
    database.close();
  });

  it('are no names for the same text in other columns', () => {
    const { database, writer, table } = start();
    const chunk = new Chunk(32);
    const text = reasonsOf('a');
    for (let row = 0; row < 32; row++) chunk.append(makeUsage({ reasons: text, requestedModel: text }));
    writer.write({ sequence: 1, ...chunk.pack(), slices: [] });
    expect(table.recentRequests({ limit: 1 }).rows[0]).toMatchObject({ reasons: text, requestedModel: text });
    database.close();
  });

  it('go with the last row that names them, not before', () => {
    const { database, writer, write, texts } = start();
    write(32, reasonsOf('a'), 1_000);
    write(32, reasonsOf('b'), 2_000);
    write(32, reasonsOf('a'), 3_000);
    expect(writer.retireBefore(2_500)).toBe(64);
    expect(texts()).toEqual([reasonsOf('a')]);
    expect(writer.retireBefore(4_000)).toBe(32);
    expect(texts()).toEqual([]);
    // The table is empty, its ids go on.
    write(32, reasonsOf('c'), 5_000);
    expect(writer.retireBefore(4_000)).toBe(0);
    write(1, '[]', 1);
    expect(writer.retireBefore(2)).toBe(1);
    expect(texts()).toEqual([reasonsOf('c')]);
    database.close();
  });

  it('are found by their last row when some may go, however many there are', () => {
    const { database } = start();
    const plan = database
      .prepare<[], { detail: string }>('EXPLAIN QUERY PLAN DELETE FROM texts WHERE last_usage < 7')
      .all();
    expect(plan.map(({ detail }) => detail).join()).toMatch(/^SEARCH texts USING (COVERING )?INDEX/);
    database.close();
  });
});

describe('a file from before reasons were shared', () => {
  const before = migrations.slice(
    0,
    migrations.findIndex(({ title }) => title.startsWith('reasons')),
  );

  it('answers before and after it takes the step', () => {
    const file = join(makeDataDir(), 'x.sqlite');
    const row = makeUsage({ requestId: 'old', reasons: reasonsOf('a') });
    const chunk = new Chunk(1);
    chunk.append(row);
    const old = openForWriting(file, { steps: before });
    for (const values of readRows(chunk.pack())) {
      const places = usageColumns.map(() => '?').join(', ');
      old.prepare(`INSERT INTO usage (${usageColumns.join(', ')}) VALUES (${places})`).run(...values);
    }
    old.close();
    const expected = { ...row, id: 1 };
    const reading = openForReading(file);
    expect(createQueryTable(reading).recentRequests({ limit: 10 }).rows).toEqual([expected]);
    expect(createQueryTable(reading).request({ requestId: 'old' })).toEqual(expected);
    openForWriting(file).close();
    expect(createQueryTable(reading).request({ requestId: 'old' })).toEqual(expected);
    reading.close();
  });
});

describe('rows that share one statement', () => {
  it('are stored as they are, in order, whatever they have in common', () => {
    const few = <Value>(...values: Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);
    const row = fc.record({
      key: few('a', 'a', 'a', null),
      model: few('m', 'm', 'n', null),
      facts: few('{}', '{"x":1}'),
      reasons: few('[]', reasonsOf('a'), reasonsOf('b')),
      cost: few(null, null, 5, 7),
      status: few(200, 200, 503),
      tokens: few({ input: 1 }, { input: 1 }, { input: 2, output: 0 }, {}),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 100 }), (varied) => {
        // Long runs of rows that are alike, as traffic has them.
        const rows = varied.flatMap((members, at) =>
          Array.from({ length: at % 3 === 0 ? 40 : 1 }, (_, index) =>
            makeUsage({ ...members, requestId: `${at}-${index}` }),
          ),
        );
        const chunk = new Chunk(rows.length);
        for (const each of rows) chunk.append(each);
        const database = openForWriting(join(makeDataDir(), 'x.sqlite'));
        const written = createUsageWriter(database, 'one').write({
          sequence: 1,
          slices: [],
          ...chunk.pack(),
        });
        expect(written).toEqual({ written: rows.length, rejected: 0 });
        const table = createQueryTable(database);
        const stored: StoredUsage[] = [];
        for (let before: number | null = Number.MAX_SAFE_INTEGER; before !== null;) {
          const page: { rows: readonly StoredUsage[]; next: number | null } = table.recentRequests({
            limit: 1000,
            before,
          });
          stored.push(...page.rows);
          before = page.next;
        }
        expect(stored.toReversed().map(({ id: _, ...rest }) => rest)).toEqual(rows);
        expect(table.verifyCounters({})).toMatchObject({ ok: true });
        database.close();
      }),
      { numRuns: Math.min(20, Number(process.env['FC_RUNS'] ?? 20)) },
    );
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
