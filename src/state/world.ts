// The one world of the gateway: synchronous, in memory, restored at start. What changes is marked and reaches the
// store with the next batch, in the same transaction as the usage rows of that window.
import type { Slice, Store } from '../routing/ports.ts';
import { createWorld } from '../routing/world/memory.ts';
import { moveId, type Move } from '../routing/world/moves.ts';
import type { SliceTable } from '../routing/world/slices.ts';
import type { MutableWorld } from '../routing/world/world.ts';

export interface StateWorldOptions {
  readonly store: Store;
  /** What `store.load()` answered. */
  readonly saved: readonly Slice[];
  /** Whether the credential of `provider@connection` is there. */
  readonly hasCredential: (connection: string) => boolean;
}

export interface StateWorld extends MutableWorld {
  /** Lets state follow renames; what the new name already has is left alone. Repeating it changes nothing. */
  move(moves: readonly Move[]): void;
  /** Everything that would be restored, for views and tests. */
  snapshot(): readonly Slice[];
  /** Saved slices that this version cannot read (`kind/id`); they are left alone in the store. */
  readonly unreadable: readonly string[];
}

export function createStateWorld(options: StateWorldOptions): StateWorld {
  const maps: SliceMap<never>[] = [];
  const world = createWorld({
    hasCredential: options.hasCredential,
    open: (kind, read) => {
      const map = new SliceMap(kind, read, options.store);
      maps.push(map as SliceMap<never>);
      return map;
    },
  });
  const unreadable: string[] = [];
  for (const slice of options.saved) {
    const map = maps.find(({ kind }) => kind === slice.kind);
    if (map?.restore(slice) !== true) unreadable.push(`${slice.kind}/${slice.id}`);
  }
  const move = (moves: readonly Move[]): void => {
    for (const each of moves) for (const map of maps) map.move((id) => moveId(map.kind, id, each));
  };
  return { ...world, move, unreadable, snapshot: () => maps.flatMap((map) => map.slices()) };
}

/** Values of one kind by id; remembers which of them the store does not have yet. */
export class SliceMap<Value> implements SliceTable<Value> {
  readonly kind: string;
  readonly #read: (value: unknown) => Value | undefined;
  readonly #store: Store;
  readonly #values = new Map<string, Value>();
  readonly #dirty = new Set<string>();
  readonly #collect = (): readonly Slice[] => {
    const slices = [...this.#dirty].map((id) => this.#slice(id));
    this.#dirty.clear();
    return slices;
  };

  /** `read` turns parsed JSON back into a value, or answers undefined when it is none. */
  constructor(kind: string, read: (value: unknown) => Value | undefined, store: Store) {
    this.kind = kind;
    this.#read = read;
    this.#store = store;
  }

  get(id: string): Value | undefined {
    return this.#values.get(id);
  }

  set(id: string, value: Value): void {
    this.#values.set(id, value);
    this.#mark(id);
  }

  ids(): Iterable<string> {
    return this.#values.keys();
  }

  get size(): number {
    return this.#values.size;
  }

  delete(id: string): void {
    if (this.#values.delete(id)) this.#mark(id);
  }

  /** Takes a saved slice over; false when it cannot be read. */
  restore(slice: Slice): boolean {
    if (slice.value === null) return false;
    try {
      const value = this.#read(JSON.parse(slice.value));
      if (value === undefined) return false;
      this.#values.set(slice.id, value);
      return true;
    } catch {
      return false;
    }
  }

  /** Gives values other ids, where no value is there yet. */
  move(rename: (id: string) => string): void {
    const before = [...this.#values]; // the loop adds to the map: what was moved is not visited again
    for (const [id, value] of before) {
      const next = rename(id);
      if (next === id || this.#values.has(next)) continue;
      this.set(next, value);
      this.delete(id);
    }
  }

  slices(): readonly Slice[] {
    return [...this.#values.keys()].map((id) => this.#slice(id));
  }

  #slice(id: string): Slice {
    const value = this.#values.get(id);
    return { kind: this.kind, id, value: value === undefined ? null : JSON.stringify(value) };
  }

  #mark(id: string): void {
    this.#dirty.add(id);
    if (this.#dirty.size === 1) this.#store.save(this.#collect);
  }
}
