// Which rules, targets, strategies and names of a configuration its tests have touched, and which none has.
import { renderPosition, type SourcePosition } from '../../diagnostics.ts';
import type { Attempt } from '../decision.ts';
import { explainTree, type ExplainNode } from '../explain.ts';
import { renderTarget } from '../resolve.ts';
import type { Combo, Snapshot } from '../snapshot.ts';
import type { TestResult, TestRun } from '../test-runner.ts';

export const coverageKinds = ['rule', 'budget', 'key', 'alias', 'combo', 'target', 'strategy'] as const;
export type CoverageKind = (typeof coverageKinds)[number];

export interface CoverageItem {
  readonly kind: CoverageKind;
  readonly name: string;
  readonly at?: string;
  /** Names of the tests that touched it. */
  readonly tests: readonly string[];
}

export interface Coverage {
  readonly items: readonly CoverageItem[];
  readonly touched: number;
  readonly total: number;
}

export function measureCoverage(snapshot: Snapshot, results: readonly TestResult[]): Coverage {
  const touched = new Map<string, string[]>();
  for (const { name, run } of results) {
    for (const id of new Set(listTouched(run, snapshot))) touched.set(id, [...(touched.get(id) ?? []), name]);
  }
  const items = listItems(snapshot).map(({ kind, name, at }): CoverageItem => ({
    kind,
    name,
    ...(at && { at: renderPosition(at) }),
    tests: touched.get(idOf(kind, name)) ?? [],
  }));
  return { items, touched: items.filter(({ tests }) => tests.length > 0).length, total: items.length };
}

interface Item {
  readonly kind: CoverageKind;
  readonly name: string;
  readonly at?: SourcePosition | undefined;
}

function listItems({ policies, budgets, keys, aliases, globs, combos }: Snapshot): readonly Item[] {
  const strategies = new Map(combos.values().map((combo) => [combo.strategy, combo.at]));
  return [
    ...policies.policies.map(({ id, at }): Item => ({ kind: 'rule', name: id, at })),
    ...budgets.map(({ id, at }): Item => ({ kind: 'budget', name: id, at })),
    ...keys.values().map(({ id, at }): Item => ({ kind: 'key', name: id, at })),
    ...aliases.values().map(({ name, at }): Item => ({ kind: 'alias', name, at })),
    ...globs.entries().map(({ pattern, at }): Item => ({ kind: 'alias', name: pattern, at })),
    ...combos.values().flatMap((combo): readonly Item[] => [
      { kind: 'combo', name: combo.name, at: combo.at },
      ...listTargets(combo).map((target): Item => ({
        kind: 'target',
        name: `${combo.name} → ${renderTarget(target)}`,
        at: target.at,
      })),
    ]),
    ...[...strategies].map(([name, at]): Item => ({ kind: 'strategy', name, at })),
  ];
}

function listTargets({ targets, onContextOverflow = [], onContentPolicy = [] }: Combo) {
  const seen = new Set<string>();
  return [...targets, ...onContextOverflow, ...onContentPolicy].filter((target) => {
    const name = renderTarget(target);
    return !seen.has(name) && seen.add(name);
  });
}

function* listTouched(run: TestRun, snapshot: Snapshot): Generator<string> {
  const { facts, reasons, course, charges } = run;
  for (const id of charges) yield idOf('budget', id);
  if (facts.principal.key !== undefined) yield idOf('key', facts.principal.key);
  for (const { code, rule, at } of reasons) {
    if (rule !== undefined) yield idOf(code.startsWith('budget-') ? 'budget' : 'rule', rule);
    if (code === 'alias') yield* named(snapshot.aliases.values(), at, ({ name }) => name);
    if (code === 'alias-glob') yield* named(snapshot.globs.entries(), at, ({ pattern }) => pattern);
  }
  if (!course) return;
  // The tree says under which combos a candidate stands; what was tried because of a failure stands in none.
  const tree = explainTree(course.decision, snapshot);
  if (tree) yield* walk(tree, snapshot);
  const planned = course.decision.kind === 'route' ? course.decision.attempts : [];
  const combo = tree?.kind === 'combo' ? snapshot.combos.get(tree.name) : undefined;
  for (const { attempt } of course.attempts) {
    if (combo && !planned.includes(attempt)) yield* fallback(combo, attempt, snapshot);
  }
}

function* walk(node: ExplainNode, snapshot: Snapshot): Generator<string> {
  if (node.kind !== 'combo' || node.places.length === 0) return;
  yield idOf('combo', node.name);
  const strategy = snapshot.combos.get(node.name)?.strategy;
  if (strategy !== undefined) yield idOf('strategy', strategy);
  for (const child of node.children) {
    if (child.places.length === 0) continue;
    yield idOf('target', `${node.name} → ${child.name}`);
    yield* walk(child, snapshot);
  }
}

function* fallback(combo: Combo, attempt: Attempt, snapshot: Snapshot): Generator<string> {
  for (const target of [...(combo.onContextOverflow ?? []), ...(combo.onContentPolicy ?? [])]) {
    const inner = target.kind === 'combo' ? snapshot.combos.get(target.combo) : undefined;
    const names = inner ? inner.targets.map(renderTarget) : [renderTarget(target)];
    if (!names.includes(attempt.target)) continue;
    yield idOf('target', `${combo.name} → ${renderTarget(target)}`);
    if (inner) yield idOf('combo', inner.name);
    if (inner) yield idOf('target', `${inner.name} → ${attempt.target}`);
  }
}

function* named<Entry extends { readonly at?: SourcePosition | undefined }>(
  entries: readonly Entry[],
  at: SourcePosition | undefined,
  nameOf: (entry: Entry) => string,
): Generator<string> {
  for (const entry of entries) if (at !== undefined && entry.at === at) yield idOf('alias', nameOf(entry));
}

function idOf(kind: CoverageKind, name: string): string {
  return `${kind} ${name}`;
}
