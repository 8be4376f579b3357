// The store of answers: each key its own, never more than the bounds, nothing leaked when things go.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../src/lib/clock.ts';
import {
  createResponseStore,
  type NewTurn,
  type ResponseStore,
  type Turn,
} from '../../../src/state/responses.ts';

const runs = Number(process.env.FC_RUNS ?? 300);
const wide = { ttl: 1_000, maxBytes: 1_000_000, maxPerKey: 100 };
const issuer = { provider: 'p', connection: 'p@default', target: 'p/m', how: 'translated' } as const;

function makeTurn(id: string, part: Partial<NewTurn> = {}): NewTurn {
  return {
    id,
    before: undefined,
    root: id,
    issuer,
    input: Buffer.from('{"role":"user","content":"x"}'),
    output: [{ id: `msg_${id}`, type: 'message', json: `{"id":"msg_${id}"}`, sort: 'plain' }],
    head: `{"id":"${id}"}`,
    ...part,
  };
}

describe('a kept answer', () => {
  it('is a copy: what it was made of may go', () => {
    const store = createResponseStore(createManualClock(0));
    const input = Buffer.from('{"content":"é😀"}');
    store.put('a', makeTurn('1', { input, head: '{"id":"1","é":"😀"}' }), wide);
    input.fill(0);
    const turn = store.get('a', '1', wide)!;
    expect(Buffer.from(turn.input).toString()).toBe('{"content":"é😀"}');
    expect(Buffer.from(turn.head).toString()).toBe('{"id":"1","é":"😀"}');
    expect(Buffer.from(turn.output[0]!.json).toString()).toBe('{"id":"msg_1"}');
    // Nothing of a shared pool hangs on it.
    expect(turn.input.buffer.byteLength).toBe(
      turn.input.length + turn.head.length + turn.output[0]!.json.length,
    );
  });

  it('of another key is not there, under the same id or by its items', () => {
    const store = createResponseStore(createManualClock(0));
    store.put('a', makeTurn('1'), wide);
    store.put('b', makeTurn('1', { head: '{"mine":true}' }), wide);
    expect(Buffer.from(store.get('b', '1', wide)!.head).toString()).toBe('{"mine":true}');
    expect(store.delete('c', '1')).toBe(false);
    expect(store.delete('b', '1')).toBe(true);
    expect(store.get('b', '1', wide)).toBeUndefined();
    expect(store.findItem('b', 'msg_1', wide)).toBeUndefined();
    expect(store.get('a', '1', wide)).toBeDefined();
    expect(store.findItem('a', 'msg_1', wide)?.turn.id).toBe('1');
    for (const name of ['__proto__', 'constructor', '']) {
      expect(store.get('a', name, wide)).toBeUndefined();
      expect(store.get(name, '1', wide)).toBeUndefined();
    }
  });

  it('goes with its age, and what continues it keeps what it continues', () => {
    const clock = createManualClock(0);
    const store = createResponseStore(clock);
    store.put('a', makeTurn('1'), wide);
    clock.advance(900);
    store.put('a', makeTurn('2', { before: store.get('a', '1', wide) }), wide);
    const both = store.bytes;
    clock.advance(200);
    expect(store.get('a', '1', wide)).toBeUndefined();
    expect(store.get('a', '2', wide)!.before!.id).toBe('1');
    expect(store.bytes).toBe(both);
    clock.advance(1_000);
    expect(store.get('a', '2', wide)).toBeUndefined();
    expect(store).toMatchObject({ count: 0, bytes: 0 });
  });

  it('is counted again when a request that ran meanwhile continues what has gone', () => {
    const store = createResponseStore(createManualClock(0));
    store.put('a', makeTurn('1'), wide);
    const one = store.bytes;
    const before = store.get('a', '1', wide);
    store.delete('a', '1');
    expect(store.bytes).toBe(0);
    store.put('a', makeTurn('2', { before }), wide);
    expect(store.bytes).toBe(2 * one);
    store.delete('a', '2');
    expect(store.bytes).toBe(0);
  });

  it('costs the key that holds most, not the others', () => {
    const store = createResponseStore(createManualClock(0));
    const bounds = { ...wide, maxBytes: 10_000 };
    store.put('small', makeTurn('s'), bounds);
    for (let i = 0; i < 50; i++) {
      store.put('busy', makeTurn(String(i), { input: Buffer.alloc(500, 0x20) }), bounds);
      expect(store.bytes).toBeLessThanOrEqual(10_000);
    }
    expect(store.get('small', 's', bounds)).toBeDefined();
    expect(store.get('busy', '49', bounds)).toBeDefined();
    store.put('small', makeTurn('huge', { input: Buffer.alloc(20_000, 0x20) }), bounds);
    expect(store.get('small', 'huge', bounds)).toBeUndefined();
    expect(store.get('small', 's', bounds)).toBeDefined();
  });
});

it('holds its bounds and its books in any order of events', () => {
  const owner = fc.constantFrom('a', 'b', 'c');
  const id = fc.integer({ min: 0, max: 12 }).map(String);
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      owner,
      id,
      before: fc.option(id),
      size: fc.integer({ min: 0, max: 3_000 }),
    }),
    fc.record({ kind: fc.constant('delete' as const), owner, id }),
    fc.record({ kind: fc.constant('wait' as const), time: fc.integer({ min: 0, max: 700 }) }),
  );
  const bounds = { ttl: 1_000, maxBytes: 12_000, maxPerKey: 4 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = createManualClock(0);
      const store = createResponseStore(clock);
      for (const one of steps) {
        if (one.kind === 'wait') clock.advance(one.time);
        else if (one.kind === 'delete') store.delete(one.owner, one.id);
        else {
          const before = one.before === null ? undefined : store.get(one.owner, one.before, bounds);
          const input = Buffer.alloc(one.size, 0x20);
          store.put(one.owner, makeTurn(one.id, { before, input }), bounds);
          checkBooks(store, bounds);
        }
      }
    }),
    { numRuns: runs },
  );
});

/** Every turn that any answer holds is counted once; every answer's items lead to it or to a later one of that id. */
function checkBooks(store: ResponseStore, bounds: typeof wide): void {
  const held = new Set<Turn>();
  let count = 0;
  for (const owner of ['a', 'b', 'c']) {
    let own = 0;
    for (let id = 0; id <= 12; id++) {
      const answer = store.get(owner, String(id), bounds);
      const item = store.findItem(owner, `msg_${id}`, bounds);
      expect(item?.turn).toBe(answer);
      if (!answer) continue;
      own++;
      for (let turn: Turn | undefined = answer; turn && !held.has(turn); turn = turn.before) held.add(turn);
    }
    expect(own).toBeLessThanOrEqual(bounds.maxPerKey);
    count += own;
  }
  let bytes = 0;
  for (const { id, input, head, output } of held) {
    bytes += input.length + head.length + 600 + 2 * id.length;
    for (const { id: item = '', type, json } of output)
      bytes += json.length + 200 + 2 * (item.length + type.length);
  }
  expect(store.count).toBe(count);
  expect(store.bytes).toBe(bytes);
  expect(store.bytes).toBeLessThanOrEqual(bounds.maxBytes);
}
