// Continues a decision after outcomes: the next attempt, or the one failure that helps the client most. Pure, so that
// the gateway and a simulation fall back in the same way. First every candidate once, in order; only when all have
// failed are those tried again whose failure may pass by itself.
import type { FailureClass } from '../errors.ts';
import type { Attempt, Outcome, Reason, RoutePlan, Step } from './decision.ts';

/**
 * What a failure says about the other candidates. `stop`: the request itself is at fault. `next`: another candidate
 * may do better, this one will not. `repeat`: this one may do better too, a moment later.
 */
const verdicts: Readonly<Record<FailureClass, 'stop' | 'next' | 'repeat'>> = {
  invalid_request: 'stop',
  content_policy: 'stop',
  unsupported_media_type: 'stop',
  client_closed: 'stop',
  // This target cannot express it; another one may.
  unsupported: 'next',
  context_length: 'next',
  authentication: 'next',
  billing: 'next',
  permission: 'next',
  not_found: 'next',
  method_not_allowed: 'next',
  conflict: 'next',
  too_large: 'next',
  rate_limit: 'next',
  connection: 'repeat',
  upstream: 'repeat',
  overloaded: 'repeat',
  timeout: 'repeat',
  internal: 'next',
};

/** Faults of our own account: true, but misleading as the last word to a client whose own key is fine. */
const accountTrouble: ReadonlySet<FailureClass> = new Set(['authentication', 'billing', 'permission']);

/** First pause before a repeat; doubles with each round. A longer hint of the upstream is not waited for. */
const repeatDelay = 250;
const longestDelay = 2_000;

/** A repeat waits until its account has rested, which is longer than any hint; past this the client is told instead. */
const longestRest = 5_000;

/**
 * `outcomes` are all failures of this plan so far, in order; none gives the first attempt. An attempt is begun at most
 * `1 + profile.retries` times.
 */
export function next(plan: RoutePlan, outcomes: readonly Outcome[]): Step {
  const last = outcomes.at(-1);
  if (!last) return { kind: 'attempt', attempt: plan.attempts[0]!, index: 0 };
  const { class: failed, status } = last.failure;
  const story = `${last.attempt.target} failed (${status ?? failed})`;
  if (verdicts[failed] === 'stop' && !(failed === 'content_policy' && plan.onContentPolicy)) {
    const message = `${story}: the request itself is refused.`;
    return fail(last, { code: 'not-retryable', message, at: last.attempt.at });
  }
  const candidates = listCandidates(plan, outcomes);
  const tries = countTries(candidates, outcomes);
  const fresh = candidates.findIndex(
    (attempt, index) => tries[index]!.count === 0 && isWorthIt(attempt, plan, outcomes),
  );
  if (fresh >= 0) {
    const attempt = candidates[fresh]!;
    const { effects, at } = attempt;
    const reason: Reason = { code: 'next-target', message: `${story}: ${attempt.target} is next.`, at };
    return { kind: 'attempt', attempt, index: fresh, reason, ...(effects && { effects }) };
  }
  return (
    repeat(candidates, tries, story) ??
    fail(pickFinal(outcomes), { code: 'exhausted', message: `${story}: no candidate is left.` })
  );
}

// Places never shift: what a failure adds stands behind everything else.
function listCandidates(plan: RoutePlan, outcomes: readonly Outcome[]): readonly Attempt[] {
  const { attempts, onContextOverflow = [], onContentPolicy = [] } = plan;
  const has = (kind: FailureClass): boolean => outcomes.some(({ failure }) => failure.class === kind);
  if (has('content_policy')) return [...attempts, ...onContextOverflow, ...onContentPolicy];
  return has('context_length') ? [...attempts, ...onContextOverflow] : attempts;
}

interface Tries {
  readonly count: number;
  readonly last: Outcome | undefined;
}

function countTries(candidates: readonly Attempt[], outcomes: readonly Outcome[]): readonly Tries[] {
  return candidates.map((attempt) => {
    const own = outcomes.filter((outcome) => outcome.attempt === attempt);
    return { count: own.length, last: own.at(-1) };
  });
}

// A host that just refused a connection refuses it for its other accounts too, a smaller window does not help a request
// that was too long for a larger one, and content that was refused is put to those only that the combo names for it.
function isWorthIt(attempt: Attempt, plan: RoutePlan, outcomes: readonly Outcome[]): boolean {
  return !outcomes.some(({ attempt: failed, failure }) => {
    if (failure.class === 'content_policy') return !plan.onContentPolicy?.includes(attempt);
    if (failure.class === 'connection') return failed.endpoint.baseUrl === attempt.endpoint.baseUrl;
    if (failure.class !== 'context_length') return false;
    const window = attempt.facts?.context;
    const tooSmall = failed.facts?.context;
    return (
      failed.target === attempt.target ||
      (window !== undefined && tooSmall !== undefined && window <= tooSmall)
    );
  });
}

// The candidate with the fewest tries first, then the order of the plan.
function repeat(candidates: readonly Attempt[], tries: readonly Tries[], story: string): Step | undefined {
  let chosen = -1;
  for (const [index, { count, last }] of tries.entries()) {
    if (!last || verdicts[last.failure.class] !== 'repeat') continue;
    if (count > candidates[index]!.provider.profile.retries) continue;
    if ((last.failure.retryAfter ?? 0) > longestDelay || (last.rest ?? 0) > longestRest) continue;
    if (chosen < 0 || count < tries[chosen]!.count) chosen = index;
  }
  if (chosen < 0) return undefined;
  const attempt = candidates[chosen]!;
  const { count, last } = tries[chosen]!;
  const pause = Math.min(
    longestDelay,
    Math.max(repeatDelay * 2 ** (count - 1), last?.failure.retryAfter ?? 0),
  );
  const delay = Math.max(pause, last?.rest ?? 0);
  const reason: Reason = {
    code: 'repeat',
    message: `${story}: ${attempt.target} once more in ${delay} ms.`,
    at: attempt.at,
  };
  return { kind: 'attempt', attempt, index: chosen, delay, reason };
}

// The last word of a real upstream helps most, then trouble with one of our accounts, then what happened on this side,
// then that a call was not begun; within a kind the latest. The hint when to come back is the earliest of all.
function pickFinal(outcomes: readonly Outcome[]): Outcome {
  let best = outcomes[0]!;
  let retryAfter: number | undefined;
  for (const outcome of outcomes) {
    if (rank(outcome) >= rank(best)) best = outcome;
    const hint = outcome.failure.retryAfter;
    if (hint !== undefined && (retryAfter === undefined || hint < retryAfter)) retryAfter = hint;
  }
  return retryAfter === undefined ? best : { ...best, failure: { ...best.failure, retryAfter } };
}

function rank({ failure }: Outcome): number {
  if (failure.held) return -1;
  if (failure.status === undefined) return 0;
  return accountTrouble.has(failure.class) ? 1 : 2;
}

function fail(outcome: Outcome, reason: Reason): Step {
  return { kind: 'fail', outcome, reason };
}
