import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Slice, Store } from '../../../src/routing/ports.ts';
import { createMemoryState } from '../../../src/state/drivers/memory.ts';
import { openSqliteState } from '../../../src/state/open.ts';
import { createStateWorld, SliceMap } from '../../../src/state/world.ts';
import { makeDataDir } from '../../support/state.ts';

const rotate = (combo: string, position: number): { kind: 'rotate'; combo: string; position: number } => ({
  kind: 'rotate',
  combo,
  position,
});

/** A store that collects only when told to, as the writer's window does. */
function createLazyStore(): Store & { collect(): readonly Slice[]; readonly asked: number } {
  let collects = new Set<() => Iterable<Slice>>();
  let asked = 0;
  return {
    load: () => Promise.resolve([]),
    flush: () => Promise.resolve(),
    save: (collect) => {
      asked++;
      collects.add(collect);
    },
    collect: () => {
      const now = collects;
      collects = new Set();
      return [...now].flatMap((collect) => [...collect()]);
    },
    get asked() {
      return asked;
    },
  };
}

const hasCredential = (): boolean => true;

describe('state world', () => {
  it('saves only what changed in the window, with its last value', () => {
    const store = createLazyStore();
    const world = createStateWorld({ store, saved: [], hasCredential });
    world.apply([rotate('a', 1), rotate('b', 1), rotate('a', 2), rotate('a', 3)]);
    expect(store.asked).toBe(1);
    expect(store.collect()).toEqual([
      { kind: 'rotation', id: 'a', value: '3' },
      { kind: 'rotation', id: 'b', value: '1' },
    ]);
    expect(store.collect()).toEqual([]);
    world.apply([rotate('b', 2)]);
    expect(store.collect()).toEqual([{ kind: 'rotation', id: 'b', value: '2' }]);
  });

  it('is after a restart what it was before', async () => {
    const dataDir = makeDataDir();
    const first = await openSqliteState({ dataDir });
    const before = createStateWorld({ store: first.store, saved: await first.store.load(), hasCredential });
    before.apply([rotate('coding', 7), rotate('__proto__', 3)]);
    await first.close();
    const second = await openSqliteState({ dataDir });
    onTestFinished(() => second.close());
    const after = createStateWorld({ store: second.store, saved: await second.store.load(), hasCredential });
    expect(after.rotation('coding')).toBe(7);
    expect(after.rotation('__proto__')).toBe(3);
    expect(after.rotation('constructor')).toBe(0);
    expect(after.snapshot()).toHaveLength(2);
    expect(after.unreadable).toEqual([]);
  });

  it('leaves what it cannot read alone and says so', () => {
    const { store } = createMemoryState();
    const saved = [
      { kind: 'rotation', id: 'good', value: '4' },
      { kind: 'rotation', id: 'text', value: '"4"' },
      { kind: 'rotation', id: 'broken', value: '{' },
      { kind: 'rotation', id: 'negative', value: '-1' },
      { kind: 'of-the-future', id: 'x', value: '{}' },
    ];
    const world = createStateWorld({ store, saved, hasCredential });
    expect(world.rotation('good')).toBe(4);
    expect(world.unreadable).toEqual([
      'rotation/text',
      'rotation/broken',
      'rotation/negative',
      'of-the-future/x',
    ]);
  });
});

describe('a table of the state world', () => {
  const open = (store: Store) =>
    new SliceMap('k', (value) => (typeof value === 'number' ? value : undefined), store);

  it('is a map, and the store gets what rebuilds it', () => {
    const id = fc.constantFrom('a', 'b', 'c', '__proto__');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), id, value: fc.nat(9) }),
      fc.record({ kind: fc.constant('delete' as const), id }),
      fc.record({ kind: fc.constant('collect' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const store = createLazyStore();
        const stored = new Map([['a', '1']]);
        const map = open(store);
        expect(map.restore({ kind: 'k', id: 'a', value: '1' })).toBe(true);
        const model = new Map([['a', 1]]);
        for (const each of [...steps, { kind: 'collect' as const }]) {
          if (each.kind === 'set') {
            map.set(each.id, each.value);
            model.set(each.id, each.value);
          } else if (each.kind === 'delete') {
            map.delete(each.id);
            model.delete(each.id);
          } else {
            for (const { id: name, value } of store.collect())
              if (value === null) stored.delete(name);
              else stored.set(name, value);
            expect(new Map([...stored].map(([name, value]) => [name, Number(value)]))).toEqual(model);
          }
          expect([...map.ids()].map((name) => [name, map.get(name)])).toEqual([...model]);
          expect(map.size).toBe(model.size);
        }
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
  });

  // With a look at each of those that went before, it takes far longer than a test may.
  it(
    'finds its oldest value at once, however many went while the store takes nothing',
    { timeout: 5_000 },
    () => {
      const map = open(createLazyStore());
      for (let n = 0; n < 50_000; n++) {
        map.set(`${n}`, n);
        const [oldest] = map.ids();
        if (map.size > 10) map.delete(oldest!);
      }
      expect([...map.ids()][0]).toBe('49990');
    },
  );
});
