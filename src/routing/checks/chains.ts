// Combos as chains: what each target of an ordered combo can finally reach, and what all of that has in common.
import { renderPointer } from '../../lib/json-pointer.ts';
import { type ModelTarget, type RoutingContext, factsOf, listLeaves, resolve } from './context.ts';

/** Strategies that try targets in the order of the file. */
const ordered = ['priority', 'fill-first', 'lkgp'];

/** Each combo that tries its targets in order, with the models behind each target. */
export function* listChains(context: RoutingContext) {
  for (const [name, combo] of Object.entries(context.config.combos)) {
    if (!ordered.includes(combo.strategy) || combo.targets.length < 2) continue;
    const leaves = combo.targets.map(({ model }) => listLeaves(context, resolve(context, model)));
    yield { pointer: renderPointer(['combos', name]), combo, leaves };
  }
}

/** The window that all of them have; undefined when one is not known. */
export function smallestWindow(context: RoutingContext, leaves: readonly ModelTarget[]): number | undefined {
  const windows = leaves.map((leaf) => factsOf(context, leaf)?.context);
  return windows.length > 0 && windows.every((window) => window !== undefined)
    ? Math.min(...windows)
    : undefined;
}

/** What all of them can do; undefined when one is not known. */
export function commonFeatures(context: RoutingContext, leaves: readonly ModelTarget[]) {
  const [first, ...rest] = leaves.map((leaf) => factsOf(context, leaf)?.features);
  return first && rest.every((other) => other !== undefined)
    ? first.filter((feature) => rest.every((other) => other?.includes(feature)))
    : undefined;
}
