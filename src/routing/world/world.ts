// The world that decisions read: synchronous, in memory, changed only by reducers and effects.
import type { Effect } from '../decision.ts';

/** Read side of the world. Unknown names answer the state of something never used. */
export interface World {
  /** Rotation position of a combo, 0 when never used; not wrapped at the number of its targets. */
  rotation(combo: string): number;
  /** Whether the credential of `provider@connection` could be resolved (or none is needed). */
  hasCredential(connection: string): boolean;
}

/** The instance that the gateway owns. */
export interface MutableWorld extends World {
  apply(effects: readonly Effect[]): void;
}
