// `aliases` and `combos` → one namespace of targets: chains followed, nesting bounded, circles refused.
import type { ResolvedCombo, ResolvedTarget } from '../../config/generated/types.ts';
import { parseDuration } from '../../lib/duration.ts';
import { isGlob } from '../../lib/glob.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { findNearest } from '../../lib/nearest.ts';
import { indexProviders } from '../assemble.ts';
import { compileExpression } from '../expressions.ts';
import { createGlobIndex } from '../globs.ts';
import { resolveName, type NameTable } from '../resolve.ts';
import { parseSchedule } from '../schedule.ts';
import {
  createLookup,
  type AutoOptions,
  type Condition,
  type GlobAlias,
  type Opening,
  type Target,
} from '../snapshot.ts';
import { autoPacks } from '../strategies/auto-weights.ts';
import { findStrategy } from '../strategies/registry.ts';
import type { CompileContext, CompileStep } from './context.ts';

export const compileNames: CompileStep = (context) => {
  const resolver = createResolver(context);
  for (const [name, target] of Object.entries(context.config.aliases)) {
    const pointer = renderPointer(['aliases', name]);
    if (Object.hasOwn(context.config.combos, name)) {
      context.report('compile/name-taken', pointer, `"${name}" is also a combo`);
    } else if (!isGlob(name)) {
      const found = resolver.find(target, pointer, [name]);
      if (found) context.draft.aliases.push({ name, target: found, at: context.at(pointer, 'key') });
    }
  }
  context.draft.globs.push(...resolver.globs);
  for (const name of Object.keys(context.config.combos)) compileCombo(name, resolver, context);
  checkNesting(context);
};

interface Resolver {
  /** The target behind a name of the file; `path` holds the aliases that led here. */
  find(name: string, pointer: string, path: readonly string[]): Target | undefined;
  readonly globs: readonly GlobAlias[];
}

function createResolver(context: CompileContext): Resolver {
  const { config, draft, report } = context;
  const nothing = createLookup<never>([]);
  const table: NameTable = {
    ...indexProviders(draft.providers),
    combos: nothing,
    aliases: nothing,
    globs: createGlobIndex<GlobAlias>([]),
  };
  const withGlobs = (): NameTable => ({ ...table, globs: createGlobIndex(globs) });
  let full: NameTable | undefined;

  function find(name: string, pointer: string, path: readonly string[]): Target | undefined {
    if (isUsable(name, context)) return { kind: 'combo', combo: name, weight: 1 };
    if (Object.hasOwn(config.aliases, name) && !isGlob(name)) {
      if (path.includes(name)) {
        report('compile/cycle', pointer, `the aliases lead in a circle: ${[...path, name].join(' → ')}`);
        return undefined;
      }
      return find(config.aliases[name]!, pointer, [...path, name]);
    }
    full ??= withGlobs();
    const found = resolveName(name, full, () => true);
    if (found.kind === 'resolved') {
      return found.suffixes.length > 0 ? { ...found.target, suffixes: found.suffixes } : found.target;
    }
    if (found.kind === 'ambiguous') report('compile/ambiguous-name', pointer, found.reason.message);
    else
      report(
        'compile/unknown-name',
        pointer,
        `"${name}" leads nowhere: ${found.reason.message}`,
        suggest(name, context),
      );
    return undefined;
  }

  const globs: GlobAlias[] = [];
  for (const [pattern, target] of Object.entries(config.aliases)) {
    if (!isGlob(pattern)) continue;
    const pointer = renderPointer(['aliases', pattern]);
    const found = target.includes('*') ? findTemplate(target, pointer) : find(target, pointer, [pattern]);
    if (found) globs.push({ pattern, target: found, at: context.at(pointer, 'key') });
  }
  full = undefined;
  return { find, globs };

  function findTemplate(text: string, pointer: string): Target | undefined {
    const slash = text.indexOf('/');
    const provider = slash > 0 ? table.prefixes.get(text.slice(0, slash)) : undefined;
    if (provider) return { kind: 'model', provider: provider.id, model: text.slice(slash + 1), weight: 1 };
    report(
      'compile/glob-target',
      pointer,
      `"${text}" keeps what the pattern matched, but names no declared provider`,
    );
    return undefined;
  }
}

// A combo that is switched off or empty counts as absent.
function isUsable(name: string, { config }: CompileContext): boolean {
  const combo = Object.hasOwn(config.combos, name) ? config.combos[name] : undefined;
  return combo !== undefined && combo.enabled && combo.targets.length > 0;
}

function compileCombo(name: string, resolver: Resolver, context: CompileContext): void {
  const { config, draft, at, report } = context;
  const combo = config.combos[name]!;
  if (!isUsable(name, context)) return;
  const pointer = renderPointer(['combos', name]);
  const strategy = findStrategy(combo.strategy);
  if (!strategy)
    report(
      'compile/unknown-strategy',
      `${pointer}/strategy`,
      `the strategy "${combo.strategy}" is not built yet`,
    );
  for (const fact of strategy?.demands ?? []) draft.demands.add(fact);
  const targets = combo.targets.flatMap((target, index) => {
    const compiled = compileTarget(target, `${pointer}/targets/${index}`, resolver, context);
    return compiled ? [compiled] : [];
  });
  const resolveList = (list: 'onContextOverflow' | 'onContentPolicy') =>
    combo[list].flatMap((target, index) => resolver.find(target, `${pointer}/${list}/${index}`, []) ?? []);
  const [onContextOverflow, onContentPolicy] = [
    resolveList('onContextOverflow'),
    resolveList('onContentPolicy'),
  ];
  draft.combos.push({
    name,
    strategy: combo.strategy,
    targets,
    order: combo.order,
    stickBy: combo.stickBy,
    ...(onContextOverflow.length > 0 && { onContextOverflow }),
    ...(onContentPolicy.length > 0 && { onContentPolicy }),
    ...(combo.maxConcurrent !== undefined && { maxConcurrent: combo.maxConcurrent }),
    queueTimeout: parseDuration(combo.queueTimeout) ?? 0,
    ...(combo.strategy === 'auto' && { auto: compileAuto(combo.auto) }),
    at: at(pointer, 'key'),
  });
}

function compileAuto(options: ResolvedCombo['auto']): AutoOptions {
  const { pack = 'balanced', weights = {}, exploration = 0.05, budgetCap } = options ?? {};
  return {
    weights: { ...autoPacks[pack], ...weights },
    exploration,
    // US dollars → nano-USD.
    ...(budgetCap !== undefined && { budgetCap: Math.round(budgetCap * 1e9) }),
  };
}

function compileTarget(
  { model, weight, when, schedule, connections }: ResolvedTarget,
  pointer: string,
  resolver: Resolver,
  context: CompileContext,
): Target | undefined {
  // A bare string stands for `{ model }`: its place is the entry itself.
  const place = context.at(`${pointer}/model`) ?? context.at(pointer);
  const found = resolver.find(model, pointer, []);
  const condition = when === undefined ? undefined : compileCondition(when, `${pointer}/when`, context);
  const opening =
    schedule === undefined ? undefined : compileOpening(schedule, `${pointer}/schedule`, context);
  return (
    found && {
      ...found,
      weight,
      ...(condition && { when: condition }),
      ...(opening && { schedule: opening }),
      ...(connections && { connections }),
      at: place,
    }
  );
}

/** A `when` of the file; its facts become demands of the snapshot. */
export function compileCondition(
  text: string,
  pointer: string,
  { draft, report }: CompileContext,
): Condition | undefined {
  const result = compileExpression(text);
  if (!result.ok) {
    for (const { message, suggestion } of result.problems)
      report('compile/expression', pointer, message, suggestion);
    return undefined;
  }
  const { expression } = result;
  for (const fact of expression.demands) draft.demands.add(fact);
  return { text, holds: (facts, now) => expression.evaluate(facts, now) };
}

/** A `schedule` of the file. */
export function compileOpening(
  text: string,
  pointer: string,
  { report }: CompileContext,
): Opening | undefined {
  const result = parseSchedule(text);
  if (result.ok) {
    const { schedule } = result;
    return { text, isOpen: (at) => schedule.isOpen(at), nextChange: (at) => schedule.nextChange(at) };
  }
  for (const { message, suggestion } of result.problems)
    report('compile/schedule', pointer, message, suggestion);
  return undefined;
}

function checkNesting({ config, draft, report }: CompileContext): void {
  const combos = new Map(draft.combos.map((combo) => [combo.name, combo]));
  const depths = new Map<string, number>();
  const measure = (name: string, path: readonly string[]): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const pointer = renderPointer(['combos', name]);
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name].join(' → ');
      report('compile/cycle', pointer, `the combos lead in a circle: ${circle}`);
      return 0;
    }
    let deepest = 0;
    for (const target of combos.get(name)?.targets ?? []) {
      if (target.kind === 'combo') deepest = Math.max(deepest, measure(target.combo, [...path, name]));
    }
    depths.set(name, deepest + 1);
    const most = config.defaults.comboDepth;
    if (deepest + 1 === most + 1)
      report('compile/too-deep', pointer, `combos nest ${deepest + 1} deep here, at most ${most}`);
    return deepest + 1;
  };
  for (const name of combos.keys()) measure(name, []);
}

function suggest(name: string, { config, draft }: CompileContext): string | undefined {
  const slash = name.indexOf('/');
  const rest = slash < 0 ? '' : name.slice(slash);
  const names = [
    ...Object.keys(config.combos),
    ...Object.keys(config.aliases),
    ...draft.providers.flatMap(({ id, prefixes, models }) => [
      ...[id, ...prefixes].map((prefix) => prefix + rest),
      ...(models ?? []).map((model) => `${id}/${model}`),
    ]),
  ];
  const nearest = findNearest(name, names);
  return nearest === undefined ? undefined : `did you mean "${nearest}"?`;
}
