// What decide() answers and next() continues: attempts in order, every reason with its place in the file.
import type { SourcePosition } from '../diagnostics.ts';
import type { ErrorCode, UpstreamFailure } from '../errors.ts';
import type { RequestChanges } from './policies/policy.ts';
import type { ReasonCode } from './reasons.ts';
import type { Connection, Endpoint, ModelFacts, Provider, Target } from './snapshot.ts';

/** One step of the explanation. Codes are a closed table, documented and tested. */
export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
  /** The combo or `provider/model` that it speaks about, where it is about one of several. */
  readonly about?: string;
  /** Id of the policy, budget or client key behind it. */
  readonly rule?: string;
  /** The account (`provider@connection`) that cannot be used, where it is about one. */
  readonly connection?: string;
  /** The counter of a budget that has no room. */
  readonly counter?: string;
  /** Epoch milliseconds at which this is over by itself; absent where nobody knows. */
  readonly until?: number;
  readonly at?: SourcePosition | undefined;
}

/** What the client's name asked for beside the model; the protocols turn it into request fields. */
export type Suffix = '1m' | 'thinking';

/** One upstream call that may be made. */
export interface Attempt {
  /** `provider/model`, as people write it. */
  readonly target: string;
  readonly provider: Provider;
  readonly connection: Connection;
  readonly endpoint: Endpoint;
  /** The model id that the upstream expects. */
  readonly model: string;
  /** `[1m]` and `-thinking` of the name as the client wrote it; absent when it had none. */
  readonly suffixes?: readonly Suffix[];
  /** What is known about the model: window, prices. Absent when nobody knows it. */
  readonly facts?: ModelFacts | undefined;
  /** What policies change in the request when it goes here; absent when nothing. */
  readonly changes?: RequestChanges | undefined;
  /** Where the combo bounds calls to this target, and how long (milliseconds) one waits for its turn there. */
  readonly queue?: { readonly id: string; readonly concurrent?: number; readonly timeout?: number };
  /** The name to which a budget that is used up has sent the request: it counts the call, and holds it back no more. */
  readonly detour?: string;
  /** How much policies prefer the provider, 0 most; absent is 0. */
  readonly rank?: number;
  /** Effects that are due when this attempt, and not the first one, is begun; `Step.effects` hands them out. */
  readonly effects?: readonly Effect[];
  readonly at?: SourcePosition | undefined;
}

/** A change of the world that the gateway applies in the same synchronous turn. */
export type Effect =
  /** The combo's round goes on at `position`. */
  { readonly kind: 'rotate'; readonly combo: string; readonly position: number };

export interface RoutePlan {
  readonly kind: 'route';
  /** What the name stands for. */
  readonly target?: Target;
  /** At least one. */
  readonly attempts: readonly Attempt[];
  /** Tried after a failure of that class only, after all others that could still help. */
  readonly onContextOverflow?: readonly Attempt[];
  readonly onContentPolicy?: readonly Attempt[];
  readonly reasons: readonly Reason[];
  readonly effects: readonly Effect[];
  /** Nothing of this request may outlive it: the key or a policy says so. */
  readonly noLog: boolean;
  /** The cache is neither read nor written. */
  readonly noCache: boolean;
}

export interface Refusal {
  readonly kind: 'refuse';
  readonly code: ErrorCode;
  readonly message: string;
  /** Whole seconds, at least 1, as in `ErrorDetails`. */
  readonly retryAfter?: number;
  /** What the name stands for, where that became known. */
  readonly target?: Target;
  /** As in a plan: a key or a matching policy forbids keeping anything. */
  readonly noLog?: boolean;
  readonly reasons: readonly Reason[];
}

export type Decision = RoutePlan | Refusal;

/** How one attempt ended without an answer. */
export interface Outcome {
  readonly attempt: Attempt;
  readonly failure: UpstreamFailure;
  /** Milliseconds that the account has to rest for it; absent is not at all. */
  readonly rest?: number;
}

/** What to do now: the next attempt, or give up with the error that the client should see. */
export type Step =
  | {
      readonly kind: 'attempt';
      readonly attempt: Attempt;
      /** Place in `RoutePlan.attempts`, or behind its end for attempts that only some failures lead to. */
      readonly index: number;
      /** Milliseconds to wait before a repeat. */
      readonly delay?: number;
      /** To apply in the same turn as the step. */
      readonly effects?: readonly Effect[];
      readonly reason?: Reason;
    }
  | { readonly kind: 'fail'; readonly outcome: Outcome; readonly reason: Reason };
