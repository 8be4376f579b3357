// Name in the file → strategy. A new strategy is one file and one line here.
import { priority } from './priority.ts';
import { roundRobin } from './round-robin.ts';
import type { Strategy } from './strategy.ts';
import { weighted } from './weighted.ts';

const strategies: ReadonlyMap<string, Strategy> = new Map<string, Strategy>([
  ['priority', priority],
  ['weighted', weighted],
  ['round-robin', roundRobin],
]);

/** The names that a combo may use, in the order of the documentation. */
export const strategyNames: readonly string[] = Object.freeze([...strategies.keys()]);

/** The strategy, or undefined when the name is unknown (compile refuses it). */
export function findStrategy(name: string): Strategy | undefined {
  return strategies.get(name);
}
