// Tables of the world by kind. A table keeps values by id; where they live (plain memory, or memory that a writer
// persists) is the opener's business.
export interface SliceTable<Value> {
  get(id: string): Value | undefined;
  set(id: string, value: Value): void;
  delete(id: string): void;
  ids(): Iterable<string>;
  readonly size: number;
}

/** Opens the table of a kind; `read` turns parsed JSON back into a value, or answers undefined when it is none. */
export type OpenTable = <Value>(
  kind: string,
  read: (value: unknown) => Value | undefined,
) => SliceTable<Value>;

/** Tables that nobody else sees and nothing outlives. */
export const openMemoryTable: OpenTable = <Value>() => {
  const values = new Map<string, Value>();
  return {
    get: (id: string) => values.get(id),
    set: (id: string, value: Value) => void values.set(id, value),
    delete: (id: string) => void values.delete(id),
    ids: () => values.keys(),
    get size() {
      return values.size;
    },
  };
};

/** Sets what a reducer answered; undefined takes the entry away, so that a healthy world stores nothing. */
export function update<Value>(table: SliceTable<Value>, id: string, next: Value | undefined): void {
  if (next === undefined) table.delete(id);
  else if (next !== table.get(id)) table.set(id, next);
}
