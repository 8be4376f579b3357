// What a test expects against what happened; every difference is a fault of its own.
import type { ResolvedTestExpectation } from '../../config/generated/types.ts';
import type { ErrorCode } from '../../errors.ts';
import { matchGlob } from '../../lib/glob.ts';
import type { CacheRecipe } from '../cache-recipe.ts';
import type { Attempt, Reason } from '../decision.ts';

/** What one test run did, as far as anything can be expected of it. */
export interface RunOutcome {
  /** Candidates in order, or the calls that were made. */
  readonly attempts: readonly Attempt[];
  readonly served?: Attempt;
  readonly refusal?: ErrorCode;
  readonly status: number;
  readonly reasons: readonly Reason[];
  readonly headers: Readonly<Record<string, string>>;
  /** Ids of the counters that were charged. */
  readonly charges: readonly string[];
  readonly cache: CacheRecipe;
}

export interface TestFault {
  /** Key below `expect`. */
  readonly what: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

export function judge(expect: ResolvedTestExpectation, run: RunOutcome): readonly TestFault[] {
  const faults: TestFault[] = [];
  const check = (what: string, expected: unknown, actual: unknown, fine: boolean): void => {
    if (!fine) faults.push({ what, expected, actual });
  };
  const { attempts, target, refusal, status, reasons, headers, charges, cache } = expect;
  if (attempts) {
    const actual = run.attempts.map((attempt, index) => nameAs(attempt, attempts[index] ?? ''));
    const fine = actual.length === attempts.length && actual.every((name, index) => name === attempts[index]);
    check('attempts', attempts, actual, fine);
  }
  if (target !== undefined) {
    const actual = run.served && nameAs(run.served, target);
    check('target', target, actual ?? null, actual === target);
  }
  if (refusal !== undefined) check('refusal', refusal, run.refusal ?? null, run.refusal === refusal);
  else if (run.refusal !== undefined && (attempts ?? target) !== undefined && (attempts?.length ?? 1) > 0)
    check('refusal', null, run.refusal, false);
  if (status !== undefined) check('status', status, run.status, status === run.status);
  const known = new Set(
    run.reasons.flatMap(({ code, rule }) => (rule === undefined ? [code] : [code, rule])),
  );
  for (const reason of reasons ?? []) {
    if (!known.has(reason)) check('reasons', reason, [...known], false);
  }
  if (charges) {
    const [expected, actual] = [[...new Set(charges)].sort(), [...run.charges].sort()];
    const fine = expected.length === actual.length && expected.every((id, index) => id === actual[index]);
    check('charges', expected, actual, fine);
  }
  if (cache !== undefined) {
    const { eligible, because } = run.cache;
    const actual = eligible ? 'eligible' : `ineligible: ${because?.message ?? ''}`;
    check('cache', cache, actual, cache === (eligible ? 'eligible' : 'ineligible'));
  }
  for (const [name, value] of Object.entries(headers ?? {})) {
    const actual = run.headers[name.toLowerCase()];
    const fine = actual !== undefined && matchGlob(value, actual);
    check(`headers.${name}`, value, actual ?? null, fine);
  }
  return faults;
}

/** `provider/model`, or `provider@connection/model` where the test is that exact. */
export function nameAs({ target, connection }: Attempt, like: string): string {
  const at = like.indexOf('@');
  const slash = like.indexOf('/');
  if (at < 0 || at > slash) return target;
  return `${connection.key}/${target.slice(target.indexOf('/') + 1)}`;
}
