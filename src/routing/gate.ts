// Whether an attempt may be begun at this moment: the decision is as old as the attempts that failed since. The gateway,
// the test runner and simulations ask the same question.
import type { FailureClass } from '../errors.ts';
import type { Attempt } from './decision.ts';
import { failureEffects } from './world/failures.ts';
import type { World } from './world/world.ts';

/** An upstream call that was made for this request; `class` when it failed. */
export interface MadeCall {
  readonly target: string;
  readonly class?: string;
}

/** Why an attempt must wait; `wait` in milliseconds where the end is known. */
export interface Hold {
  readonly kind: 'cooling' | 'breaker' | 'retry-budget';
  readonly message: string;
  readonly wait?: number;
}

/**
 * `repeated`: this very attempt failed before; its own rest must not keep it from the repeat that routing decided.
 */
export function findHold(
  world: World,
  { provider, connection: { key }, model }: Attempt,
  made: readonly MadeCall[],
  repeated: boolean,
  now: number,
): Hold | undefined {
  const rest = repeated ? undefined : world.cooldown(key, model, now);
  if (rest) return { kind: 'cooling', message: `${key} rests after ${rest.class}.`, wait: rest.until - now };
  const call = { provider: provider.id, connection: key, model };
  if (world.permit(call, now) === 'wait') {
    const wait = world.opening(call) - now;
    return { kind: 'breaker', message: `The breaker of ${key} is open.`, wait };
  }
  if (isRetry(made, provider.id) && !world.mayRetry(provider.id, now)) {
    return { kind: 'retry-budget', message: `The retry budget of ${provider.id} is used up.` };
  }
  return undefined;
}

/**
 * A call is a retry when this provider's own trouble has already failed the request: going on to another provider, or to
 * another account after a fault of the first, adds no load to what is broken.
 */
export function isRetry(made: readonly MadeCall[], provider: string): boolean {
  return made.some(
    ({ target, class: failed }) =>
      failed !== undefined &&
      failureEffects[failed as FailureClass].breaks &&
      target.startsWith(`${provider}/`),
  );
}
