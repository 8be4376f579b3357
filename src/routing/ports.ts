// What routing and the gateway need from outside, as interfaces: state/ implements them, tests replace them.
import type { SecretReference } from './snapshot.ts';

/** Synchronous look-up of secrets that were resolved at load time. */
export interface SecretReader {
  /** The value, or undefined when it could not be resolved. */
  read(reference: SecretReference): string | undefined;
  /** Counts re-resolutions; goes on every usage row. */
  readonly epoch: number;
}

/** Token counts of one answer by kind; a kind that the provider did not report is absent. */
export interface TokenCounts {
  /** All prompt tokens, cached ones included. */
  readonly input?: number;
  /** All answer tokens, reasoning included. */
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly reasoning?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
}

/** One row per request, written once in `settle`. Its columns are promised to everything that reads usage. */
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
  /** Facts as JSON, without any message text. */
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
