// What a name means in one snapshot, as a text that is equal when the meaning is: aliases followed, combos written out.
import type { SourcePosition } from '../../diagnostics.ts';
import { renderTarget, resolveName, type Resolved } from '../resolve.ts';
import type { Combo, Snapshot, Target } from '../snapshot.ts';

export interface Meaning {
  readonly snapshot: Snapshot;
  /** Every name that somebody wrote down: combos, aliases, listed models. */
  names(): Iterable<string>;
  /** Undefined where the name stands for nothing. */
  of(name: string): string | undefined;
  resolve(name: string): Resolved | undefined;
  at(name: string): SourcePosition | undefined;
  patterns(): ReadonlyMap<string, { readonly text: string; readonly at?: SourcePosition | undefined }>;
}

export function createMeaning(snapshot: Snapshot): Meaning {
  const { combos, aliases, listings, globs } = snapshot;
  const rendered = new Map<string, string>();
  const texts = new Map<string, string | undefined>();

  function renderCombo(combo: Combo): string {
    const known = rendered.get(combo.name);
    if (known !== undefined) return known;
    const { strategy, order, stickBy, targets } = combo;
    // Options that a strategy does not read stand in every combo as defaults: they are no meaning of it.
    const options =
      strategy === 'context-optimized' ? ` ${order}` : strategy === 'sticky' ? ` by ${stickBy}` : '';
    const text = `${strategy}${options}(${targets.map((target) => renderEntry(target, strategy)).join(', ')})`;
    rendered.set(combo.name, text);
    return text;
  }

  function renderEntry(target: Target, strategy: string): string {
    const { weight, when, schedule, connections } = target;
    const conditions = [
      strategy === 'weighted' ? `weight ${weight}` : '',
      when ? `when ${when.text}` : '',
      schedule ? `at ${schedule.text}` : '',
      connections ? `as ${connections.join('|')}` : '',
    ].filter((text) => text !== '');
    const text = renderMeaning(target);
    return conditions.length > 0 ? `${text} [${conditions.join('; ')}]` : text;
  }

  function renderMeaning(target: Target): string {
    const suffixes = (target.suffixes ?? []).map((suffix) => `[${suffix}]`).join('');
    if (target.kind === 'model') return renderTarget(target) + suffixes;
    const combo = combos.get(target.combo);
    return combo ? renderCombo(combo) : 'nothing';
  }

  function resolve(name: string): Resolved | undefined {
    const found = resolveName(name, snapshot, () => true);
    return found.kind === 'resolved' ? found : undefined;
  }

  function compute(name: string): string | undefined {
    const found = resolveName(name, snapshot, () => true);
    if (found.kind === 'resolved') return renderMeaning(found.target);
    return found.kind === 'ambiguous'
      ? `one of ${found.providers.map((id) => `${id}/${name}`).join(', ')}`
      : undefined;
  }

  return {
    snapshot,
    *names() {
      for (const lookup of [combos, aliases, listings]) yield* lookup.names();
    },
    of(name) {
      if (!texts.has(name)) texts.set(name, compute(name));
      return texts.get(name);
    },
    resolve,
    at: (name) => combos.get(name)?.at ?? aliases.get(name)?.at,
    patterns: () =>
      new Map(
        globs.entries().map(({ pattern, target, at }) => [pattern, { text: renderMeaning(target), at }]),
      ),
  };
}
