// What every state driver promises, once for all of them.
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createManualClock, type ManualClock } from '../../src/lib/clock.ts';
import type { Slice, UsageRow } from '../../src/routing/ports.ts';
import { createMemoryState } from '../../src/state/drivers/memory.ts';
import { openSqliteState } from '../../src/state/open.ts';
import type { QueryError } from '../../src/state/queries.ts';
import type { State } from '../../src/state/state.ts';
import { makeDataDir, makeUsage } from '../support/state.ts';

const hour = 3_600_000;
const noon = Date.UTC(2026, 0, 1, 12);

const drivers: Readonly<Record<string, (clock: ManualClock) => State | Promise<State>>> = {
  memory: (clock) => createMemoryState({ clock }),
  sqlite: (clock) => openSqliteState({ dataDir: makeDataDir(), clock }),
};

describe.each(Object.entries(drivers))('state driver %s', (_name, open) => {
  const start = async (): Promise<{ state: State; clock: ManualClock }> => {
    const clock = createManualClock(noon);
    const state = await open(clock);
    onTestFinished(() => state.close());
    return { state, clock };
  };
  const fill = async (rows: readonly UsageRow[]): Promise<State> => {
    const { state } = await start();
    for (const row of rows) state.ledger.append(row);
    await state.ledger.flush();
    return state;
  };

  describe('ledger', () => {
    it('gives every column back as it was written', async () => {
      const row = makeUsage({
        requestId: 'ünï-🜁',
        key: null,
        provider: null,
        connection: null,
        model: null,
        facts: '{"text":"𝕏 \\" \\n"}',
        tokens: { input: 1, cacheWrite1h: 2 ** 40, audioOutput: 0 },
        cost: 9_007_199_254_740_991,
        estimated: true,
        status: 499,
        errorCode: 'client_closed_request',
        stream: true,
      });
      const state = await fill([row]);
      const { rows } = await state.reader.query('recentRequests', { limit: 1 });
      expect(rows).toEqual([{ ...row, id: 1 }]);
    });

    it('tells an unknown cost and unknown tokens from zero', async () => {
      const state = await fill([
        makeUsage({ cost: null, tokens: {} }),
        makeUsage({ cost: 0, tokens: { input: 0 } }),
      ]);
      const { rows } = await state.reader.query('recentRequests', { limit: 2 });
      expect(rows.map(({ cost, tokens }) => ({ cost, tokens }))).toEqual([
        { cost: 0, tokens: { input: 0 } },
        { cost: null, tokens: {} },
      ]);
    });

    it('refuses nothing and throws nothing after close, but counts', async () => {
      const { state } = await start();
      await state.close();
      state.ledger.append(makeUsage());
      expect(state.ledger.dropped).toBe(1);
      expect(state.status().state).toBe('closed');
      await expect(state.reader.query('statistics', {})).rejects.toMatchObject({ fault: 'closed' });
    });

    it('flush with nothing to write resolves', async () => {
      const { state } = await start();
      await expect(state.ledger.flush()).resolves.toBeUndefined();
    });
  });

  describe('recent requests', () => {
    it('pages newest first without gap or repetition', async () => {
      const state = await fill(
        Array.from({ length: 25 }, (_, index) => makeUsage({ requestId: `req-${index}` })),
      );
      const seen: string[] = [];
      let before: number | null = null;
      let pages = 0;
      do {
        const page: { rows: readonly { requestId: string }[]; next: number | null } =
          await state.reader.query('recentRequests', { limit: 10, ...(before === null ? {} : { before }) });
        seen.push(...page.rows.map(({ requestId }) => requestId));
        before = page.next;
        pages++;
      } while (before !== null);
      expect(pages).toBe(3);
      expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `req-${24 - index}`));
    });

    it.each([
      [{ key: 'ci' }, ['a', 'c']],
      [{ provider: 'anthropic' }, ['b', 'c']],
      [{ status: 'error' }, ['c']],
      [{ status: 'ok' }, ['a', 'b']],
      [{ status: 503 }, ['c']],
      [{ from: noon + 1000, to: noon + 2000 }, ['b']],
      [{ model: 'gpt-5-mini', connection: 'primary' }, ['a']],
      [{ requestedModel: "x' OR 1=1 --" }, []],
    ] as const)('filters by %o', async (filter, expected) => {
      const state = await fill([
        makeUsage({ requestId: 'a' }),
        makeUsage({ requestId: 'b', key: 'web', provider: 'anthropic', at: noon + 1000, model: 'claude' }),
        makeUsage({ requestId: 'c', provider: 'anthropic', at: noon + 2000, status: 503, model: 'claude' }),
      ]);
      const { rows } = await state.reader.query('recentRequests', { limit: 10, ...filter });
      expect(rows.map(({ requestId }) => requestId).sort()).toEqual(expected);
    });

    it('finds one request by its id, the latest of them', async () => {
      const state = await fill([makeUsage({ status: 500 }), makeUsage({ status: 200 })]);
      expect(await state.reader.query('request', { requestId: 'req-1' })).toMatchObject({ status: 200 });
      expect(await state.reader.query('request', { requestId: '__proto__' })).toBeNull();
    });

    it.each([0, -1, 1001, 1.5, Number.NaN])('refuses a page of %d rows', async (limit) => {
      const { state } = await start();
      await expect(state.reader.query('recentRequests', { limit })).rejects.toMatchObject({
        fault: 'invalid',
      });
    });
  });

  describe('sums', () => {
    const rows = [
      makeUsage({ at: noon - 1 }),
      makeUsage({ at: noon, cost: null, estimated: true }),
      makeUsage({ at: noon + 1, status: 502, cost: 0, tokens: {} }),
      makeUsage({ at: noon + hour, key: null, model: 'other', tokens: { input: 7, reasoning: 3 } }),
    ];

    it('by bucket and group', async () => {
      const state = await fill(rows);
      const buckets = await state.reader.query('usageBuckets', {
        from: noon,
        to: noon + 2 * hour,
        width: hour,
        by: 'model',
      });
      expect(buckets.map(({ start, group, requests, cost }) => ({ start, group, requests, cost }))).toEqual([
        { start: noon, group: 'gpt-5-mini', requests: 2, cost: 0 },
        { start: noon + hour, group: 'other', requests: 1, cost: 1500 },
      ]);
      expect(buckets[0]).toMatchObject({
        failures: 1,
        estimated: 1,
        unpriced: 1,
        tokens: { input: 10, output: 5 },
      });
    });

    it('over everything', async () => {
      const state = await fill(rows);
      const [total, ...rest] = await state.reader.query('usageTotals', { by: [] });
      expect(rest).toEqual([]);
      expect(total).toMatchObject({ requests: 4, failures: 1, unpriced: 1, cost: 3000, key: '', model: '' });
      expect(total?.tokens).toMatchObject({ input: 27, output: 10, reasoning: 3 });
      expect(total?.lastAt).toBe(noon + hour);
    });

    it('over nothing', async () => {
      const { state } = await start();
      expect(await state.reader.query('usageTotals', { by: [] })).toEqual([]);
      expect(await state.reader.query('usageTotals', { by: ['key'] })).toEqual([]);
    });

    it('by name', async () => {
      const state = await fill(rows);
      const totals = await state.reader.query('usageTotals', { by: ['key', 'model'] });
      expect(totals.map(({ key, model, requests }) => `${key}/${model}:${requests}`).sort()).toEqual([
        '/other:1',
        'ci/gpt-5-mini:3',
      ]);
    });

    it('since an instant inside an hour, exactly', async () => {
      const state = await fill(rows);
      const since = await state.reader.query('spendSince', { from: noon + 1 });
      const sums = since.map(({ model, requests }) => `${model}:${requests}`).sort();
      expect(sums).toEqual(['gpt-5-mini:1', 'other:1']);
      const exact = await state.reader.query('spendSince', { from: noon });
      expect(exact.reduce((sum, { requests }) => sum + requests, 0)).toBe(3);
    });

    it('counters are the fold of the rows, whatever the rows', async () => {
      const word = fc.constantFrom('a', 'b', '', null);
      const usage = fc.record({
        at: fc.integer({ min: noon - 3 * hour, max: noon + 3 * hour }),
        key: word,
        provider: word,
        model: word,
        status: fc.constantFrom(200, 404, 500),
        cost: fc.option(fc.integer({ min: 0, max: 2 ** 40 })),
        input: fc.option(fc.nat(100_000)),
        from: fc.integer({ min: noon - 3 * hour, max: noon + 3 * hour }),
      });
      const { state } = await start();
      const appended: UsageRow[] = [];
      await fc.assert(
        fc.asyncProperty(fc.array(usage, { maxLength: 40 }), async (list) => {
          for (const { input, from: _from, ...changes } of list) {
            const row = makeUsage({ ...changes, tokens: input === null ? {} : { input } });
            appended.push(row);
            state.ledger.append(row);
          }
          await state.ledger.flush();
          const from = list[0]?.from ?? noon;
          const since = await state.reader.query('spendSince', { from });
          const wanted = appended.filter(({ at }) => at >= from);
          expect(since.reduce((sum, { requests }) => sum + requests, 0)).toBe(wanted.length);
          expect(since.reduce((sum, { cost }) => sum + cost, 0)).toBe(
            wanted.reduce((sum, { cost }) => sum + (cost ?? 0), 0),
          );
          expect(await state.reader.query('verifyCounters', {})).toMatchObject({ ok: true });
        }),
        { numRuns: Math.min(Number(process.env['FC_RUNS'] ?? 300), 1000) / 10 },
      );
      const [total] = await state.reader.query('usageTotals', { by: [] });
      expect(total?.requests ?? 0).toBe(appended.length);
    });

    it.each([
      { from: 0, to: hour, width: 999 },
      { from: 0, to: 0, width: 1000 },
      { from: hour, to: 0, width: 1000 },
      { from: 0, to: 10_000 * hour, width: 1000 },
    ])('refuses buckets %o', async (params) => {
      const { state } = await start();
      const refused = state.reader.query('usageBuckets', { ...params, by: 'none' });
      await expect(refused).rejects.toMatchObject({ fault: 'invalid' } satisfies Partial<QueryError>);
    });
  });

  describe('retention', () => {
    it('removes old rows and keeps their sums', async () => {
      const { state, clock } = await start();
      for (let day = 0; day < 10; day++) {
        for (let row = 0; row < 120; row++)
          state.ledger.append(makeUsage({ at: noon + day * 24 * hour + row }));
      }
      await state.ledger.flush();
      clock.set(noon + 9 * 24 * hour + hour);
      const report = await state.retain({ usage: 3 * 24 * hour + 2 * hour });
      expect(report.rows).toBe(6 * 120);
      expect(await state.reader.query('statistics', {})).toMatchObject({
        rows: 4 * 120,
        oldestAt: noon + 6 * 24 * hour,
      });
      const [total] = await state.reader.query('usageTotals', { by: [] });
      expect(total?.requests).toBe(1200);
      expect(await state.reader.query('verifyCounters', {})).toMatchObject({ ok: true });
    });

    it('forgets old counters, never those of kept rows', async () => {
      const { state, clock } = await start();
      state.ledger.append(makeUsage({ at: noon }));
      state.ledger.append(makeUsage({ at: noon + 5 * hour }));
      await state.ledger.flush();
      clock.set(noon + 100 * hour);
      expect(await state.retain({ counters: hour })).toMatchObject({ rows: 0, counters: 0 });
      await state.retain({ usage: 96 * hour, counters: 96 * hour });
      const [total] = await state.reader.query('usageTotals', { by: [] });
      expect(total?.requests).toBe(1);
      expect(await state.reader.query('verifyCounters', {})).toMatchObject({ ok: true });
    });

    it('keeps counting after every row is gone', async () => {
      const { state, clock } = await start();
      state.ledger.append(makeUsage());
      await state.ledger.flush();
      clock.set(noon + hour);
      await state.retain({ usage: 1 });
      state.ledger.append(makeUsage({ at: noon + hour }));
      await state.ledger.flush();
      const [total] = await state.reader.query('usageTotals', { by: [] });
      expect(total?.requests).toBe(2);
      expect(await state.reader.query('verifyCounters', {})).toMatchObject({ ok: true });
    });

    it('holds the size bound by removing the oldest', async () => {
      const facts = JSON.stringify({ filler: 'x'.repeat(2000) });
      const state = await fill(
        Array.from({ length: 4000 }, (_, index) => makeUsage({ facts, at: noon + index })),
      );
      const { bytes } = await state.reader.query('statistics', {});
      const report = await state.retain({ maxBytes: bytes / 2 });
      expect(report.bytes).toBeLessThanOrEqual(bytes / 2);
      const after = await state.reader.query('statistics', {});
      expect(after.rows).toBeGreaterThan(1000);
      expect(after.newestAt).toBe(noon + 3999);
      expect(await state.reader.query('verifyCounters', {})).toMatchObject({ ok: true });
    });
  });

  describe('store', () => {
    const saveAll = (state: State, slices: readonly Slice[]): Promise<void> => {
      state.store.save(() => slices);
      return state.store.flush();
    };

    it('keeps the last value of a slice and forgets removed ones', async () => {
      const { state } = await start();
      await saveAll(state, [
        { kind: 'rotation', id: 'a', value: '1' },
        { kind: 'rotation', id: '__proto__', value: '2' },
        { kind: 'breaker', id: 'a', value: '{"open":true}' },
      ]);
      await saveAll(state, [
        { kind: 'rotation', id: 'a', value: '5' },
        { kind: 'breaker', id: 'a', value: null },
      ]);
      const slices = [...(await state.store.load())].sort((a, b) => (a.id < b.id ? -1 : 1));
      expect(slices).toEqual([
        { kind: 'rotation', id: '__proto__', value: '2' },
        { kind: 'rotation', id: 'a', value: '5' },
      ]);
    });

    it('begins empty', async () => {
      const { state } = await start();
      expect(await state.store.load()).toEqual([]);
    });
  });

  describe('audit', () => {
    const row = { at: noon, action: 'auth.login.failed', actor: 'anonymous', status: 'refused' } as const;

    const nothing = { address: null, requestId: null, target: null, before: null, after: null };

    it('gives rows back newest first, page by page, complete', async () => {
      const { state } = await start();
      await state.audit.append({ ...row, address: '203.0.113.9', requestId: 'r1', details: { a: ['ü'] } });
      await state.audit.append({ ...row, action: 'config.change', actor: 'key:ops', status: 'success' });
      await state.audit.append({ ...row, action: 'auth', target: 'x', before: 'r1', after: 'r2' });
      const page = await state.reader.query('audit', { limit: 2, offset: 1 });
      expect(page.total).toBe(3);
      expect(page.rows).toEqual([
        {
          ...nothing,
          id: 2,
          at: noon,
          action: 'config.change',
          actor: 'key:ops',
          status: 'success',
          details: {},
        },
        {
          ...nothing,
          ...row,
          id: 1,
          address: '203.0.113.9',
          requestId: 'r1',
          details: { a: ['ü'] },
        },
      ]);
    });

    it('filters by every member, and by the beginning of an action up to a dot', async () => {
      const { state } = await start();
      const append = (more: object): Promise<void> => state.audit.append({ ...row, ...more });
      await append({ action: 'auth.login.failed' });
      await append({
        action: 'authx',
        at: noon + 1,
        actor: 'b',
        target: 't',
        requestId: 'q',
        status: 'failed',
      });
      const find = async (filter: object): Promise<readonly number[]> =>
        (await state.reader.query('audit', { limit: 500, offset: 0, ...filter })).rows.map(({ id }) => id);
      expect(await find({ action: 'auth' })).toEqual([1]);
      expect(await find({ action: 'auth.login' })).toEqual([1]);
      expect(await find({ action: "auth' OR 1=1 --" })).toEqual([]);
      expect(await find({ actor: 'b' })).toEqual([2]);
      expect(await find({ target: 't', status: 'failed' })).toEqual([2]);
      expect(await find({ requestId: 'q', status: 'refused' })).toEqual([]);
      expect(await find({ from: noon + 1 })).toEqual([2]);
      expect(await find({ to: noon + 1 })).toEqual([1]);
    });

    it('is forgotten by its own retention only', async () => {
      const { state, clock } = await start();
      await state.audit.append(row);
      clock.advance(hour);
      await state.audit.append({ ...row, at: clock.now() });
      await state.retain({ usage: 1, maxBytes: 1 });
      expect((await state.reader.query('audit', { limit: 1, offset: 0 })).total).toBe(2);
      await state.retain({ audit: hour });
      expect((await state.reader.query('audit', { limit: 9, offset: 0 })).total).toBe(2);
      await state.retain({ audit: hour - 1 });
      expect((await state.reader.query('audit', { limit: 9, offset: 0 })).rows.map(({ id }) => id)).toEqual([
        2,
      ]);
    });

    it('cuts long details and refuses unbounded pages', async () => {
      const { state } = await start();
      await state.audit.append({ ...row, details: { patch: 'x'.repeat(100_000) } });
      const { rows } = await state.reader.query('audit', { limit: 1, offset: 0 });
      expect(rows[0]?.details['truncated']).toBe(true);
      await expect(state.reader.query('audit', { limit: 501, offset: 0 })).rejects.toMatchObject({
        fault: 'invalid',
      });
    });

    it('rejects after close', async () => {
      const { state } = await start();
      await state.close();
      await expect(state.audit.append(row)).rejects.toThrow('cannot be written');
    });
  });

  it('answers for its integrity', async () => {
    const state = await fill([makeUsage()]);
    expect(await state.reader.query('integrity', {})).toEqual({ ok: true, messages: [] });
  });

  it('does not begin a cancelled query', async () => {
    const { state } = await start();
    const query = state.reader.query('statistics', {}, { signal: AbortSignal.abort() });
    await expect(query).rejects.toMatchObject({ fault: 'cancelled' });
  });
});
