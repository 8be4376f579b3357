// Stored requests → tests: what really came in, without anything that anybody wrote, each kind of request once.
import { isObject, parseJson } from '../lib/json.ts';
import type { Reason } from './decision.ts';
import type { UsageRow } from './ports.ts';
import type { ReasonCode } from './reasons.ts';
import { readStoredAttempts, readStoredReasons } from './stored.ts';

/** A test as the file writes it. */
export interface RecordedTest {
  /** Epoch milliseconds of the first of its requests. */
  readonly at: number;
  readonly name: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly given?: Readonly<Record<string, unknown>>;
  readonly outcomes?: readonly (string | number)[];
  readonly expect: Readonly<Record<string, unknown>>;
}

const features = {
  hasTools: 'tools',
  hasImages: 'images',
  hasAudio: 'audio',
  hasFiles: 'files',
  hasReasoning: 'reasoning',
  hasResponseSchema: 'responseSchema',
} as const;

/**
 * One test for each request, key and course that differ; sizes are rounded, so that nearly equal prompts are one. Rows of
 * requests that must leave no trace hold no name and are left out.
 */
export function recordTests(rows: readonly UsageRow[]): readonly RecordedTest[] {
  const found = new Map<string, { readonly test: Draft; readonly at: number; count: number }>();
  for (const row of rows) {
    if (row.requestedModel === '' || row.errorCode === 'client_closed_request') continue;
    const test = describe(row);
    const id = JSON.stringify(test);
    const known = found.get(id);
    if (known) known.count++;
    else found.set(id, { test, at: row.at, count: 1 });
  }
  const names = new Set<string>();
  return [...found.values()].map(({ test, at, count }) => ({
    name: nameOf(test, count, names),
    at,
    ...test,
  }));
}

type Draft = Omit<RecordedTest, 'name' | 'at'>;

/** The same test at the time of its requests, for rules that go by the clock. */
export function dateTest(test: RecordedTest): RecordedTest {
  return { ...test, given: { ...test.given, time: new Date(test.at).toISOString() } };
}

function describe(row: UsageRow): Draft {
  const stored = parseJson(row.facts);
  const facts: Readonly<Record<string, unknown>> = isObject(stored) ? stored : {};
  const uses = Object.entries(features).flatMap(([fact, name]) => (facts[fact] === true ? [name] : []));
  const { inputTokens, maxOutputTokens, messageCount, metadata } = facts;
  const request = {
    model: row.requestedModel,
    ...(row.key !== null && { key: row.key }),
    ...(row.protocol !== 'openai-chat' && { protocol: row.protocol }),
    ...(row.operation !== 'chat' && { operation: row.operation }),
    ...(row.stream && { stream: true }),
    ...(typeof inputTokens === 'number' && inputTokens > 100 && { inputTokens: round(inputTokens) }),
    ...(typeof maxOutputTokens === 'number' && { maxOutputTokens: round(maxOutputTokens) }),
    ...(typeof messageCount === 'number' && messageCount > 1 && { messages: round(messageCount) }),
    ...(uses.length > 0 && { features: uses }),
    // Rows hold it only where a rule reads it.
    ...(isObject(metadata) && Object.keys(metadata).length > 0 && { metadata }),
  };
  const attempts = readStoredAttempts(row);
  const reasons = readStoredReasons(row);
  const world = readWorld(reasons, row.at);
  const given = Object.keys(world).length === 0 ? {} : { given: world };
  if (attempts.length === 0) {
    return {
      request,
      ...given,
      expect: row.errorCode === null ? { status: row.status } : { refusal: row.errorCode },
    };
  }
  const outcomes = attempts.map(({ class: failed, status }) => {
    if (failed === undefined) return 'ok';
    if (failed === 'context_length') return 'too-long';
    if (failed === 'content_policy') return 'blocked';
    if (failed === 'connection' || failed === 'timeout') return failed;
    return status ?? 'cut';
  });
  const targets = attempts.map(({ target }) => target);
  // What was drawn, or what an earlier turn has led to, cannot be said in advance.
  if (reasons.some(isDrawn)) return { request, ...given, outcomes, expect: { status: row.status } };
  const simple = outcomes.length === 1 && outcomes[0] === 'ok';
  return {
    request,
    ...given,
    ...(!simple && { outcomes }),
    expect: simple ? { target: targets[0] } : { attempts: targets, status: row.status },
  };
}

/** Whether the order was drawn, or led to by an earlier turn, so that nobody can say it in advance. */
export function isDrawn({ code, message }: Reason): boolean {
  return code === 'session-kept' || (code === 'strategy' && !message.startsWith('priority:'));
}

/** What a candidate was left out for, as the state of a world in which it would be left out again. */
const states: Readonly<Partial<Record<ReasonCode, readonly [section: string, state: unknown]>>> = {
  cooling: ['cooldowns', '1m'],
  'breaker-open': ['breakers', 'open'],
  'quota-spent': ['quota', 1],
  'no-credential': ['credentials', false],
};

function readWorld(reasons: readonly Reason[], at: number): Readonly<Record<string, unknown>> {
  const world: Record<string, Record<string, unknown> | string> = {};
  for (const { code, connection: account, rule } of reasons) {
    // Rows do not say how much was spent; more than any budget has.
    if (code === 'budget-exceeded' && rule !== undefined)
      world['spend'] = { ...(world['spend'] as object | undefined), [rule]: 1_000_000_000 };
    const state = states[code];
    if (state && account !== undefined) {
      const [section, value] = state;
      const known = world[section];
      world[section] = { ...(typeof known === 'object' ? known : {}), [account]: value };
    }
    if (code === 'schedule') world['time'] = new Date(at).toISOString();
  }
  return world;
}

/** To two digits. */
function round(tokens: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(tokens)) - 1);
  return Math.round(tokens / unit) * unit;
}

function nameOf({ request, outcomes, expect }: Draft, count: number, taken: Set<string>): string {
  const end =
    expect['refusal'] === undefined
      ? `ends at ${lastOf(expect)}`
      : `is refused: ${String(expect['refusal'])}`;
  const course = outcomes ? ` after ${outcomes.filter((word) => word !== 'ok').join(', ')}` : '';
  const who = request['key'] === undefined ? '' : ` with ${String(request['key'])}`;
  const base = `${String(request['model'])}${who} ${end}${course} (${count}×)`.slice(0, 280);
  let name = base;
  for (let index = 2; taken.has(name); index++) name = `${base} ${index}`;
  taken.add(name);
  return name;
}

function lastOf({ target, attempts, status }: RecordedTest['expect']): string {
  if (typeof target === 'string') return target;
  return Array.isArray(attempts) ? String(attempts.at(-1)) : `status ${String(status)}`;
}

/** The text of a `*.test.yaml`; every line is JSON, which is YAML too. */
export function renderRecorded(tests: readonly RecordedTest[]): string {
  const lines = tests.flatMap(({ name, request, given, outcomes, expect }) => [
    `  - name: ${JSON.stringify(name)}`,
    `    request: ${JSON.stringify(request)}`,
    ...(given ? [`    given: ${JSON.stringify(given)}`] : []),
    ...(outcomes ? [`    outcomes: ${JSON.stringify(outcomes)}`] : []),
    `    expect: ${JSON.stringify(expect)}`,
  ]);
  return [
    '# Recorded from real traffic: facts only, no prompt and no answer.',
    'version: 1',
    tests.length === 0 ? 'tests: []' : 'tests:',
    ...lines,
  ]
    .concat('')
    .join('\n');
}
