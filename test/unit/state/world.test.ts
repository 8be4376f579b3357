import { describe, expect, it, onTestFinished } from 'vitest';
import type { Slice, Store } from '../../../src/routing/ports.ts';
import { createMemoryState } from '../../../src/state/drivers/memory.ts';
import { openSqliteState } from '../../../src/state/open.ts';
import { createStateWorld } from '../../../src/state/world.ts';
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
