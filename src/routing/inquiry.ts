// What one decision asks about its request and its moment. It notes what was asked: an answer for which only the name, the
// wire and the accounts that it leads to were looked at holds for the next request of that kind, too.
import type { Facts, Principal } from './facts.ts';
import type { Combo, Snapshot } from './snapshot.ts';
import type { StrategyContext } from './strategies/strategy.ts';
import { findObstacle, type Candidate, type Fault } from './usable.ts';
import { sessionIdOf, type Session } from './world/sessions.ts';
import type { World } from './world/world.ts';

export interface DecideInput {
  readonly snapshot: Snapshot;
  readonly facts: Facts;
  readonly world: World;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Uniform in [0, 1); a seeded source gives the same decision again. */
  readonly random: () => number;
}

/** The facts by which a decision is found again. */
export type Asked = Pick<Facts, 'model' | 'protocol' | 'operation'>;

/** What a decision may know of the caller besides: `models` is checked for every request, `noLog` finds it again. */
export type Caller = Pick<Principal, 'key' | 'models' | 'noLog'>;

export class Inquiry implements DecideInput {
  readonly snapshot: Snapshot;
  readonly asked: Asked;
  readonly caller: Caller;
  /** Every account that was asked about. */
  readonly candidates: Candidate[] = [];
  readonly #input: DecideInput;
  #fleeting = false;

  constructor(input: DecideInput) {
    this.snapshot = input.snapshot;
    this.asked = input.facts;
    this.caller = input.facts.principal;
    this.#input = input;
  }

  /** Something was looked at, or found, that may be otherwise for the next request. */
  get fleeting(): boolean {
    return this.#fleeting;
  }

  get facts(): Facts {
    this.#fleeting = true;
    return this.#input.facts;
  }

  get world(): World {
    this.#fleeting = true;
    return this.#input.world;
  }

  get now(): number {
    this.#fleeting = true;
    return this.#input.now;
  }

  get random(): () => number {
    this.#fleeting = true;
    return this.#input.random;
  }

  /** The accounts that the caller's key may use; undefined: all. */
  get allowed(): readonly string[] | undefined {
    const { connections } = this.#input.facts.principal;
    if (connections) this.#fleeting = true;
    return connections;
  }

  /** What keeps an account from being called now. */
  obstacle(candidate: Candidate): Fault | undefined {
    this.candidates.push(candidate);
    const found = findObstacle(candidate, this.#input.world, this.#input.now);
    if (found) this.#fleeting = true;
    return found;
  }

  /** Where the conversation of the request was served last. */
  conversation(): Session | undefined {
    const found = findConversation(this.#input);
    if (found) this.#fleeting = true;
    return found;
  }

  /** What the strategy of a combo may ask. */
  about(combo: Combo): StrategyContext {
    return new ComboInquiry(combo, this);
  }
}

/** Where the conversation of a request was served last, if conversations stay where they are. */
export function findConversation({ snapshot, facts, world, now }: DecideInput): Session | undefined {
  const { session, principal } = facts;
  if (session === undefined || !snapshot.sessions.affinity) return undefined;
  return world.session(sessionIdOf(principal.key, session), now, snapshot.sessions.ttl);
}

class ComboInquiry implements StrategyContext {
  readonly combo: Combo;
  readonly #inquiry: Inquiry;

  constructor(combo: Combo, inquiry: Inquiry) {
    this.combo = combo;
    this.#inquiry = inquiry;
  }

  get snapshot(): Snapshot {
    return this.#inquiry.snapshot;
  }

  get facts(): Facts {
    return this.#inquiry.facts;
  }

  get world(): World {
    return this.#inquiry.world;
  }

  get now(): number {
    return this.#inquiry.now;
  }

  get random(): () => number {
    return this.#inquiry.random;
  }
}
