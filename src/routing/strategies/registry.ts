// Every strategy that a combo may name. A new one is one file and one line here.
import { auto } from './auto.ts';
import { contextOptimized } from './context-optimized.ts';
import { costOptimized } from './cost-optimized.ts';
import { fillFirst } from './fill-first.ts';
import { leastLatency } from './least-latency.ts';
import { leastUsed } from './least-used.ts';
import { lkgp } from './lkgp.ts';
import { p2c } from './p2c.ts';
import { priority } from './priority.ts';
import { random } from './random.ts';
import { resetAware } from './reset-aware.ts';
import { roundRobin } from './round-robin.ts';
import { sticky } from './sticky.ts';
import type { Strategy } from './strategy.ts';
import { strictRandom } from './strict-random.ts';
import { weighted } from './weighted.ts';

/** In the order of the documentation. */
export const strategies: readonly Strategy[] = Object.freeze([
  priority,
  weighted,
  roundRobin,
  random,
  strictRandom,
  leastUsed,
  costOptimized,
  fillFirst,
  p2c,
  leastLatency,
  contextOptimized,
  lkgp,
  auto,
  resetAware,
  sticky,
]);

const byName: ReadonlyMap<string, Strategy> = new Map(
  strategies.map((strategy) => [strategy.name, strategy]),
);

/** The strategy, or undefined when the name is unknown (compile refuses it). */
export function findStrategy(name: string): Strategy | undefined {
  return byName.get(name);
}
