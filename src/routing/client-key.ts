// A client key as the snapshot knows it: who it is for, what it may do, when, and how much. Never the key itself.
import type { SourcePosition } from '../diagnostics.ts';
import type { Schedule } from './schedule.ts';

/** A count in any stretch of `per` milliseconds. */
export interface Rate {
  readonly count: number;
  readonly per: number;
}

/** Ceilings of one key; what is absent has none. */
export interface KeyLimits {
  readonly requests?: Rate;
  readonly tokens?: Rate;
  readonly concurrent?: number;
  readonly sessions?: number;
}

export interface ClientKey {
  readonly id: string;
  readonly enabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly models?: readonly string[];
  readonly connections?: readonly string[];
  readonly limits?: KeyLimits;
  /** Epoch milliseconds from which it is no longer accepted. */
  readonly expires?: number;
  readonly schedule?: Schedule;
  readonly role?: 'inference' | 'admin';
  readonly noLog?: boolean;
  readonly at?: SourcePosition | undefined;
}
