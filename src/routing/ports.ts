// What routing and the gateway need from outside, as interfaces: state/ implements them, tests replace them.
import type { TokenCounts } from '../catalog/prices.ts';
import type { SecretReference } from './snapshot.ts';

/** Synchronous look-up of secrets that were resolved at load time. */
export interface SecretReader {
  /** The value, or undefined when it could not be resolved. */
  read(reference: SecretReference): string | undefined;
  /** Counts re-resolutions; goes on every usage row. */
  readonly epoch: number;
}

export type { TokenCounts };

/**
 * One row per request, written once in `settle`. Its columns are promised to everything that reads usage. Texts in JSON may
 * be made anew each time they are read, of things that no longer change.
 */
export interface UsageRow {
  readonly requestId: string;
  /** Epoch milliseconds of arrival. */
  readonly at: number;
  readonly revision: string;
  readonly secretEpoch: number;
  readonly key: string | null;
  readonly protocol: string;
  readonly operation: string;
  readonly requestedModel: string;
  readonly provider: string | null;
  readonly connection: string | null;
  readonly model: string | null;
  /** The facts that no other column holds, as JSON; never message text. */
  readonly facts: string;
  /** Reasons as JSON. */
  readonly reasons: string;
  /** Attempts as JSON: target, class, status, milliseconds. */
  readonly attempts: string;
  readonly tokens: TokenCounts;
  /** Nano-USD; null when a price that is needed is unknown. */
  readonly cost: number | null;
  /** True when tokens are estimated because the upstream reported none. */
  readonly estimated: boolean;
  /** Stage marks as JSON: stage → milliseconds since arrival. */
  readonly marks: string;
  /** Status that the client saw; 499 when it went away. */
  readonly status: number;
  readonly errorCode: string | null;
  readonly stream: boolean;
}

/** Where usage rows go. `append` never blocks and never throws; what does not fit is counted in `dropped`. */
export interface Ledger {
  append(row: UsageRow): void;
  /** Resolves when everything appended so far is durable. */
  flush(): Promise<void>;
  close(): Promise<void>;
  readonly dropped: number;
}

/** One piece of the world that outlives the process: JSON text, or null to remove it. */
export interface Slice {
  /** What it is (`rotation`, `breaker`). */
  readonly kind: string;
  /** Whose it is: the stable id that the world keys it by. */
  readonly id: string;
  readonly value: string | null;
}

/** Keeps slices of the world, last value wins. */
export interface Store {
  /** All slices; asked once, at start. */
  load(): Promise<readonly Slice[]>;
  /**
   * Asks for `collect` once, within the window, right before a batch is written: what it answers goes into the same
   * transaction as the usage rows of that window. Asking twice with the same function is asking once.
   */
  save(collect: () => Iterable<Slice>): void;
  /** Resolves when everything saved so far is durable. */
  flush(): Promise<void>;
}
