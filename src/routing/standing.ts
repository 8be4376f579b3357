// Plans that stand. Where nothing but the name, the wire and the accounts behind them decided, the next request of that
// kind is decided in the same way, for as long as these accounts can be called: it gets the plan that is already there.
// Nobody states which plans those are; the inquiry has noted what each of them came from.
import type { RoutePlan } from './decision.ts';
import { findConversation, type Asked, type DecideInput, type Inquiry } from './inquiry.ts';
import type { Names } from './policies/evaluate.ts';
import { keepReasons } from './reason-text.ts';
import type { Resolved } from './resolve.ts';
import type { Snapshot } from './snapshot.ts';
import { findObstacle, type Candidate } from './usable.ts';

export interface StandingPlan {
  readonly plan: RoutePlan;
  /** What the name was found to be: whether a caller may use it is asked every time. */
  readonly resolution: Resolved;
  readonly names: Names;
}

interface Kept extends StandingPlan, Omit<Asked, 'model'> {
  readonly noLog: boolean;
  readonly candidates: readonly Candidate[];
}

/** Clients may ask for names without end (`provider/whatever`). */
const mostNames = 1_000;

/** By the name that was asked for; they go with their snapshot. */
const tables = new WeakMap<Snapshot, Map<string, Kept[]>>();

/** The plan for a request, where one stands. */
export function recallPlan(input: DecideInput): StandingPlan | undefined {
  const { snapshot, facts, world, now } = input;
  const kept = find(tables.get(snapshot)?.get(facts.model), facts, facts.principal.noLog);
  if (!kept || facts.principal.connections || findConversation(input)) return undefined;
  for (const candidate of kept.candidates) if (findObstacle(candidate, world, now)) return undefined;
  return kept;
}

/** Lets a plan stand, if what it came from does. From here on nobody can change it. */
export function keepPlan(
  { fleeting, snapshot, asked, caller, candidates }: Inquiry,
  made: StandingPlan,
): void {
  if (fleeting) return;
  let table = tables.get(snapshot);
  if (!table) tables.set(snapshot, (table = new Map()));
  const others = table.get(asked.model);
  if (find(others, asked, caller.noLog)) return;
  if (!others && table.size >= mostNames) table.clear();
  const { attempts, onContextOverflow = [], onContentPolicy = [], reasons } = made.plan;
  for (const list of [attempts, onContextOverflow, onContentPolicy]) list.forEach(Object.freeze);
  for (const part of [attempts, onContextOverflow, onContentPolicy, reasons, made.plan]) Object.freeze(part);
  keepReasons(reasons);
  const { protocol, operation } = asked;
  table.set(asked.model, [
    ...(others ?? []),
    { ...made, protocol, operation, noLog: caller.noLog, candidates },
  ]);
}

function find(
  kept: readonly Kept[] | undefined,
  { protocol, operation }: Asked,
  noLog: boolean,
): Kept | undefined {
  if (!kept) return undefined;
  for (const one of kept) {
    if (one.protocol === protocol && one.operation === operation && one.noLog === noLog) return one;
  }
  return undefined;
}
