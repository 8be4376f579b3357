// GET /api/sessions: conversations that are remembered, and where they are. (Snapshot, World) → JSON.
import type { Snapshot } from '../../routing/snapshot.ts';
import type { World } from '../../routing/world/world.ts';

export interface SessionsView {
  readonly count: number;
  readonly sessions: readonly {
    /** As in X-OmniRoute-Session-Id. */
    readonly sessionId: string;
    /** Id of the client key; null for callers without one. */
    readonly key: string | null;
    /** Epoch milliseconds. */
    readonly createdAt: number;
    readonly lastActive: number;
    readonly requestCount: number;
    /** `provider@connection`. */
    readonly connectionId: string;
    readonly model: string;
    readonly moves: number;
    readonly ageMs: number;
  }[];
  readonly byApiKey: Readonly<Record<string, number>>;
}

export function viewSessions({ sessions: { ttl } }: Snapshot, world: World, now: number): SessionsView {
  const byApiKey = Object.create(null) as Record<string, number>;
  const sessions = world.sessions(now, ttl).map(({ id, connection, target, turns, moves, began, at }) => {
    // Ids of keys hold no blank; what stands before the first one is the key.
    const blank = id.indexOf(' ');
    const key = id.slice(0, blank) || null;
    if (key !== null) byApiKey[key] = (byApiKey[key] ?? 0) + 1;
    return {
      sessionId: id.slice(blank + 1),
      key,
      createdAt: began,
      lastActive: at,
      requestCount: turns,
      connectionId: connection,
      model: target,
      moves,
      ageMs: now - began,
    };
  });
  return { count: sessions.length, sessions, byApiKey };
}
