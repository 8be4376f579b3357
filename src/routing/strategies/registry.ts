// Every strategy that a combo may name. A new one is one file and one line here.
import { priority } from './priority.ts';
import { roundRobin } from './round-robin.ts';
import type { Strategy } from './strategy.ts';
import { weighted } from './weighted.ts';

/** In the order of the documentation. */
export const strategies: readonly Strategy[] = Object.freeze([priority, weighted, roundRobin]);

const byName: ReadonlyMap<string, Strategy> = new Map(
  strategies.map((strategy) => [strategy.name, strategy]),
);

/** The strategy, or undefined when the name is unknown (compile refuses it). */
export function findStrategy(name: string): Strategy | undefined {
  return byName.get(name);
}
