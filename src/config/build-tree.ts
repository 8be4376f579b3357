// The YAML library's document → our tree: follows aliases and merges, finds duplicate keys, and counts what aliases
// expand to, so that nobody behind this has to fear an alias bomb.
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Document,
  type Node,
  type Scalar as YamlScalar,
} from 'yaml';
import type { Diagnostic } from '../diagnostics.ts';
import { createFault } from './rules.ts';
import {
  positionOf,
  type ConfigNode,
  type MapEntry,
  type Place,
  type PlacedFile,
  type Scalar,
} from './tree.ts';

export interface BuiltTree {
  readonly root: ConfigNode | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Values after expansion: the largest file without aliases stays well below. */
const maxValues = 300_000;
const maxDepth = 64;
/** A key is part of the pointer of everything below it: long ones would cost their length for each value. */
const maxKeyLength = 300;
/** A file with more faults than anybody reads is not looked at further. */
const maxFaults = 1000;
const coreTags = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

/** Builds the tree of one document; `root` is undefined when it expands beyond the bounds. */
export function buildTree(document: Document.Parsed, source: PlacedFile): BuiltTree {
  const builder = new TreeBuilder(source);
  try {
    const root = builder.build(document.contents, 0, 1);
    return { root, diagnostics: builder.diagnostics };
  } catch (error) {
    if (!(error instanceof BoundExceeded)) throw error;
    return { root: undefined, diagnostics: [...builder.diagnostics, error.diagnostic] };
  }
}

class BoundExceeded extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

class TreeBuilder {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #anchors = new Map<string, ConfigNode>();
  readonly #source: PlacedFile;
  #entries = 0;

  constructor(source: PlacedFile) {
    this.#source = source;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** `offset` is where a value would stand if it is empty. */
  build(node: Node | null | undefined, offset: number, level: number): ConfigNode {
    if (!node) return this.#scalar(null, true, this.#place(offset, offset));
    const [start, end] = node.range ?? [offset, offset];
    const place = this.#place(start, end);
    if (level > maxDepth) throw this.#tooDeep(place);
    if (isAlias(node)) return this.#follow(node.source, place);
    const tagged = this.#checkTag(node.tag, place);
    const own = this.#buildOwn(node, place, level);
    const built: ConfigNode = tagged ? { ...own, flawed: true } : own;
    const anchor = 'anchor' in node ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built;
  }

  #buildOwn(node: Node, place: Place, level: number): ConfigNode {
    if (isScalar(node)) return this.#scalar(readScalar(node), node.type === 'PLAIN', place, node);
    if (isSeq(node)) {
      const items = node.items.map((item) => {
        // `[a: b]` holds a pair instead of a map
        if (isPair(item)) return this.#buildPairs([item], place, level + 1);
        return this.build(item as Node, place.start, level + 1);
      });
      return this.#bounded({ ...place, kind: 'list', items, ...measure(items) });
    }
    if (isMap(node)) return this.#buildPairs(node.items, place, level);
    return this.#scalar(null, true, place);
  }

  #buildPairs(pairs: readonly { key: unknown; value: unknown }[], place: Place, level: number): ConfigNode {
    const entries = new Map<string, MapEntry>();
    const merges: { readonly key: Place; readonly value: ConfigNode; readonly node: Node | null }[] = [];
    for (const pair of pairs) {
      const keyNode = pair.key as Node | null;
      const [start, end] = keyNode?.range ?? [place.start, place.start];
      // an empty key stands where the blanks before its colon end
      const key = this.#place(start === end ? this.#skipBlanks(start) : start, end);
      const name = this.#readKey(keyNode, key);
      const valueNode = pair.value as Node | null;
      const value = this.build(valueNode, end, level + 1);
      if (name === undefined) continue;
      if (name === '<<' && isScalar(keyNode) && keyNode.type === 'PLAIN') {
        merges.push({ key, value, node: valueNode });
        continue;
      }
      const first = entries.get(name);
      if (first) this.#reportDuplicate(name, key, first.key);
      else entries.set(name, { key, value });
    }
    const merged = this.#merge(entries, merges);
    return this.#bounded({
      ...place,
      kind: 'map',
      entries: merged,
      ...measure([...merged.values()].map((entry) => entry.value)),
    });
  }

  /** Own keys win over merged ones, earlier merges over later ones. */
  #merge(
    own: ReadonlyMap<string, MapEntry>,
    merges: readonly { readonly key: Place; readonly value: ConfigNode; readonly node: Node | null }[],
  ): ReadonlyMap<string, MapEntry> {
    if (merges.length === 0) return own;
    if (merges[1]) this.#reportDuplicate('<<', merges[1].key, (merges[0] as { key: Place }).key);
    const all = new Map(own);
    for (const { value, node, key } of merges) {
      if (value.flawed) continue;
      const declared = isAlias(node) || (isSeq(node) && node.items.every((item) => isAlias(item)));
      const sources = value.kind === 'list' ? value.items : [value];
      if (!declared || sources.length === 0 || sources.some((source) => source.kind !== 'map')) {
        this.#report(
          createFault('yaml/merge', 'a merge takes the anchor of a map', {
            at: positionOf(key),
            suggestion: 'write "<<: *name" or "<<: [*one, *two]"',
          }),
        );
        continue;
      }
      for (const source of sources) {
        if (source.kind !== 'map') continue;
        this.#spend(source.entries.size, key);
        for (const [name, entry] of source.entries) if (!all.has(name)) all.set(name, entry);
      }
    }
    return all;
  }

  #follow(name: string, place: Place): ConfigNode {
    const target = this.#anchors.get(name);
    if (target) return this.#bounded({ ...target, ...place });
    this.#report(
      createFault('yaml/alias', 'no anchor of this name stands above', {
        at: positionOf(place),
        suggestion: 'define the anchor first, or put a value that begins with * in quotes',
      }),
    );
    return { ...this.#scalar(null, true, place), flawed: true };
  }

  #readKey(node: Node | null, place: Place): string | undefined {
    const name = isScalar(node) ? readName(node) : undefined;
    if (name !== undefined && name.length <= maxKeyLength) return name;
    const why = name !== undefined ? 'is too long' : isScalar(node) || !node ? 'is empty' : 'must be a text';
    this.#report(createFault('yaml/key', `a key ${why}`, { at: positionOf(place) }));
    return undefined;
  }

  #scalar(value: Scalar, plain: boolean, place: Place, node?: YamlScalar): ConfigNode {
    if (typeof value === 'number' && !isExact(value)) {
      this.#report(
        createFault('yaml/number', 'this number cannot be kept exactly', {
          at: positionOf(place),
          ...(node && { suggestion: 'put it in quotes if it is a name' }),
        }),
      );
    }
    const flawed = typeof value === 'number' && !isExact(value) ? { flawed: true as const } : {};
    return this.#bounded({ ...place, kind: 'scalar', value, plain, size: 1, depth: 1, ...flawed });
  }

  /** Whether a tag spoils the value. */
  #checkTag(tag: string | undefined, place: Place): boolean {
    if (tag === undefined || coreTags.test(tag)) return false;
    // Unknown tags are the library's own warnings; `! text` alone is legal YAML and still surely a mistake.
    if (tag !== '!' && !tag.startsWith('tag:yaml.org,2002:')) return true;
    this.#report(
      createFault('yaml/tag', 'a value that begins with ! is read as a YAML tag', {
        at: positionOf({ ...place, end: place.start + 1 }),
        suggestion: 'put the whole value in quotes',
      }),
    );
    return true;
  }

  #reportDuplicate(name: string, again: Place, first: Place): void {
    this.#report(
      createFault('yaml/duplicate-key', `"${name}" stands here a second time`, {
        at: positionOf(again),
        related: [{ message: 'the first time', at: positionOf(first) }],
      }),
    );
  }

  #skipBlanks(offset: number): number {
    let at = offset;
    while (/\s/.test(this.#source.file.text[at] ?? '')) at++;
    return at;
  }

  #report(diagnostic: Diagnostic): void {
    this.#diagnostics.push(diagnostic);
    if (this.#diagnostics.length < maxFaults) return;
    const more = createFault('source/too-many-faults', 'the rest of the file is not looked at', {
      at: diagnostic.at,
    });
    throw new BoundExceeded(more);
  }

  #place(start: number, end: number): Place {
    return { source: this.#source, start, end };
  }

  #bounded<Built extends ConfigNode>(node: Built): Built {
    if (node.depth > maxDepth) throw this.#tooDeep(node);
    if (node.size > maxValues) throw this.#tooMany(node);
    return node;
  }

  /** Merges copy entries even where nobody counts values. */
  #spend(entries: number, place: Place): void {
    this.#entries += entries;
    if (this.#entries > maxValues) throw this.#tooMany(place);
  }

  #tooDeep(place: Place): BoundExceeded {
    const at = positionOf({ ...place, end: place.start + 1 });
    return new BoundExceeded(createFault('yaml/too-deep', 'values nest deeper than 64 levels', { at }));
  }

  #tooMany(place: Place): BoundExceeded {
    const at = positionOf({ ...place, end: place.start + 1 });
    const message = `the file expands to more than ${maxValues.toLocaleString('en-US')} values`;
    return new BoundExceeded(createFault('yaml/too-many-values', message, { at }));
  }
}

function measure(children: readonly ConfigNode[]): { readonly size: number; readonly depth: number } {
  let size = 1;
  let depth = 0;
  for (const child of children) {
    size += child.size;
    if (child.depth > depth) depth = child.depth;
  }
  return { size, depth: depth + 1 };
}

/** `1.10:` and `true:` are names here: the text counts, not what YAML makes of it. */
function readName(node: YamlScalar): string | undefined {
  if (typeof node.value === 'string') return node.value;
  return node.value === null ? undefined : node.source;
}

function readScalar(node: YamlScalar): Scalar {
  const { value } = node;
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  return String(value);
}

/** Decimals are rounded as everywhere; whole numbers beyond 2^53 would silently become others. */
function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
