// What a stored request says of the moment in which it was decided → a world that says the same: which accounts rested,
// which breakers were open, what was used up, which secrets were missing, where its conversation was.
import type { Reason } from './decision.ts';
import type { ReasonCode } from './reasons.ts';
import type { Snapshot } from './snapshot.ts';
import { forever } from './world/cooldown.ts';
import { createWorld } from './world/memory.ts';
import type { World } from './world/world.ts';

/** One thing that kept an account from a target. */
export interface Obstacle {
  readonly code: 'cooling' | 'breaker-open' | 'quota-spent' | 'no-credential';
  readonly connection: string;
  /** `provider/model`. */
  readonly target: string;
  /** Epoch milliseconds. */
  readonly until?: number;
  readonly message: string;
}

const codes: ReadonlySet<ReasonCode> = new Set<Obstacle['code']>([
  'cooling',
  'breaker-open',
  'quota-spent',
  'no-credential',
]);

export function listObstacles(reasons: readonly Reason[]): readonly Obstacle[] {
  return reasons.flatMap(({ code, connection, about, until, message }) => {
    if (!isObstacle(code) || connection === undefined || about === undefined) return [];
    return [{ code, connection, target: about, message, ...(until !== undefined && { until }) }];
  });
}

/** The world of the moment, with these obstacles in it and no others. */
export function createMoment(
  obstacles: readonly Obstacle[],
  reasons: readonly Reason[],
  snapshot: Snapshot,
): World {
  const base = createWorld();
  const find = (code: Obstacle['code'], connection: string, model?: string): Obstacle | undefined =>
    obstacles.find(
      (one) =>
        one.code === code &&
        one.connection === connection &&
        (model === undefined || upstreamModel(one.target, snapshot) === model),
    );
  const full = new Set(
    reasons.flatMap(({ code, counter }) => (code === 'budget-exceeded' ? (counter ?? []) : [])),
  );
  const conversation = reasons.find(({ code }) => code === 'session-kept' || code === 'session-moved');
  return {
    ...base,
    hasCredential: (connection) => !find('no-credential', connection),
    cooldown: (connection, model, now) => {
      const rest = find('cooling', connection, model);
      if (!rest) return undefined;
      // Why it rested stands in the message only.
      const cause = /rests after (\w+)/.exec(rest.message)?.[1] ?? 'upstream';
      return { until: rest.until ?? forever, level: 1, class: cause as never, since: now };
    },
    permit: ({ connection, model }) => (find('breaker-open', connection, model) ? 'wait' : 'pass'),
    opening: ({ connection, model }) => find('breaker-open', connection, model)?.until ?? 0,
    quota: (connection) => {
      const spent = find('quota-spent', connection);
      if (!spent) return undefined;
      const window = /used up "([^"]*)"/.exec(spent.message)?.[1] ?? 'quota';
      const resetAt = spent.until ?? forever;
      return { [window]: { window, used: 1, limit: 1, resetAt, source: 'probe', at: 0 } };
    },
    // How much it was does not matter: there was no room.
    spent: (counter) => (full.has(counter) ? Number.MAX_SAFE_INTEGER : 0),
    session: (_, now) => {
      const { connection, about } = conversation ?? {};
      if (connection === undefined || about === undefined) return undefined;
      return { connection, target: about, turns: 1, moves: 0, began: now, at: now };
    },
  };
}

function isObstacle(code: ReasonCode): code is Obstacle['code'] {
  return codes.has(code);
}

function upstreamModel(target: string, snapshot: Snapshot): string {
  const slash = target.indexOf('/');
  const model = target.slice(slash + 1);
  return snapshot.modelFacts(target.slice(0, slash), model)?.upstreamId ?? model;
}
