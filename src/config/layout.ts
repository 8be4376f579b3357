// The shape of the language as data: what the loader needs to know about a key besides its validity (defaults,
// shorthands, secrets, what is not built yet). generated/layout.ts holds the tree; this file walks it.

export type LayoutType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

export interface LayoutNode {
  readonly type: LayoutType | readonly LayoutType[];
  /** Declared keys of an object. */
  readonly properties?: Readonly<Record<string, LayoutNode>>;
  /** What every other key of a map holds. */
  readonly values?: LayoutNode;
  /** What every item of a list holds. */
  readonly items?: LayoutNode;
  /** Keys that must be there. */
  readonly required?: readonly string[];
  /** What the keys of a map look like, for messages. */
  readonly names?: string;
  /** The only keys that a map takes. */
  readonly nameValues?: readonly string[];
  /** What stands in for an absent key. */
  readonly default?: unknown;
  /** Holds a reference to a secret, never a literal. */
  readonly secret?: true;
  /** A bare scalar is the same as an object with only this key. */
  readonly shorthand?: string;
  /** Entries of this map take what they do not write from the entry of this name. */
  readonly inherit?: string;
  /** Anything may stand below. */
  readonly free?: true;
  /** Read as this key of the same object. */
  readonly deprecated?: string;
  /** What a person should write, for messages. */
  readonly expected?: string;
  /** Nothing acts on it yet; with `values`, only on these values. */
  readonly notYet?: { readonly severity: 'error' | 'warning' | 'info'; readonly values?: readonly string[] };
}

/** The node below `node` for one pointer segment; undefined when the language has no such place. */
export function stepLayout(node: LayoutNode, segment: string): LayoutNode | undefined {
  if (node.items) return node.items;
  if (node.properties && Object.hasOwn(node.properties, segment)) return node.properties[segment];
  return node.values;
}

/** Whether a value of this type may stand here. */
export function allowsType(node: LayoutNode, type: LayoutType): boolean {
  return typeof node.type === 'string' ? node.type === type : node.type.includes(type);
}
