// The routes about what happens inside: sessions, combos, models. Each is a function of what the server wires.
import { GatewayError } from '../errors.ts';
import { isObject, parseJson } from '../lib/json.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { MutableWorld } from '../routing/world/world.ts';
import type { ComboMetrics } from './combo-metrics.ts';
import { checkModel, listUnavailable } from './views/availability.ts';
import { viewSessions } from './views/sessions.ts';

export interface Insight {
  readonly snapshot: Snapshot;
  readonly world: MutableWorld;
  readonly combos: ComboMetrics;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly query: URLSearchParams;
  text(): Promise<string>;
}

type Page = (insight: Insight) => Promise<unknown> | unknown;

export const insightPages: readonly (readonly ['GET' | 'POST' | 'DELETE', string, Page])[] = [
  ['GET', '/api/sessions', ({ snapshot, world, now }) => viewSessions(snapshot, world, now)],
  ['GET', '/api/combos/metrics', viewCombos],
  ['DELETE', '/api/combos/metrics', resetCombos],
  ['GET', '/api/models/availability', viewAvailability],
  ['POST', '/api/models/availability', postAvailability],
];

function viewCombos({ combos, query, snapshot }: Insight): unknown {
  const figures = combos.view();
  const named = query.get('combo');
  if (named === null) return { metrics: withStrategies(figures, snapshot) };
  if (!Object.hasOwn(figures, named))
    return { metrics: null, message: `No request for the combo "${named}" yet.` };
  return { metrics: { ...figures[named], strategy: snapshot.combos.get(named)?.strategy ?? null } };
}

function withStrategies(
  figures: ReturnType<ComboMetrics['view']>,
  { combos }: Snapshot,
): Readonly<Record<string, unknown>> {
  const shown = Object.create(null) as Record<string, unknown>;
  for (const [name, one] of Object.entries(figures))
    shown[name] = { ...one, strategy: combos.get(name)?.strategy ?? null };
  return shown;
}

function resetCombos({ combos, query }: Insight): unknown {
  const named = query.get('combo') ?? undefined;
  const any = combos.reset(named);
  return {
    success: true,
    message: any ? `Metrics of ${named ?? 'all combos'} were reset.` : 'There was nothing to reset.',
  };
}

function viewAvailability({ snapshot, world, now }: Insight): unknown {
  const rests = world
    .report(now)
    .cooldowns.flatMap(({ connection, model }) =>
      model === undefined ? [] : [[connection, model] as const],
    );
  return listUnavailable(snapshot, world, rests, now);
}

/** `{model}` asks who can serve it; `{provider, model}` clears the rests of that model at that provider. */
async function postAvailability({ snapshot, world, now, text }: Insight): Promise<unknown> {
  const body = parseJson(await text());
  if (!isObject(body) || typeof body.model !== 'string' || body.model === '') {
    throw new GatewayError(
      'invalid_body',
      'Send {"model"} to check it, or {"provider", "model"} to clear its rests.',
      { param: 'model' },
    );
  }
  const { model, provider: name } = body;
  if (name === undefined) return checkModel(snapshot, world, model, now);
  const provider = typeof name === 'string' ? snapshot.prefixes.get(name) : undefined;
  if (!provider) throw new GatewayError('not_found', `There is no provider "${String(name).slice(0, 100)}".`);
  let removed = false;
  for (const { key } of provider.connections) {
    removed ||= world.cooldown(key, model, now) !== undefined;
    world.record({ kind: 'account-cleared', connection: key, model }, now);
  }
  return { success: true, removed };
}
