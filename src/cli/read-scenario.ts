// A scenario file → what can be run, or every fault of it with its line: its own shape, its requests and its world as
// tests would write them, and the names of the configuration that it is about.
import { catalog } from '../catalog/catalog.ts';
import { readPlain } from '../config/plain-file.ts';
import { readTestData } from '../config/test-file.ts';
import type { ResolvedConfig, ResolvedTest } from '../config/generated/types.ts';
import { compareDiagnostics, hasErrors, type Diagnostic, type Locate } from '../diagnostics.ts';
import { renderPointer } from '../lib/json-pointer.ts';
import { checkRouting } from '../routing/checks/index.ts';
import type { Given } from '../routing/testing/given.ts';
import { readScenario, type Scenario } from '../routing/testing/scenario-file.ts';

export interface OpenScenario {
  /** Absent when the file itself is at fault. */
  readonly scenario?: Scenario;
  /** The configuration that it names. */
  readonly config?: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Asks whether all that it names is there. */
  check(config: ResolvedConfig): CheckedScenario;
}

export interface CheckedScenario {
  readonly ready?: { readonly given: Given; readonly tests: ReadonlyMap<Request, ResolvedTest> };
  readonly diagnostics: readonly Diagnostic[];
}

type Request = Scenario['arrivals'][number]['request'];

export function openScenario(name: string, text: string): OpenScenario {
  const { value, diagnostics, locate } = readPlain(name, text);
  const nothing = { check: () => ({ diagnostics: [] }) };
  if (value === undefined || hasErrors(diagnostics)) {
    const message = 'a scenario is a map with arrivals and upstreams';
    const at = { file: name, line: 1, column: 1, endLine: 1, endColumn: 2 };
    const empty: Diagnostic = { code: 'schema/type', severity: 'error', message, pointer: '', at };
    return { ...nothing, diagnostics: diagnostics.length > 0 ? diagnostics : [empty] };
  }
  const { scenario, faults } = readScenario(value);
  const told = faults.map(({ code, message, pointer, part, suggestion }): Diagnostic => {
    const at = findPlace(locate, pointer, part);
    const hint = suggestion === undefined ? {} : { suggestion };
    return { code, severity: 'error', message, pointer, ...(at && { at }), ...hint };
  });
  if (!scenario) return { ...nothing, diagnostics: told };
  const { tests, diagnostics: unread } = readRequests(scenario, locate);
  const places = new Set(told.map(({ pointer }) => pointer));
  const all = [...told, ...unread.filter(({ pointer }) => !places.has(pointer))].sort(compareDiagnostics);
  if (all.length > 0) return { ...nothing, diagnostics: all };
  const { config } = value;
  return {
    scenario,
    ...(typeof config === 'string' && { config }),
    diagnostics: [],
    check: (resolved) => checkNames(scenario, tests, resolved, locate),
  };
}

function readRequests({ arrivals, given }: Scenario, locate: Locate) {
  const tests = new Map<Request, ResolvedTest>();
  const diagnostics: Diagnostic[] = [];
  for (const [index, { request }] of arrivals.entries()) {
    const draft = { name: `arrival ${index}`, request, given, expect: { status: 200 } };
    const { test, diagnostics: found } = readTestData(draft);
    if (test) tests.set(request, test);
    diagnostics.push(...found.map((one) => move(one, 0, toScenario(index), locate)));
  }
  // What is wrong with the world is wrong for every arrival, and told once.
  const seen = new Set<string>();
  return {
    tests,
    diagnostics: diagnostics.filter(({ pointer = '' }) => !seen.has(pointer) && seen.add(pointer)),
  };
}

function toScenario(index: number): (path: string) => string {
  return (path) => (path.startsWith('/request') ? `/arrivals/${index}${path}` : path);
}

function checkNames(
  { phases }: Scenario,
  tests: ReadonlyMap<Request, ResolvedTest>,
  config: ResolvedConfig,
  locate: Locate,
): CheckedScenario {
  const all = [...tests.values()];
  const [first] = all;
  const upstreams = [...new Set(phases.map(({ upstream }) => upstream))];
  // Upstreams are named as the states of a world are: the same check answers for both.
  const breakers = Object.fromEntries(upstreams.map((name) => [name, 'open' as const]));
  const world: ResolvedTest = { ...first!, given: { ...first!.given, breakers } };
  const asked = [...all, world].map((test) => ({ ...test, expect: { status: 200 } }));
  const found = checkRouting({
    config: { ...config, tests: asked },
    catalog,
    locate: () => undefined,
    now: Date.now(),
  });
  const diagnostics = found.flatMap((one): readonly Diagnostic[] => {
    const index = Number(/^\/tests\/(\d+)\//.exec(one.pointer ?? '')?.[1] ?? Number.NaN);
    if (Number.isNaN(index) || one.severity !== 'error') return [];
    if (index < all.length) return [move(one, index, toScenario(index), locate)];
    if (one.pointer?.includes('/given/breakers/') !== true) return [];
    return [move(one, index, (path) => path.replace('/given/breakers', '/upstreams'), locate)];
  });
  const seen = new Set<string>();
  const once = diagnostics.filter(({ pointer = '' }) => !seen.has(pointer) && seen.add(pointer));
  return once.length > 0 ? { diagnostics: once } : { ready: { given: first!.given, tests }, diagnostics: [] };
}

/** A fault of a made-up test at its place in the scenario. */
function move(one: Diagnostic, index: number, to: (path: string) => string, locate: Locate): Diagnostic {
  const base = renderPointer(['tests', index]);
  const { at: _, pointer: old = base, ...rest } = one;
  const pointer = to(old.slice(base.length));
  const at = findPlace(
    locate,
    pointer,
    /\/(breakers|cooldowns|usage|upstreams)\/[^/]+$/.test(pointer) ? 'key' : undefined,
  );
  return {
    ...rest,
    message: rest.message.replaceAll(
      `tests[${index}].`,
      pointer.startsWith('/arrivals') ? `${pathOf(pointer)}.` : '',
    ),
    pointer,
    ...(at && { at }),
  };
}

function pathOf(pointer: string): string {
  return `arrivals[${pointer.split('/')[2] ?? ''}]`;
}

/** The value or key itself, else the nearest thing around it; of blocks only where they begin. */
function findPlace(locate: Locate, pointer: string, part?: 'key' | 'value'): ReturnType<Locate> {
  for (let rest = pointer; ; rest = rest.slice(0, rest.lastIndexOf('/'))) {
    const at = locate(rest, rest === pointer ? part : undefined) ?? locate(rest, 'key');
    if (at && at.line === at.endLine) return at;
    const key = locate(rest, 'key');
    if (key) return key;
    if (rest === '') return at;
  }
}
