// A scenario: requests that arrive, upstreams that follow a script, a clock and a seed → the timeline of every attempt,
// and of the breakers and rests that come and go with them.
import { isObject } from '../../lib/json.ts';
import { parseDuration, renderDuration } from '../../lib/duration.ts';
import type { CourseAttempt } from '../course.ts';
import type { Facts } from '../facts.ts';
import { simulate, type Arrival, type SimulatedCall, type UpstreamAnswer } from '../simulate.ts';
import type { Snapshot } from '../snapshot.ts';
import type { MutableWorld } from '../world/world.ts';
import { readOutcome } from './outcomes.ts';

/** How an upstream behaves for a time; times in milliseconds since the start. */
export interface Phase {
  /** Provider, `provider@connection` or `provider/model`. */
  readonly upstream: string;
  readonly from: number;
  readonly until: number;
  readonly answer: string | number;
  readonly firstToken: number;
  readonly takes: number;
  readonly retryAfter?: number;
}

export interface ScenarioArrivals {
  readonly request: Readonly<Record<string, unknown>>;
  readonly from: number;
  readonly every: number;
  readonly count: number;
}

export interface Scenario {
  readonly seed: number;
  readonly given: Readonly<Record<string, unknown>>;
  readonly arrivals: readonly ScenarioArrivals[];
  readonly phases: readonly Phase[];
}

export interface TimelineRequest {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly model: string;
  readonly ended: number;
  readonly outcome: string;
  readonly attempts: readonly {
    readonly at: number;
    readonly target: string;
    readonly connection: string;
    readonly end: string;
  }[];
}

export interface TimelineState {
  readonly kind: 'breaker' | 'cooldown';
  readonly id: string;
  readonly from: number;
  readonly until: number;
}

export interface Timeline {
  readonly requests: readonly TimelineRequest[];
  readonly states: readonly TimelineState[];
  readonly length: number;
}

/** Throws TypeError with the path of what cannot be read. */
export function readScenario(value: unknown): Scenario {
  if (!isObject(value)) throw new TypeError('a scenario is a map with arrivals and upstreams');
  const known = ['version', 'config', 'seed', 'given', 'arrivals', 'upstreams'];
  const odd = Object.keys(value).find((name) => !known.includes(name));
  if (odd !== undefined) throw new TypeError(`${odd} is none of ${known.join(', ')}`);
  const { seed = 1, given = {}, arrivals, upstreams = {} } = value;
  if (!Number.isInteger(seed)) throw new TypeError('seed must be a whole number');
  if (!isObject(given)) throw new TypeError('given must be a map');
  if (!Array.isArray(arrivals) || arrivals.length === 0) throw new TypeError('arrivals must be a list');
  if (!isObject(upstreams)) throw new TypeError('upstreams must be a map');
  return {
    seed: Number(seed),
    given,
    arrivals: arrivals.map((one: unknown, index) => readArrivals(one, `arrivals[${index}]`)),
    phases: Object.entries(upstreams).flatMap(([upstream, phases]) => {
      if (!Array.isArray(phases)) throw new TypeError(`upstreams.${upstream} must be a list`);
      return phases.map((phase: unknown, index) =>
        readPhase(upstream, phase, `upstreams.${upstream}[${index}]`),
      );
    }),
  };
}

function readArrivals(value: unknown, path: string): ScenarioArrivals {
  if (!isObject(value) || !isObject(value['request'])) throw new TypeError(`${path}.request must be a map`);
  const count = value['count'] ?? 1;
  if (!Number.isInteger(count) || Number(count) < 1 || Number(count) > 10_000)
    throw new TypeError(`${path}.count must be a whole number up to 10000`);
  return {
    request: value['request'],
    from: readTime(value, 'from', 0, path),
    every: readTime(value, 'every', 1000, path),
    count: Number(count),
  };
}

function readPhase(upstream: string, value: unknown, path: string): Phase {
  if (!isObject(value)) throw new TypeError(`${path} must be a map`);
  const answer = value['answer'] ?? 'ok';
  if (
    typeof answer !== 'number' &&
    !/^(ok|connection|timeout|cut|stall|too-long|blocked)$/.test(String(answer))
  )
    throw new TypeError(`${path}.answer must be a status, ok, connection, timeout, cut, stall …`);
  const firstToken = readTime(value, 'firstToken', 300, path);
  const hasHint = value['retryAfter'] !== undefined;
  return {
    upstream,
    from: readTime(value, 'from', 0, path),
    until: readTime(value, 'until', Number.POSITIVE_INFINITY, path),
    answer: typeof answer === 'number' ? answer : String(answer),
    firstToken,
    takes: readTime(value, 'takes', Math.max(firstToken, 1000), path),
    ...(hasHint && { retryAfter: readTime(value, 'retryAfter', 0, path) }),
  };
}

function readTime(
  value: Readonly<Record<string, unknown>>,
  name: string,
  usual: number,
  path: string,
): number {
  const text = value[name];
  if (text === undefined) return usual;
  const time = typeof text === 'string' ? parseDuration(text) : undefined;
  if (time === undefined) throw new TypeError(`${path}.${name} must be a time such as 30s`);
  return time;
}

export interface ScenarioInput {
  readonly scenario: Scenario;
  readonly snapshot: Snapshot;
  readonly world: MutableWorld;
  /** Epoch milliseconds. */
  readonly start: number;
  /** A request of the scenario as facts. */
  readonly readFacts: (request: Readonly<Record<string, unknown>>) => Facts;
}

export function runScenario({ scenario, snapshot, world, start, readFacts }: ScenarioInput): Timeline {
  const arrivals = scenario.arrivals.flatMap(({ request, from, every, count }): readonly Arrival[] => {
    const facts = readFacts(request);
    return Array.from({ length: count }, (_, index) => ({ at: start + from + index * every, facts }));
  });
  const watcher = watchStates(world, start);
  const ends = simulate({
    snapshot,
    world: watcher.world,
    arrivals,
    upstream: (call) => answer(call, scenario.phases, start),
    seed: scenario.seed,
  });
  const requests = ends
    .map(({ at, facts, ended, attempts, end, fault }): TimelineRequest => ({
      at: at - start,
      model: facts.model,
      ended: ended - start,
      outcome: end.kind === 'served' && fault === undefined ? end.attempt.target : (fault ?? end.kind),
      attempts: attempts.map((one) => describe(one, start)),
    }))
    .sort((a, b) => a.at - b.at);
  const length = Math.max(0, ...requests.map(({ ended }) => ended));
  return { requests, states: watcher.states(), length };
}

function describe({ attempt, at, held, end }: CourseAttempt, start: number) {
  const { target, connection } = attempt;
  return { at: at - start, target, connection: connection.key, end: held ? `held: ${held}` : (end ?? '') };
}

function answer(
  { attempt, facts, now }: SimulatedCall,
  phases: readonly Phase[],
  start: number,
): UpstreamAnswer {
  const { provider, connection, target } = attempt;
  const names = [provider.id, connection.key, target];
  // The last phase that fits wins, so that an outage can stand behind the rule.
  const phase = phases.findLast(
    ({ upstream, from, until }) => names.includes(upstream) && now - start >= from && now - start < until,
  );
  return readOutcome(phase?.answer ?? 'ok', facts.stream, phase ?? { firstToken: 300, takes: 1000 });
}

/** Notes, after every event, which breakers and rests have begun; each ends when it said it would, or is lifted. */
function watchStates(world: MutableWorld, start: number) {
  const states = new Map<string, TimelineState>();
  const look = (now: number): void => {
    const report = world.report(now);
    const seen = new Set<string>();
    const note = (kind: TimelineState['kind'], id: string, since: number, until: number): void => {
      const name = `${kind} ${id} ${since}`;
      seen.add(name);
      states.set(name, { kind, id, from: since - start, until: until - start });
    };
    for (const { connection, model, since, until } of report.cooldowns)
      note(
        'cooldown',
        model === undefined ? connection : `${connection} ${model}`,
        since,
        until ?? now + 86_400_000,
      );
    for (const { id, since, opens, state } of report.breakers)
      if (state !== 'closed' && since !== undefined) note('breaker', id, since, opens ?? now);
    for (const [name, state] of states)
      if (!seen.has(name) && state.until > now - start) states.set(name, { ...state, until: now - start });
  };
  const watched: MutableWorld = {
    ...world,
    record: (event, now) => {
      world.record(event, now);
      look(now);
    },
  };
  return { world: watched, states: () => [...states.values()].sort((a, b) => a.from - b.from) };
}

export function renderTimeline({ requests, states }: Timeline): string {
  const lines = requests.flatMap(({ at, model, outcome, ended, attempts }) => [
    `${time(at)}  ${model} → ${outcome} (${renderDuration(ended - at)})`,
    ...attempts.map((one) => `${time(one.at)}    ${one.target} as ${one.connection}: ${one.end}`),
  ]);
  const kept = states.map(
    ({ kind, id, from, until }) => `${time(from)}  ${kind} ${id} until ${time(until).trim()}`,
  );
  return [...lines, ...(kept.length === 0 ? [] : ['', 'what was left alone', ...kept])].join('\n');
}

function time(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`.padStart(11);
}
