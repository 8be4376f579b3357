// The world that decisions read: synchronous, in memory, changed only by reducers and effects.
import type { UpstreamFailure } from '../../errors.ts';
import type { Effect } from '../decision.ts';
import type { ResilienceProfile } from '../snapshot.ts';
import type { BreakerPermit } from './breaker.ts';
import type { Cooldown } from './cooldown.ts';
import type { Latency } from './latency.ts';
import type { Ban, LockoutSettings } from './lockout.ts';
import type { Quota, QuotaWindow } from './quota.ts';
import type { WorldReport } from './report.ts';
import type { Session, SessionServed } from './sessions.ts';
import type { UsageCount } from './usage-count.ts';

/** One upstream call: which account (`provider@connection`), which model, under which numbers. */
export interface Call {
  readonly provider: string;
  readonly connection: string;
  readonly model: string;
  readonly profile: ResilienceProfile;
}

/** Read side of the world. Unknown names answer the state of something never used. Times are epoch milliseconds. */
export interface World {
  /** Rotation position of a combo, 0 when never used; not wrapped at the number of its targets. */
  rotation(combo: string): number;
  /** Whether the credential of `provider@connection` could be resolved (or none is needed). */
  hasCredential(connection: string): boolean;
  /** The rest that the account (altogether, or for this model) has to take now; of two the longer one. */
  cooldown(connection: string, model: string, now: number): Cooldown | undefined;
  /** What the breakers of the account and of `provider/model` say together: the stricter one. */
  permit(call: Pick<Call, 'provider' | 'connection' | 'model'>, now: number): BreakerPermit;
  /** When those breakers let something through again; `now` or earlier when they do already. */
  opening(call: Pick<Call, 'provider' | 'connection' | 'model'>): number;
  /** Calls that run now at an account, or at `provider/model`. */
  inFlight(id: string): number;
  /** Time to the first token of `provider/model`. */
  latency(target: string): Latency | undefined;
  /** How often an account or `provider/model` was used. */
  uses(id: string): UsageCount | undefined;
  quota(connection: string): Quota | undefined;
  /** Where a conversation was served last, unless it was quiet for `ttl` milliseconds. */
  session(id: string, now: number, ttl: number): Session | undefined;
  /** Every conversation that is remembered, the latest first. */
  sessions(now: number, ttl: number): readonly (Session & { readonly id: string })[];
  /** Nano-USD that are spent or set aside under a budget's counter since its period began. */
  spent(counter: string, since: number): number;
  /** Nano-USD that are spent for good. */
  settled(counter: string, since: number): number;
  /** Repeats that the provider may still have; fractional. */
  retriesLeft(provider: string, now: number): number;
  /** Whether the retry budget of the provider has something left. */
  mayRetry(provider: string, now: number): boolean;
}

/** Nano-USD under the counter of a budget whose period began at `since` (epoch milliseconds). */
export interface MoneyCharge {
  readonly id: string;
  readonly amount: number;
  readonly since: number;
}

/** What happened, as the gateway and the simulator report it. */
export type WorldEvent =
  /** A permitted call begins. `retry`: it repeats or replaces a failed one and is paid from the provider's retry budget. */
  | { readonly kind: 'call-began'; readonly call: Call; readonly retry: boolean; readonly retryShare: number }
  | { readonly kind: 'call-ended'; readonly call: Call; readonly end: CallEnd }
  | { readonly kind: 'quota-observed'; readonly connection: string; readonly windows: readonly QuotaWindow[] }
  /** Calls or tokens that the declared windows of an account count; `length` of a window in milliseconds. */
  | {
      readonly kind: 'quota-spent';
      readonly connection: string;
      readonly windows: readonly {
        readonly window: string;
        readonly amount: number;
        readonly limit: number;
        readonly length: number;
      }[];
    }
  /** Money is set aside for a call that begins, in every counter that it is charged to. */
  | { readonly kind: 'money-reserved'; readonly charges: readonly MoneyCharge[] }
  /** That call has ended: what was set aside is free again, and what it cost is spent. */
  | { readonly kind: 'money-settled'; readonly charges: readonly MoneyCharge[]; readonly cost: number }
  /** An operator (or a finished sign-in) clears an account; without a model all of its models. */
  | { readonly kind: 'account-cleared'; readonly connection: string; readonly model?: string }
  /** An answer that belongs to a conversation has begun; only success is remembered. */
  | ({ readonly kind: 'session-served' } & SessionServed)
  | { readonly kind: 'target-cleared'; readonly target: string }
  /** A credential from this address was none that anybody declared. */
  | { readonly kind: 'credential-refused'; readonly address: string; readonly settings: LockoutSettings }
  /** A good credential, or an operator who lifts the lock. */
  | { readonly kind: 'lock-cleared'; readonly address: string }
  | {
      readonly kind: 'address-banned';
      readonly address: string;
      readonly until: number;
      readonly reason?: string;
    }
  | { readonly kind: 'ban-cleared'; readonly address: string };

export type CallEnd =
  /** `firstToken`: milliseconds until the first token, where one was seen. */
  | { readonly kind: 'success'; readonly firstToken?: number }
  /** `random` in [0, 1) spreads the rests of accounts that failed together. */
  | { readonly kind: 'failure'; readonly failure: UpstreamFailure; readonly random: number }
  /** It says nothing about the upstream: the client went away. */
  | { readonly kind: 'abandoned' };

/** The instance that the gateway owns. */
export interface MutableWorld extends World {
  apply(effects: readonly Effect[]): void;
  record(event: WorldEvent, now: number): void;
  /** Everything that keeps accounts and targets from being used, for operators. */
  report(now: number): WorldReport;
  /** When the lock of an address ends; undefined when it has none. */
  lockedUntil(address: string, now: number): number | undefined;
  ban(address: string, now: number): Ban | undefined;
  /** Everything that is locked or banned now, for operators. */
  lockedAddresses(now: number): readonly { readonly address: string; readonly until: number }[];
  bannedAddresses(now: number): readonly (Ban & { readonly address: string })[];
}
