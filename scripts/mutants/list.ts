// Thirty one-line faults that somebody could make in src/routing. Each must be caught by the examples' own tests or by a
// suite; `quick` ones are tried in CI.
export interface Mutant {
  readonly name: string;
  /** Below src/routing. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** The suite that is expected to catch it when the examples do not; below test/. */
  readonly suite: string;
  readonly quick?: true;
}

const decide = 'unit/routing/decide.test.ts';
const policies = 'unit/routing/decide-policies.test.ts';
const nextTest = 'unit/routing/next.test.ts';
const world = 'unit/routing/world';
const runner = 'unit/routing/test-runner.test.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'a refusing policy is ignored',
    file: 'decide.ts',
    find: 'if (denied) return',
    put: 'if (!denied) void 0; else if (false) return',
    suite: runner,
  },
  {
    name: 'keys may ask for every model',
    file: 'decide.ts',
    find: 'if (blocked) return',
    put: 'if (blocked && false) return',
    suite: decide,
    quick: true,
  },
  {
    name: 'noLog keys leave traces',
    file: 'decide.ts',
    find: 'noLog: caller.noLog || (retention?.noLog ?? false)',
    put: 'noLog: retention?.noLog ?? false',
    suite: runner,
  },
  {
    name: 'conversations never stay',
    file: 'decide.ts',
    find: 'return at === 0 ? attempts : [kept, ...attempts.toSpliced(at, 1)];',
    put: 'return attempts;',
    suite: runner,
    quick: true,
  },
  {
    name: 'preference is turned round',
    file: 'decide.ts',
    find: '(a.rank ?? 0) - (b.rank ?? 0)',
    put: '(b.rank ?? 0) - (a.rank ?? 0)',
    suite: policies,
  },
  {
    name: 'a soonest wait is not told',
    file: 'decide.ts',
    find: 'if (soonest !== undefined) {',
    put: 'if (false && soonest !== undefined) {',
    suite: decide,
  },
  {
    name: 'a bad request goes to the next target',
    file: 'next.ts',
    find: "invalid_request: 'stop'",
    put: "invalid_request: 'next'",
    suite: nextTest,
    quick: true,
  },
  {
    name: 'a rate limit ends the request',
    file: 'next.ts',
    find: "rate_limit: 'next'",
    put: "rate_limit: 'stop'",
    suite: nextTest,
    quick: true,
  },
  {
    name: 'an outage is not repeated',
    file: 'next.ts',
    find: "overloaded: 'repeat'",
    put: "overloaded: 'next'",
    suite: nextTest,
    quick: true,
  },
  {
    name: 'an authentication failure is repeated',
    file: 'next.ts',
    find: "authentication: 'next'",
    put: "authentication: 'repeat'",
    suite: nextTest,
  },
  {
    name: 'retries are one too many',
    file: 'next.ts',
    find: 'count > candidates[index]!.provider.profile.retries',
    put: 'count > candidates[index]!.provider.profile.retries + 1',
    suite: nextTest,
  },
  {
    name: 'long windows are not tried after an overflow',
    file: 'next.ts',
    find: "return has('context_length') ? [...attempts, ...onContextOverflow] : attempts;",
    put: 'return attempts;',
    suite: nextTest,
    quick: true,
  },
  {
    name: 'the last failure is not the most helpful',
    file: 'next.ts',
    find: 'if (rank(outcome) >= rank(best)) best = outcome;',
    put: 'best = outcome;',
    suite: nextTest,
  },
  {
    name: 'conditions do not matter',
    file: 'expand.ts',
    find: 'if (when && !when.holds(facts, now)) {',
    put: 'if (false && when && !when.holds(facts, now)) {',
    suite: decide,
    quick: true,
  },
  {
    name: 'schedules do not matter',
    file: 'expand.ts',
    find: 'if (schedule && !schedule.isOpen(now)) {',
    put: 'if (false && schedule && !schedule.isOpen(now)) {',
    suite: runner,
  },
  {
    name: 'rests are ignored',
    file: 'usable.ts',
    find: 'if (rest) {',
    put: 'if (rest && false) {',
    suite: decide,
    quick: true,
  },
  {
    name: 'spent quotas are ignored',
    file: 'usable.ts',
    find: 'if (spent) {',
    put: 'if (spent && false) {',
    suite: runner,
  },
  {
    name: 'open breakers are ignored',
    file: 'usable.ts',
    find: "if (world.permit(call, now) === 'wait') {",
    put: "if (world.permit(call, now) === 'pass' && false) {",
    suite: decide,
    quick: true,
  },
  {
    name: 'missing credentials are ignored',
    file: 'usable.ts',
    find: 'if (credential && !world.hasCredential(key)) {',
    put: 'if (false && credential && !world.hasCredential(key)) {',
    suite: decide,
    quick: true,
  },
  {
    name: 'disabled accounts are used',
    file: 'usable.ts',
    find: 'if (!enabled) return',
    put: 'if (!enabled && false) return',
    suite: decide,
  },
  {
    name: 'accounts of a target do not matter',
    file: 'usable.ts',
    find: 'if (target.connections && !target.connections.includes(id)) {',
    put: 'if (false && target.connections && !target.connections.includes(id)) {',
    suite: runner,
  },
  {
    name: 'a rest holds no attempt back',
    file: 'gate.ts',
    find: 'if (rest) return',
    put: 'if (rest && false) return',
    suite: runner,
  },
  {
    name: 'the retry budget is never used up',
    file: 'gate.ts',
    find: 'if (isRetry(made, provider.id) && !world.mayRetry(provider.id, now)) {',
    put: 'if (false && !world.mayRetry(provider.id, now)) {',
    suite: 'e2e/outage.test.ts',
  },
  {
    name: 'expired keys are good',
    file: 'principal.ts',
    find: 'if (expires !== undefined && now >= expires) {',
    put: 'if (expires !== undefined && now < 0 && expires < 0) {',
    suite: runner,
  },
  {
    name: 'breakers open one failure late',
    file: 'world/breaker.ts',
    find: 'return failures >= event.settings.failures',
    put: 'return failures > event.settings.failures',
    suite: world,
  },
  {
    name: 'a half-open breaker lets everybody through',
    file: 'world/breaker.ts',
    find: "return free ? 'probe' : 'wait';",
    put: "return 'probe';",
    suite: world,
  },
  {
    name: 'rests never grow',
    file: 'world/cooldown.ts',
    find: 'const doubled = 2 ** level;',
    put: 'const doubled = 2 ** Math.min(level, 0);',
    suite: world,
  },
  {
    name: 'a hint of the provider is forgotten',
    file: 'world/cooldown.ts',
    find: 'return hint > 0 ? hint : Math.min(firstRateLimit * doubled, longestRateLimit);',
    put: 'return Math.min(firstRateLimit * doubled, longestRateLimit);',
    suite: world,
  },
  {
    name: 'round-robin stays where it is',
    file: 'strategies/round-robin.ts',
    find: 'position: (position + 1) %',
    put: 'position: position %',
    suite: 'unit/routing/strategies.test.ts',
  },
  {
    name: 'pass-through is called a translation',
    file: 'decide.ts',
    find: 'return protocol === facts.protocol',
    put: 'return protocol !== facts.protocol',
    suite: decide,
  },
];
