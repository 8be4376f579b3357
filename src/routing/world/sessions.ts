// Conversations and where they were served last: that account holds their prompt cache, so that is where they go again.
// Bounded: the conversation that was quiet for longest is forgotten first.
import { update, type SliceTable } from './slices.ts';

export interface Session {
  /** `provider@connection`. */
  readonly connection: string;
  /** `provider/model`. */
  readonly target: string;
  /** Answers so far, and how often the conversation had to move. */
  readonly turns: number;
  readonly moves: number;
  /** Epoch milliseconds. */
  readonly began: number;
  readonly at: number;
}

/** More conversations than one instance serves in half an hour; each costs about 200 bytes. */
export const mostSessions = 10_000;

export interface SessionServed {
  /** Unique across keys; see `sessionIdOf`. */
  readonly session: string;
  readonly connection: string;
  readonly target: string;
}

/** Two callers that use the same session name are still two conversations. */
export function sessionIdOf(key: string | undefined, session: string): string {
  return `${key ?? ''} ${session}`;
}

export function reduceSession(
  state: Session | undefined,
  { connection, target }: SessionServed,
  now: number,
): Session {
  const moved = state !== undefined && (state.connection !== connection || state.target !== target);
  return {
    connection,
    target,
    turns: (state?.turns ?? 0) + 1,
    moves: (state?.moves ?? 0) + (moved ? 1 : 0),
    began: state?.began ?? now,
    at: now,
  };
}

/** The table in order of use, bounded. */
export class SessionTable {
  readonly #table: SliceTable<Session>;
  readonly #most: number;
  /** Ids, the longest unused first; filled from the table when it is first needed, because tables are restored late. */
  #order: Set<string> | undefined;

  constructor(table: SliceTable<Session>, most = mostSessions) {
    this.#table = table;
    this.#most = most;
  }

  get(id: string, now: number, ttl: number): Session | undefined {
    const session = this.#table.get(id);
    return session && now - session.at < ttl ? session : undefined;
  }

  serve(event: SessionServed, now: number): void {
    const order = this.#ordered();
    order.delete(event.session);
    order.add(event.session);
    update(this.#table, event.session, reduceSession(this.#table.get(event.session), event, now));
    for (const oldest of order) {
      if (order.size <= this.#most) break;
      order.delete(oldest);
      this.#table.delete(oldest);
    }
  }

  /** Every conversation that is not forgotten yet, the latest first. */
  list(now: number, ttl: number): readonly (Session & { readonly id: string })[] {
    const found: (Session & { readonly id: string })[] = [];
    for (const id of this.#ordered()) {
      const session = this.get(id, now, ttl);
      if (session) found.push({ ...session, id });
    }
    return found.reverse();
  }

  #ordered(): Set<string> {
    this.#order ??= new Set(
      [...this.#table.ids()].sort((a, b) => (this.#table.get(a)?.at ?? 0) - (this.#table.get(b)?.at ?? 0)),
    );
    return this.#order;
  }
}
