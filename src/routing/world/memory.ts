// The world in memory: the gateway's instance, and a fresh one for every test and simulation.
import type { Effect } from '../decision.ts';
import type { MutableWorld } from './world.ts';

export interface WorldOptions {
  /** Whether the credential of `provider@connection` is there; every credential is when left out. */
  readonly hasCredential?: (connection: string) => boolean;
}

/** A world in which nothing has happened yet. */
export function createWorld({ hasCredential = () => true }: WorldOptions = {}): MutableWorld {
  const rotations = new Map<string, number>();
  return {
    rotation: (combo) => rotations.get(combo) ?? 0,
    hasCredential,
    apply: (effects) => applyEffects(rotations, effects),
  };
}

/** Applies what decisions asked for, in order. */
export function applyEffects(
  rotations: { set(combo: string, position: number): unknown },
  effects: readonly Effect[],
): void {
  for (const effect of effects) rotations.set(effect.combo, effect.position);
}
