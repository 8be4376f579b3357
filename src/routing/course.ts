// One request from its decision to its end over answers that somebody else gives: decide, hold, begin, fall back, as the
// gateway does. The test runner and simulations go this way; a property test holds the gateway to it.
import type { FailureClass, UpstreamFailure } from '../errors.ts';
import { renderDuration } from '../lib/duration.ts';
import { decide } from './decide.ts';
import type { Attempt, Decision, Outcome, Reason } from './decision.ts';
import type { Facts } from './facts.ts';
import { describeOutcome, findHold, isRetry, type Hold } from './gate.ts';
import { next } from './next.ts';
import type { Snapshot } from './snapshot.ts';
import type { QuotaWindow } from './world/quota.ts';
import { sessionIdOf } from './world/sessions.ts';
import type { Call, MutableWorld } from './world/world.ts';

/** What an upstream does with one call. Times in milliseconds from its beginning. */
export type UpstreamAnswer = { readonly quota?: readonly QuotaWindow[] } & (
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
}

export type CourseEnd =
  | { readonly kind: 'served'; readonly attempt: Attempt; readonly broken?: FailureClass }
  | { readonly kind: 'refused'; readonly refusal: Extract<Decision, { kind: 'refuse' }> }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure };

/** What happens now: a pause, a call to the upstream (answer it with `settle`), or nothing more. */
export type Move =
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'call'; readonly attempt: Attempt }
  | { readonly kind: 'end'; readonly end: CourseEnd };

export interface CourseInput {
  readonly snapshot: Snapshot;
  readonly facts: Facts;
  readonly world: MutableWorld;
  readonly random: () => number;
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
  #running: Call | undefined;

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
        const hold = this.#begin(pending, now);
        if (!hold) return { kind: 'call', attempt: pending };
        this.#fail(pending, hold, now);
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
    this.#running = undefined;
    if (answer.quota)
      world.record({ kind: 'quota-observed', connection: call.connection, windows: answer.quota }, now);
    if (answer.kind === 'success') {
      const { firstToken } = answer;
      world.record({ kind: 'call-ended', call, end: { kind: 'success', firstToken } }, now);
      this.#note({ end: 'success', status: 200 });
      this.#end = { kind: 'served', attempt };
      this.#rememberSession(attempt, now);
      return;
    }
    const { failure } = answer;
    const end = { kind: 'failure', failure, random: random() } as const;
    world.record({ kind: 'call-ended', call, end }, now);
    this.#note({ end: failure.class, ...(failure.status !== undefined && { status: failure.status }) });
    if (answer.kind === 'broken') this.#end = { kind: 'served', attempt, broken: failure.class };
    else this.#fail(attempt, failure, now);
  }

  #begin(attempt: Attempt, now: number): UpstreamFailure | undefined {
    const { world, snapshot } = this.#input;
    const made = this.attempts.flatMap(({ attempt: { target }, held, end }) =>
      held === undefined && end !== undefined && end !== 'success' ? [{ target, class: end }] : [],
    );
    const hold = findHold(world, attempt, made, now);
    if (hold) {
      this.attempts.push({ attempt, at: now, held: hold.kind, end: 'overloaded' });
      const wait = hold.wait === undefined ? {} : { retryAfter: Math.max(0, hold.wait) };
      return { class: 'overloaded', message: hold.message, held: true, ...wait };
    }
    const { provider, connection, model } = attempt;
    const call: Call = {
      provider: provider.id,
      connection: connection.key,
      model,
      profile: provider.profile,
    };
    const retry = isRetry(made, provider.id);
    world.record({ kind: 'call-began', call, retry, retryShare: snapshot.retryShare }, now);
    const { quota } = connection;
    if (quota?.requests !== undefined) {
      const window = `requests per ${renderDuration(quota.window)}`;
      const windows = [{ window, amount: 1, limit: quota.requests, length: quota.window }];
      world.record({ kind: 'quota-spent', connection: connection.key, windows }, now);
    }
    this.attempts.push({ attempt, at: now });
    this.#running = call;
    return undefined;
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
