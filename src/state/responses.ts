// Answers of the Responses wire that a client may come back to: by id, as `previous_response_id`, or by one of their
// items. Each key sees its own only; count, bytes and age are bounded. In memory: a conversation is text of people, and
// no file of the gateway holds such.
import type { Clock } from '../lib/clock.ts';

/** What may be kept, from the configuration; asked at every call, so that a reload tightens it at once. */
export interface ResponseBounds {
  /** Milliseconds. */
  readonly ttl: number;
  /** Bytes of all keys together. */
  readonly maxBytes: number;
  /** Answers of one key; 0 keeps none. */
  readonly maxPerKey: number;
}

/** Who made an answer. */
export interface Issuer {
  readonly provider: string;
  /** `provider@connection`. */
  readonly connection: string;
  /** `provider/model`. */
  readonly target: string;
  /** `passed`: in the upstream's own words; `kept`: in its own words, and the upstream keeps it too; else translated. */
  readonly how: 'translated' | 'passed' | 'kept';
}

/** An item of an answer, as JSON. */
export interface OutputItem {
  readonly id: string | undefined;
  readonly type: string;
  readonly json: string;
  /** Reasoning: `proof` is readable by its issuer, `bare` only by an issuer that keeps the answer itself. */
  readonly sort: 'plain' | 'proof' | 'bare';
}

/** An item as it is kept. */
export type KeptItem = Omit<OutputItem, 'json'> & { readonly json: Uint8Array };

/** One turn of a conversation; it holds the turns before it, also after their answers were deleted or grew too old. */
export interface Turn {
  /** The id of its answer. */
  readonly id: string;
  readonly before: Turn | undefined;
  /** The id of the conversation's first answer. */
  readonly root: string;
  readonly issuer: Issuer;
  /** The turn's own input items: the elements of a JSON array, without brackets; empty for none. */
  readonly input: Uint8Array;
  readonly output: readonly KeptItem[];
  /** The answer as a JSON object, without `output`. */
  readonly head: Uint8Array;
}

export interface NewTurn extends Omit<Turn, 'output' | 'head'> {
  readonly output: readonly OutputItem[];
  readonly head: string;
}

export interface ResponseStore {
  /** Keeps a copy, and lets the oldest go where that is too much. `owner`: id of the key, empty for the anonymous. */
  put(owner: string, turn: NewTurn, bounds: ResponseBounds): void;
  get(owner: string, id: string, bounds: ResponseBounds): Turn | undefined;
  /** An item of an answer that is still there, and the turn that it is of. */
  findItem(
    owner: string,
    id: string,
    bounds: ResponseBounds,
  ): { readonly item: KeptItem; readonly turn: Turn } | undefined;
  /** False when there was nothing to delete. */
  delete(owner: string, id: string): boolean;
  /** Everything of one key. */
  forget(owner: string): void;
  readonly count: number;
  readonly bytes: number;
}

/** Roughly what objects, ids and indexes of a turn and of an item take beside their text. */
const turnBytes = 600;
const itemBytes = 200;

interface Stored extends Turn {
  readonly owner: string;
  readonly at: number;
  readonly size: number;
  readonly before: Stored | undefined;
  /** Answers and later turns that hold it. */
  holders: number;
}

/** What one key has. */
interface Shelf {
  /** Oldest first. */
  readonly answers: Map<string, Stored>;
  readonly items: Map<string, { readonly item: KeptItem; readonly turn: Stored }>;
  bytes: number;
}

export function createResponseStore(clock: Clock): ResponseStore {
  const shelves = new Map<string, Shelf>();
  /** Oldest first, of all keys. */
  const ages = new Set<Stored>();
  let bytes = 0;

  const hold = (turn: Stored, shelf: Shelf): void => {
    for (let one: Stored | undefined = turn; one && one.holders++ === 0; one = one.before) {
      shelf.bytes += one.size;
      bytes += one.size;
    }
  };
  const release = (turn: Stored, shelf: Shelf): void => {
    for (let one: Stored | undefined = turn; one && --one.holders === 0; one = one.before) {
      shelf.bytes -= one.size;
      bytes -= one.size;
    }
  };
  const remove = (turn: Stored): void => {
    const shelf = shelves.get(turn.owner)!;
    ages.delete(turn);
    shelf.answers.delete(turn.id);
    for (const { id } of turn.output) {
      if (id !== undefined && shelf.items.get(id)?.turn === turn) shelf.items.delete(id);
    }
    release(turn, shelf);
    if (shelf.answers.size === 0) shelves.delete(turn.owner);
  };
  const expire = (ttl: number): void => {
    const limit = clock.now() - ttl;
    for (const turn of ages) {
      if (turn.at > limit) return;
      remove(turn);
    }
  };
  const fit = (owner: string, { maxBytes, maxPerKey }: ResponseBounds): void => {
    const own = shelves.get(owner);
    while (own && own.answers.size > maxPerKey) remove(first(own));
    // Whoever holds most gives first: one busy key does not cost the others what is theirs.
    while (bytes > maxBytes) remove(first(findLargest(shelves)));
  };

  return {
    put(owner, turn, bounds) {
      expire(bounds.ttl);
      if (bounds.maxPerKey <= 0) return;
      const stored = copy(owner, clock.now(), turn);
      if (stored.size > bounds.maxBytes) return;
      const old = shelves.get(owner)?.answers.get(turn.id);
      if (old) remove(old);
      const shelf = shelves.get(owner) ?? { answers: new Map(), items: new Map(), bytes: 0 };
      shelves.set(owner, shelf);
      shelf.answers.set(stored.id, stored);
      ages.add(stored);
      for (const item of stored.output) {
        if (item.id !== undefined) shelf.items.set(item.id, { item, turn: stored });
      }
      hold(stored, shelf);
      fit(owner, bounds);
    },
    get(owner, id, bounds) {
      expire(bounds.ttl);
      return shelves.get(owner)?.answers.get(id);
    },
    findItem(owner, id, bounds) {
      expire(bounds.ttl);
      return shelves.get(owner)?.items.get(id);
    },
    delete(owner, id) {
      const turn = shelves.get(owner)?.answers.get(id);
      if (turn) remove(turn);
      return turn !== undefined;
    },
    forget(owner) {
      for (const turn of shelves.get(owner)?.answers.values() ?? []) remove(turn);
    },
    get count() {
      return ages.size;
    },
    get bytes() {
      return bytes;
    },
  };
}

/** The turns of a conversation, oldest first. */
export function listTurns(last: Turn): readonly Turn[] {
  const turns: Turn[] = [];
  for (let turn: Turn | undefined = last; turn; turn = turn.before) turns.push(turn);
  return turns.reverse();
}

// One piece of memory for all texts of a turn: parts of network buffers would keep the whole buffers alive.
function copy(owner: string, at: number, { input, output, head, ...turn }: NewTurn): Stored {
  const lengths = output.map(({ json }) => Buffer.byteLength(json));
  const text = input.length + lengths.reduce((sum, length) => sum + length, Buffer.byteLength(head));
  const data = Buffer.allocUnsafeSlow(text);
  data.set(input);
  let end = input.length;
  const write = (piece: string): Buffer => {
    const start = end;
    end += data.write(piece, start);
    return data.subarray(start, end);
  };
  const items = output.map(({ json, ...item }) => ({ ...item, json: write(json) }));
  return {
    ...turn,
    before: turn.before as Stored | undefined,
    owner,
    at,
    holders: 0,
    input: data.subarray(0, input.length),
    output: items,
    head: write(head),
    size: text + turnBytes + 2 * turn.id.length + items.reduce((sum, item) => sum + sizeOf(item), 0),
  };
}

// The text is counted already; ids stand in the index once more.
function sizeOf({ id = '', type }: KeptItem): number {
  return itemBytes + 2 * (id.length + type.length);
}

function first({ answers }: Shelf): Stored {
  return answers.values().next().value!;
}

function findLargest(shelves: ReadonlyMap<string, Shelf>): Shelf {
  let largest: Shelf | undefined;
  for (const shelf of shelves.values()) if (!largest || shelf.bytes > largest.bytes) largest = shelf;
  return largest!;
}
