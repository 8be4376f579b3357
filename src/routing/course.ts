// One request from its decision to its end over answers that somebody else gives: decide, hold, begin, fall back, as the
// gateway does. The test runner and simulations go this way; a property test holds the gateway to it.
import type { FailureClass, UpstreamFailure } from '../errors.ts';
import { priceTokens, type TokenCounts } from '../catalog/prices.ts';
import { listBudgetCharges, matchBudgets, moveToPeriod, type BudgetCharge } from './budgets.ts';
import { decide } from './decide.ts';
import type { Attempt, Decision, Outcome, Reason } from './decision.ts';
import type { Facts } from './facts.ts';
import { describeHold, describeOutcome, findHold, isRetry, type Hold } from './gate.ts';
import { describeWait, listPlaces, queueTime, spendKeyTokens, spendQuota, type Place } from './limits.ts';
import { next } from './next.ts';
import type { Slot, Slots } from './slots.ts';
import type { Snapshot } from './snapshot.ts';
import type { QuotaWindow } from './world/quota.ts';
import { sessionIdOf } from './world/sessions.ts';
import type { Call, MutableWorld } from './world/world.ts';

/** What an upstream does with one call. Times in milliseconds from its beginning. */
export type UpstreamAnswer = {
  readonly quota?: readonly QuotaWindow[];
  /** What the answer used; a failure that showed nothing has used nothing. */
  readonly tokens?: TokenCounts;
} & (
  | { readonly kind: 'success'; readonly firstToken: number; readonly takes: number }
  | { readonly kind: 'failure'; readonly failure: UpstreamFailure; readonly takes: number }
  /** The client has its beginning already: nobody else can answer any more. */
  | {
      readonly kind: 'broken';
      readonly failure: UpstreamFailure;
      readonly firstToken: number;
      readonly takes: number;
    }
);

/** One attempt as it went. */
export interface CourseAttempt {
  readonly attempt: Attempt;
  /** Epoch milliseconds. */
  readonly at: number;
  /** It was never begun, and why. */
  readonly held?: Hold['kind'];
  /** How it ended; absent while it runs. */
  readonly end?: 'success' | FailureClass;
  readonly status?: number;
  /** Milliseconds in the queue of its places; absent where it had them at once. */
  readonly queued?: number;
  readonly tokens?: TokenCounts;
  /** Nano-USD; null where the price is unknown. */
  readonly cost?: number | null;
}

export type CourseEnd =
  | { readonly kind: 'served'; readonly attempt: Attempt; readonly broken?: FailureClass }
  | { readonly kind: 'refused'; readonly refusal: Extract<Decision, { kind: 'refuse' }> }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure };

/**
 * What happens now: a pause, a queue (`wait` calls `resume` once when there is a place or no hope), a call to the upstream
 * (answer it with `settle`), or nothing more. After a pause or a queue, proceed.
 */
export type Move =
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | {
      readonly kind: 'queue';
      readonly attempt: Attempt;
      wait(now: () => number, resume: () => void): void;
    }
  | { readonly kind: 'call'; readonly attempt: Attempt }
  | { readonly kind: 'end'; readonly end: CourseEnd };

export interface CourseInput {
  readonly snapshot: Snapshot;
  readonly facts: Facts;
  readonly world: MutableWorld;
  readonly random: () => number;
  /** The lanes of accounts and targets; without them there is a place for everybody. */
  readonly slots?: Slots;
}

/** A call that waits, or has waited, for its places. */
interface Queued {
  readonly attempt: Attempt;
  readonly since: number;
  readonly places: readonly Place[];
  readonly held: Slot[];
}

export class Course {
  readonly decision: Decision;
  readonly attempts: CourseAttempt[] = [];
  /** The decision's reasons and those of every step since. */
  readonly reasons: Reason[];
  readonly #input: CourseInput;
  readonly #began: number;
  readonly #outcomes: Outcome[] = [];
  #end: CourseEnd | undefined;
  #pending: Attempt | undefined;
  #queued: Queued | undefined;
  #running: Call | undefined;
  #held: readonly Slot[] = [];
  #charges: readonly BudgetCharge[] = [];

  constructor(input: CourseInput, now: number) {
    const { snapshot, facts, world, random } = input;
    this.#input = input;
    this.#began = now;
    this.decision = decide({ snapshot, facts, world, now, random });
    this.reasons = [...this.decision.reasons];
    if (this.decision.kind === 'refuse') this.#end = { kind: 'refused', refusal: this.decision };
    else world.apply(this.decision.effects);
  }

  proceed(now: number): Move {
    const plan = this.decision;
    for (;;) {
      if (this.#end || plan.kind === 'refuse') return { kind: 'end', end: this.#end! };
      const pending = this.#pending;
      if (pending) {
        this.#pending = undefined;
        const hold = this.#findFault(pending, now);
        if (hold) {
          this.#hold(pending, hold, now);
          continue;
        }
        const places = this.#input.slots ? listPlaces(pending) : [];
        const held = this.#takeAll(places);
        if (!held) return this.#queue({ attempt: pending, since: now, places, held: [] });
        this.#begin(pending, held, now);
        return { kind: 'call', attempt: pending };
      }
      const queued = this.#queued;
      if (queued) {
        this.#queued = undefined;
        const { attempt, places, held, since } = queued;
        const message = describeWait(attempt);
        const hold =
          held.length < places.length ? { kind: 'place' as const, message } : this.#findFault(attempt, now);
        if (!hold) {
          this.#begin(attempt, held, now, now - since);
          return { kind: 'call', attempt };
        }
        for (const slot of held) slot.release();
        this.#hold(attempt, hold, now, now - since);
        continue;
      }
      const step = next(plan, this.#outcomes);
      if (step.reason && this.#outcomes.length > 0) this.reasons.push(step.reason);
      if (step.kind === 'fail') {
        this.#end = { kind: 'failed', failure: step.outcome.failure };
        continue;
      }
      const { attempt, effects, delay } = step;
      if (effects) this.#input.world.apply(effects);
      this.#pending = attempt;
      if (delay !== undefined) return { kind: 'wait', milliseconds: delay };
    }
  }

  /** The answer to the call that the last move asked for, at its end. */
  settle(answer: UpstreamAnswer, now: number): void {
    const { world, random } = this.#input;
    const call = this.#running!;
    const { attempt } = this.attempts.at(-1)!;
    const { tokens } = answer;
    this.#running = undefined;
    if (answer.quota)
      world.record({ kind: 'quota-observed', connection: call.connection, windows: answer.quota }, now);
    if (answer.kind === 'success') {
      const { firstToken } = answer;
      world.record({ kind: 'call-ended', call, end: { kind: 'success', firstToken } }, now);
      this.#spend(attempt, tokens, now);
      this.#note({ end: 'success', status: 200 });
      this.#end = { kind: 'served', attempt };
      this.#rememberSession(attempt, now);
      return;
    }
    const { failure } = answer;
    const end = { kind: 'failure', failure, random: random() } as const;
    world.record({ kind: 'call-ended', call, end }, now);
    this.#spend(attempt, tokens, now);
    this.#note({ end: failure.class, ...(failure.status !== undefined && { status: failure.status }) });
    if (answer.kind === 'broken') this.#end = { kind: 'served', attempt, broken: failure.class };
    else this.#fail(attempt, failure, now);
  }

  #made() {
    return this.attempts.flatMap(({ attempt: { target }, held, end }) =>
      held === undefined && end !== undefined && end !== 'success' ? [{ target, class: end }] : [],
    );
  }

  #findFault(attempt: Attempt, now: number): Hold | undefined {
    return findHold(this.#input.world, attempt, this.#made(), now, this.#listCharges(attempt, now));
  }

  #listCharges(attempt: Attempt, now: number): readonly BudgetCharge[] {
    const { snapshot, facts } = this.#input;
    return listBudgetCharges(matchBudgets(snapshot.budgets, facts, now), attempt, facts, now);
  }

  #hold(attempt: Attempt, hold: Hold, now: number, queued?: number): void {
    const waited = queued === undefined ? {} : { queued };
    const failure = describeHold(hold);
    this.attempts.push({ attempt, at: now, held: hold.kind, end: failure.class, ...waited });
    this.#fail(attempt, failure, now);
  }

  #takeAll(places: readonly Place[]): readonly Slot[] | undefined {
    const held: Slot[] = [];
    for (const { id, ceiling } of places) {
      const slot = this.#input.slots!.take(id, ceiling);
      if (slot) held.push(slot);
      else {
        for (const taken of held) taken.release();
        return undefined;
      }
    }
    return held;
  }

  #queue(queued: Queued): Move {
    const { attempt, places, held, since } = queued;
    const until = Math.min(since + queueTime(attempt), this.#began + attempt.provider.profile.totalTimeout);
    this.#queued = queued;
    return {
      kind: 'queue',
      attempt,
      wait: (now, resume) => {
        const enter = (index: number): void => {
          const place = places[index];
          if (!place) return resume();
          this.#input.slots!.enqueue(place.id, place.ceiling, until - now(), (slot) => {
            if (!slot) return resume();
            held.push(slot);
            enter(index + 1);
          });
        };
        enter(0);
      },
    };
  }

  #begin(attempt: Attempt, held: readonly Slot[], now: number, queued?: number): void {
    const { world, snapshot } = this.#input;
    const { provider, connection, model } = attempt;
    const call: Call = {
      provider: provider.id,
      connection: connection.key,
      model,
      profile: provider.profile,
    };
    const retry = isRetry(this.#made(), provider.id);
    world.record({ kind: 'call-began', call, retry, retryShare: snapshot.retryShare }, now);
    spendQuota(world, connection, 'requests', 1, now);
    this.#charges = this.#listCharges(attempt, now);
    if (this.#charges.length > 0) world.record({ kind: 'money-reserved', charges: this.#charges }, now);
    this.attempts.push({ attempt, at: now, ...(queued !== undefined && { queued }) });
    this.#running = call;
    this.#held = held;
  }

  /** What the answer used is counted at the account and at the key, and the places are free again. */
  #spend(attempt: Attempt, tokens: TokenCounts | undefined, now: number): void {
    const { world, facts } = this.#input;
    const cost = tokens ? priceTokens(attempt.facts?.prices, tokens, this.#began) : 0;
    if (this.#charges.length > 0)
      world.record(
        { kind: 'money-settled', charges: moveToPeriod(this.#charges, now), cost: cost ?? 0 },
        now,
      );
    if (tokens) {
      const used = (tokens.input ?? 0) + (tokens.output ?? 0);
      spendQuota(world, attempt.connection, 'tokens', used, now);
      spendKeyTokens(world, facts.principal, used, now);
      this.#note({ tokens, cost });
    }
    for (const slot of this.#held) slot.release();
    this.#held = [];
  }

  #fail(attempt: Attempt, failure: UpstreamFailure, now: number): void {
    this.#outcomes.push(describeOutcome(this.#input.world, attempt, failure, now));
    if (now - this.#began >= attempt.provider.profile.totalTimeout) this.#end = { kind: 'failed', failure };
  }

  #note(part: Partial<CourseAttempt>): void {
    this.attempts.push({ ...this.attempts.pop()!, ...part });
  }

  // Only an answer says where the prompt cache is; what must not be kept is not remembered either.
  #rememberSession(attempt: Attempt, now: number): void {
    const { facts, world } = this.#input;
    if (facts.session === undefined || facts.principal.noLog || this.decision.noLog === true) return;
    const session = sessionIdOf(facts.principal.key, facts.session);
    const { connection, target } = attempt;
    world.record({ kind: 'session-served', session, connection: connection.key, target }, now);
  }
}
