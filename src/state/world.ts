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

/** One value; it knows by itself whether the store has it, so that marking it needs no look-up. */
interface Entry<Value> {
  readonly id: string;
  /** Undefined: taken away, and the store has still to hear of it. */
  value: Value | undefined;
  /** The store does not have it yet. */
  dirty: boolean;
}

/** Values of one kind by id; remembers which of them the store does not have yet. */
export class SliceMap<Value> implements SliceTable<Value> {
  readonly kind: string;
  readonly #read: (value: unknown) => Value | undefined;
  readonly #store: Store;
  readonly #entries = new Map<string, Entry<Value>>();
  /** What was taken away since the last batch. Apart from the others: whoever makes room wants the oldest at once. */
  readonly #gone = new Map<string, Entry<Value>>();
  readonly #dirty: Entry<Value>[] = [];
  readonly #collect = (): readonly Slice[] => {
    const slices = this.#dirty.map((entry) => this.#slice(entry));
    for (const entry of this.#dirty) entry.dirty = false;
    this.#dirty.length = 0;
    this.#gone.clear();
    return slices;
  };

  /** `read` turns parsed JSON back into a value, or answers undefined when it is none. */
  constructor(kind: string, read: (value: unknown) => Value | undefined, store: Store) {
    this.kind = kind;
    this.#read = read;
    this.#store = store;
  }

  get(id: string): Value | undefined {
    return this.#entries.get(id)?.value;
  }

  set(id: string, value: Value): void {
    const entry = this.#find(id);
    entry.value = value;
    this.#mark(entry);
  }

  ids(): Iterable<string> {
    return this.#entries.keys();
  }

  get size(): number {
    return this.#entries.size;
  }

  delete(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.value = undefined;
    this.#entries.delete(id);
    this.#gone.set(id, entry);
    this.#mark(entry);
  }

  /** Takes a saved slice over; false when it cannot be read. */
  restore(slice: Slice): boolean {
    if (slice.value === null) return false;
    try {
      const value = this.#read(JSON.parse(slice.value));
      if (value === undefined) return false;
      this.#find(slice.id).value = value;
      return true;
    } catch {
      return false;
    }
  }

  /** Gives values other ids, where no value is there yet. */
  move(rename: (id: string) => string): void {
    const before = [...this.ids()]; // the loop adds to the table: what was moved is not visited again
    for (const id of before) {
      const next = rename(id);
      if (next === id || this.get(next) !== undefined) continue;
      this.set(next, this.get(id)!);
      this.delete(id);
    }
  }

  slices(): readonly Slice[] {
    return Array.from(this.#entries.values(), (entry) => this.#slice(entry));
  }

  /** The entry of an id that is to have a value. */
  #find(id: string): Entry<Value> {
    const known = this.#entries.get(id);
    if (known) return known;
    const entry = this.#gone.get(id) ?? { id, value: undefined, dirty: false };
    this.#gone.delete(id);
    this.#entries.set(id, entry);
    return entry;
  }

  #slice({ id, value }: Entry<Value>): Slice {
    return { kind: this.kind, id, value: value === undefined ? null : JSON.stringify(value) };
  }

  #mark(entry: Entry<Value>): void {
    if (entry.dirty) return;
    entry.dirty = true;
    if (this.#dirty.push(entry) === 1) this.#store.save(this.#collect);
  }
}
