// A scenario as a file says it → arrivals and phases with their times as numbers, or everything that is wrong with it.
// Requests and the world are in the words of a test; who reads those is asked.
import { isObject } from '../../lib/json.ts';
import { parseDuration } from '../../lib/duration.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { findNearest } from '../../lib/nearest.ts';

/** How an upstream behaves for a time; times in milliseconds since the start. */
export interface Phase {
  /** Provider, `provider@connection` or `provider/model`. */
  readonly upstream: string;
  readonly from: number;
  readonly until: number;
  readonly answer: string | number;
  readonly firstToken: number;
  readonly takes: number;
  /** Tokens of an answer. */
  readonly outputTokens: number;
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

/** Something that is wrong with a scenario; codes as of the configuration. */
export interface ScenarioFault {
  readonly code:
    | 'schema/type'
    | 'schema/range'
    | 'schema/value'
    | 'schema/unknown-key'
    | 'schema/missing-key';
  readonly pointer: string;
  readonly message: string;
  /** The name of the key is at fault, not its value. */
  readonly part?: 'key';
  readonly suggestion?: string;
}

export interface ReadScenario {
  /** What could be read; absent where that is nothing. To be run only without faults. */
  readonly scenario?: Scenario;
  readonly faults: readonly ScenarioFault[];
}

/** What an upstream does when nothing is said. */
export const usualPhase = { firstToken: 300, takes: 1000, outputTokens: 200 };

const words = ['ok', 'connection', 'timeout', 'cut', 'stall', 'too-long', 'blocked'];
const mostArrivals = 10_000;

type Path = readonly (string | number)[];
type Map = Readonly<Record<string, unknown>>;

export function readScenario(value: unknown): ReadScenario {
  const reader = new Reader();
  const file = reader.map(value, [], ['version', 'config', 'seed', 'given', 'arrivals', 'upstreams']);
  if (!file) return { faults: reader.faults };
  if (file['config'] !== undefined) reader.text(file['config'], ['config']);
  const seed = reader.count(file['seed'] ?? 1, ['seed'], 0, 4_294_967_295);
  const given = reader.map(file['given'] ?? {}, ['given']) ?? {};
  if (file['arrivals'] === undefined) {
    reader.tell('schema/missing-key', [], 'the file lacks arrivals', { part: 'key' });
    return { faults: reader.faults };
  }
  const arrivals = reader
    .list(file['arrivals'], ['arrivals'], 1)
    .map((one, index) => readArrivals(reader, one, ['arrivals', index]));
  const phases = Object.entries(reader.map(file['upstreams'] ?? {}, ['upstreams']) ?? {}).flatMap(
    ([upstream, list]) =>
      reader
        .list(list, ['upstreams', upstream], 0)
        .map((one, index) => readPhase(reader, upstream, one, ['upstreams', upstream, index])),
  );
  const { faults } = reader;
  return { scenario: { seed, given, arrivals, phases }, faults };
}

function readArrivals(reader: Reader, value: unknown, path: Path): ScenarioArrivals {
  const map = reader.map(value, path, ['request', 'from', 'every', 'count']) ?? {};
  if (isObject(value) && map['request'] === undefined)
    reader.tell('schema/missing-key', path, `${render(path)} lacks request`, { part: 'key' });
  return {
    request: reader.map(map['request'] ?? {}, [...path, 'request']) ?? {},
    from: reader.time(map, 'from', 0, path),
    every: reader.time(map, 'every', 1000, path),
    count: reader.count(map['count'] ?? 1, [...path, 'count'], 1, mostArrivals),
  };
}

function readPhase(reader: Reader, upstream: string, value: unknown, path: Path): Phase {
  const known = ['answer', 'from', 'until', 'firstToken', 'takes', 'outputTokens', 'retryAfter'];
  const map = reader.map(value, path, known) ?? {};
  const answer = map['answer'] ?? 'ok';
  const status = typeof answer === 'number' && Number.isInteger(answer) && answer >= 100 && answer < 600;
  if (!status && !words.includes(String(answer))) {
    const message = `${render([...path, 'answer'])} is neither a status nor one of ${words.join(', ')}`;
    reader.tell('schema/value', [...path, 'answer'], message, suggest(String(answer), words));
  }
  const firstToken = reader.time(map, 'firstToken', usualPhase.firstToken, path);
  return {
    upstream,
    from: reader.time(map, 'from', 0, path),
    until: reader.time(map, 'until', Number.POSITIVE_INFINITY, path),
    answer: status ? answer : String(answer),
    firstToken,
    takes: reader.time(map, 'takes', Math.max(firstToken, usualPhase.takes), path),
    outputTokens: reader.count(
      map['outputTokens'] ?? usualPhase.outputTokens,
      [...path, 'outputTokens'],
      0,
      100_000_000,
    ),
    ...(map['retryAfter'] !== undefined && { retryAfter: reader.time(map, 'retryAfter', 0, path) }),
  };
}

/** Collects what is wrong and goes on with something harmless, so that all of it is told at once. */
class Reader {
  readonly faults: ScenarioFault[] = [];

  tell(
    code: ScenarioFault['code'],
    path: Path,
    message: string,
    more: Pick<ScenarioFault, 'part' | 'suggestion'> = {},
  ): void {
    this.faults.push({ code, pointer: renderPointer(path), message, ...more });
  }

  /** With `known`, every other key is a fault. */
  map(value: unknown, path: Path, known?: readonly string[]): Map | undefined {
    if (!isObject(value)) {
      this.tell('schema/type', path, `${render(path)} must be a map`);
      return undefined;
    }
    for (const name of known ? Object.keys(value).filter((key) => !known.includes(key)) : []) {
      const message = `unknown key "${name}"${path.length === 0 ? '' : ` in ${render(path)}`}`;
      const hint = suggest(name, known!) ?? { suggestion: `known keys are ${known!.join(', ')}` };
      this.tell('schema/unknown-key', [...path, name], message, { part: 'key', ...hint });
    }
    return value;
  }

  list(value: unknown, path: Path, least: number): readonly unknown[] {
    if (!Array.isArray(value)) this.tell('schema/type', path, `${render(path)} must be a list`);
    else if (value.length < least) this.tell('schema/range', path, `${render(path)} is empty`);
    return Array.isArray(value) ? value : [];
  }

  text(value: unknown, path: Path): void {
    if (typeof value !== 'string') this.tell('schema/type', path, `${render(path)} must be a text`);
  }

  count(value: unknown, path: Path, least: number, most: number): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    const message = `${render(path)} must be a whole number from ${least} to ${most}`;
    this.tell(typeof value === 'number' ? 'schema/range' : 'schema/type', path, message);
    return least;
  }

  time(map: Map, name: string, usual: number, path: Path): number {
    const text = map[name];
    if (text === undefined) return usual;
    const time = typeof text === 'string' ? parseDuration(text) : undefined;
    if (time !== undefined) return time;
    const place = [...path, name];
    this.tell('schema/type', place, `${render(place)} must be a time such as 30s`);
    return usual;
  }
}

function suggest(name: string, known: readonly string[]): { readonly suggestion: string } | undefined {
  const nearest = findNearest(name, known);
  return nearest === undefined ? undefined : { suggestion: `did you mean "${nearest}"?` };
}

/** `arrivals[0].every`. */
function render(path: Path): string {
  if (path.length === 0) return 'a scenario';
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}
