// What can be understood of a faulty file: the configuration without the parts that the schema refuses, so that the
// checks of meaning can look at the rest in the same run, and a filter for what they find there.
import type { Diagnostic, Locate } from '../diagnostics.ts';
import { escapeSegment, parsePointer } from '../lib/json-pointer.ts';
import { layout } from './generated/layout.ts';
import type { ResolvedConfig } from './generated/types.ts';
import type { LayoutNode } from './layout.ts';
import { copyPlain, createObject, isObject, type PlainObject } from './plain.ts';
import { resolveConfig } from './resolve.ts';

export interface Draft {
  readonly config: ResolvedConfig;
  /** For pointers into `config`: lists may have lost items. */
  readonly locate: Locate;
  /** Of what checks find in `config`: what can be trusted, with pointers into the file. */
  readonly accept: (diagnostics: readonly Diagnostic[]) => readonly Diagnostic[];
}

/**
 * Makes a draft of `value` without the `refused` pointers. A list item or map that loses a required key goes as well,
 * except a combo: its name must stay known. In a `broken` document names may be missing that are there, so nothing
 * that is found can be trusted.
 */
export function createDraft(
  value: PlainObject,
  refused: readonly string[],
  broken: boolean,
  locate: Locate,
): Draft {
  const pruning = new Pruning(refused);
  const config = resolveConfig(pruning.run(value));
  const { gone } = pruning;
  const accept = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
    broken
      ? []
      : diagnostics
          .filter(({ severity, pointer }) => severity === 'error' && pointer !== undefined)
          .map((diagnostic) => ({ ...diagnostic, pointer: pruning.restore(diagnostic.pointer ?? '') }))
          // a finding at, around or below something that is missing may only be its echo
          .filter(({ pointer }) => !gone.some((each) => isWithin(each, pointer) || isWithin(pointer, each)));
  return { config, accept, locate: (pointer, part) => locate(pruning.restore(pointer), part) };
}

/** Removes values and remembers what was where. */
class Pruning {
  /** Pointers into the file. */
  readonly gone: string[];
  readonly #refused: ReadonlySet<string>;
  /** List by its pointer into the file → the former index of each item that is left. */
  readonly #indexes = new Map<string, readonly number[]>();

  constructor(refused: readonly string[]) {
    this.#refused = new Set(refused);
    this.gone = [...refused];
  }

  run(value: PlainObject): PlainObject {
    const left = this.#prune(value, layout, '');
    return isObject(left) ? left : createObject();
  }

  /** A pointer into the draft as the pointer into the file. */
  restore(pointer: string): string {
    let restored = '';
    for (const segment of parsePointer(pointer)) {
      const former = this.#indexes.get(restored)?.[Number(segment)];
      restored += `/${former ?? escapeSegment(segment)}`;
    }
    return restored;
  }

  /** A copy, or undefined when nothing usable is left. */
  #prune(value: unknown, shape: LayoutNode | undefined, pointer: string): unknown {
    if (this.#refused.has(pointer) && !this.#hasParts(value, shape, pointer)) return undefined;
    if (!shape || shape.free) return copyPlain(value);
    if (Array.isArray(value)) return this.#pruneList(value, shape, pointer);
    if (!isObject(value)) return value;
    const copy = createObject();
    for (const name of Object.keys(value)) {
      const declared = Object.hasOwn(shape.properties ?? {}, name);
      const child = declared ? shape.properties?.[name] : shape.values;
      const left = this.#prune(value[name], child, `${pointer}/${escapeSegment(name)}`);
      if (left !== undefined) copy[name] = left;
    }
    const complete = (shape.required ?? []).every((name) => Object.hasOwn(copy, name));
    if (complete) return copy;
    if (pointer === '') copy['version'] = 1;
    else if (/^\/combos\/[^/]+$/.test(pointer)) copy['targets'] = [];
    else {
      this.gone.push(pointer);
      return undefined;
    }
    return copy;
  }

  #pruneList(list: readonly unknown[], shape: LayoutNode, pointer: string): readonly unknown[] {
    const left: unknown[] = [];
    const indexes: number[] = [];
    for (const [index, item] of list.entries()) {
      const kept = this.#prune(item, shape.items, `${pointer}/${index}`);
      if (kept === undefined) continue;
      left.push(kept);
      indexes.push(index);
    }
    this.#indexes.set(pointer, indexes);
    return left;
  }

  /** An object or list of the right kind is refused for what it lacks or holds too much of: its parts may be fine. */
  #hasParts(value: unknown, shape: LayoutNode | undefined, pointer: string): boolean {
    if (pointer === '') return true;
    return (isObject(value) && shape?.type === 'object') || (Array.isArray(value) && shape?.type === 'array');
  }
}

function isWithin(pointer: string, outer: string): boolean {
  return pointer === outer || pointer.startsWith(`${outer}/`);
}
