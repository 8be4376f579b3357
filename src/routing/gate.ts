// Whether an attempt may be begun at this moment: the decision is as old as the attempts that failed since. The gateway,
// the test runner and simulations ask the same question.
import type { FailureClass, UpstreamFailure } from '../errors.ts';
import { describeExceeded, findExceeded, type BudgetCharge } from './budgets.ts';
import type { Attempt, Outcome } from './decision.ts';
import { forever } from './world/cooldown.ts';
import { failureEffects } from './world/failures.ts';
import type { World } from './world/world.ts';

/** An upstream call that was made for this request; `class` when it failed. */
export interface MadeCall {
  readonly target: string;
  readonly class?: string;
}

/** Why an attempt must wait; `wait` in milliseconds where the end is known. */
export interface Hold {
  readonly kind: 'cooling' | 'breaker' | 'retry-budget' | 'place' | 'budget';
  readonly message: string;
  readonly wait?: number;
}

/** What keeps an attempt from being begun at this moment. */
export function findHold(
  world: World,
  attempt: Attempt,
  made: readonly MadeCall[],
  now: number,
  charges: readonly BudgetCharge[] = [],
): Hold | undefined {
  const { provider, connection, model } = attempt;
  const { key } = connection;
  const rest = world.cooldown(key, model, now);
  if (rest) return { kind: 'cooling', message: `${key} rests after ${rest.class}.`, wait: rest.until - now };
  const call = { provider: provider.id, connection: key, model };
  if (world.permit(call, now) === 'wait') {
    const wait = world.opening(call) - now;
    return { kind: 'breaker', message: `The breaker of ${key} is open.`, wait };
  }
  if (isRetry(made, provider.id) && !world.mayRetry(provider.id, now)) {
    return { kind: 'retry-budget', message: `The retry budget of ${provider.id} is used up.` };
  }
  const over = charges.length === 0 ? undefined : findExceeded(charges, attempt, world);
  if (over) {
    const wait = over.until < forever ? { wait: over.until - now } : {};
    return { kind: 'budget', message: `For ${key} ${describeExceeded(over)}.`, ...wait };
  }
  return undefined;
}

/** The hold as the failure of an attempt that was not begun. What a budget holds back is not asked again. */
export function describeHold({ kind, message, wait }: Hold): UpstreamFailure {
  return {
    ...(kind === 'budget' ? { class: 'billing', code: 'budget_exceeded' } : { class: 'overloaded' }),
    message,
    held: true,
    ...(wait !== undefined && { retryAfter: Math.max(0, wait) }),
  };
}

/**
 * A call is a retry when this provider's own trouble has already failed the request: going on to another provider, or to
 * another account after a fault of the first, adds no load to what is broken.
 */
export function isRetry(made: readonly MadeCall[], provider: string): boolean {
  if (made.length === 0) return false;
  return made.some(
    ({ target, class: failed }) =>
      failed !== undefined &&
      failureEffects[failed as FailureClass].breaks &&
      target.startsWith(`${provider}/`),
  );
}

// A timer may be a moment early, and a repeat must not fall into the last of the rest.
const margin = 5;

/** A failed attempt together with the rest that its account now takes. */
export function describeOutcome(
  world: World,
  attempt: Attempt,
  failure: UpstreamFailure,
  now: number,
): Outcome {
  const rest = world.cooldown(attempt.connection.key, attempt.model, now);
  return rest ? { attempt, failure, rest: Math.ceil(rest.until - now) + margin } : { attempt, failure };
}
