import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Chunk, readRows, textColumns, tokenKinds } from '../../../src/state/batch.ts';
import { makeUsage } from '../../support/state.ts';

describe('batch', () => {
  it('cuts the texts apart exactly where they were joined', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(''), fc.constant('\u0000\u001F'));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, fc.option(text), text), { minLength: 1, maxLength: 10 }),
        (rows) => {
          const chunk = new Chunk(10);
          for (const [requestId, key, facts] of rows) chunk.append(makeUsage({ requestId, key, facts }));
          const unpacked = readRows(chunk.pack());
          const column = (name: (typeof textColumns)[number]): number => textColumns.indexOf(name);
          expect(
            unpacked.map((row) => [row[column('requestId')], row[column('key')], row[column('facts')]]),
          ).toEqual(rows);
        },
      ),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
  });

  it('carries numbers exactly, absent ones as null', () => {
    const chunk = new Chunk(1);
    chunk.append(makeUsage({ cost: Number.MAX_SAFE_INTEGER, tokens: { output: 3 }, stream: true }));
    const [row] = readRows(chunk.pack());
    const scalars = row?.slice(textColumns.length, textColumns.length + 6);
    expect(scalars).toEqual([Date.UTC(2026, 0, 1, 12), 1, Number.MAX_SAFE_INTEGER, 0, 200, 1]);
    expect(row?.slice(-tokenKinds.length)).toEqual([null, 3, null, null, null, null, null, null]);
  });

  it('can be filled again after reset', () => {
    const chunk = new Chunk(2);
    chunk.append(makeUsage({ facts: 'first' }));
    chunk.append(makeUsage({ facts: 'second', key: null }));
    expect(chunk.full).toBe(true);
    chunk.reset();
    expect(chunk).toMatchObject({ rows: 0, bytes: 0, full: false });
    chunk.append(makeUsage({ facts: 'third' }));
    const rows = readRows(chunk.pack());
    expect(rows.map((row) => row[textColumns.indexOf('facts')])).toEqual(['third']);
  });

  it('carries the texts of many rows, whatever their length', () => {
    const chunk = new Chunk(64);
    const facts = Array.from({ length: 64 }, (_, index) => `${'ü🜁x'.repeat(index * 30)}${index}`);
    for (const text of facts) chunk.append(makeUsage({ facts: text }));
    const rows = readRows(chunk.pack());
    expect(rows.map((row) => row[textColumns.indexOf('facts')])).toEqual(facts);
  });

  it('keeps nothing of a row whose texts cannot be made', () => {
    const chunk = new Chunk(2);
    for (const name of ['facts', 'reasons', 'attempts', 'marks']) {
      const row = Object.defineProperty(makeUsage({ model: name }), name, {
        get: () => {
          throw new Error(name);
        },
      });
      expect(() => chunk.append(row)).toThrow(name);
    }
    expect(chunk).toMatchObject({ rows: 0, bytes: 0 });
    expect(chunk.append(makeUsage({ facts: 'next' }))).toBe(chunk.bytes);
    expect(readRows(chunk.pack()).map((row) => row[textColumns.indexOf('facts')])).toEqual(['next']);
  });

  it('keeps the texts of earlier rows apart when there is no memory for them', () => {
    const chunk = new Chunk(4);
    const long = 'x'.repeat(40_000);
    chunk.append(makeUsage({ facts: long }));
    const none = vi.spyOn(Buffer, 'from').mockImplementationOnce(() => {
      throw new RangeError('no memory');
    });
    onTestFinished(() => none.mockRestore());
    expect(() => chunk.append(makeUsage({ facts: 'lost' }))).toThrow('no memory');
    chunk.append(makeUsage({ facts: 'next' }));
    const rows = readRows(chunk.pack());
    expect(rows.map((row) => row[textColumns.indexOf('facts')])).toEqual([long, 'next']);
  });

  it('tells shared texts apart that follow each other in a column', () => {
    const chunk = new Chunk(8);
    const keys = ['a', 'a', null, null, 'b', 'a', '', null];
    for (const key of keys) chunk.append(makeUsage({ key }));
    const rows = readRows(chunk.pack());
    expect(rows.map((row) => row[textColumns.indexOf('key')])).toEqual(keys);
  });
});
