// What decide() answers and next() continues: attempts in order, every reason with its place in the file.
import type { SourcePosition } from '../diagnostics.ts';
import type { ErrorCode, UpstreamFailure } from '../errors.ts';
import type { Connection, Endpoint, Provider } from './snapshot.ts';

/** One step of the explanation. Codes are a closed table, documented and tested. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly at?: SourcePosition;
}

/** One upstream call that may be made. */
export interface Attempt {
  /** `provider/model`, as people write it. */
  readonly target: string;
  readonly provider: Provider;
  readonly connection: Connection;
  readonly endpoint: Endpoint;
  /** The model id that the upstream expects. */
  readonly model: string;
  readonly at?: SourcePosition;
}

/** A change of the world that the gateway applies in the same synchronous turn. */
export type Effect = { readonly kind: 'rotate'; readonly combo: string; readonly position: number };

export interface RoutePlan {
  readonly kind: 'route';
  readonly attempts: readonly Attempt[];
  readonly reasons: readonly Reason[];
  readonly effects: readonly Effect[];
}

export interface Refusal {
  readonly kind: 'refuse';
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfter?: number;
  readonly reasons: readonly Reason[];
}

export type Decision = RoutePlan | Refusal;

/** How one attempt ended without an answer. */
export interface Outcome {
  readonly attempt: Attempt;
  readonly failure: UpstreamFailure;
}

/** What to do now: the next attempt, or give up with the error that the client should see. */
export type Step =
  | { readonly kind: 'attempt'; readonly attempt: Attempt; readonly index: number; readonly reason?: Reason }
  | { readonly kind: 'fail'; readonly outcome: Outcome; readonly reason: Reason };
