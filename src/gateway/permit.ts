// Whether an attempt may be begun at this moment: the decision is as old as the attempts that failed since. Then its
// place in the lanes of target and account, waited for in a queue that a client who goes away leaves.
import type { UpstreamFailure } from '../errors.ts';
import { readRateLimits } from '../ir/rate-limits.ts';
import type { CancelTimer } from '../lib/timers.ts';
import type { RawHeaders } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/decision.ts';
import {
  listBudgetCharges,
  listNotices,
  matchBudgets,
  moveToPeriod,
  type BudgetCharge,
} from '../routing/budgets.ts';
import { describeHold, findHold, isRetry } from '../routing/gate.ts';
import { describeWait, listPlaces, queueTime, spendQuota, type Place } from '../routing/limits.ts';
import type { Call, CallEnd } from '../routing/world/world.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { commitStream } from './reply.ts';
import type { Responder } from './responder.ts';
import type { Slot } from '../routing/slots.ts';

/** A call that has begun in the world and holds its slots; it must be ended, whatever happens. */
export interface Permission {
  /** What the answer's headers say about the account's quota. */
  observe(headers: RawHeaders): void;
  /** Reports how the call ended and gives its slots back; only the first report counts. */
  end(end: CallEnd): void;
}

/**
 * Begins the call in the world, or says why not; a refusal has no status, so that routing knows it as our own.
 * `gone`: the client left while it waited, here or for a repeat.
 */
export function permit(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  attempt: Attempt,
): Permission | UpstreamFailure | 'gone' | Promise<Permission | UpstreamFailure | 'gone'> {
  if (responder.closed) return 'gone';
  const now = gateway.clock.now();
  const fault = findFault(gateway, exchange, attempt, now);
  if (fault) return fault;
  const lanes = listPlaces(attempt);
  if (lanes.length === 0) return new Running(gateway, exchange, attempt, noSlots, now);
  const slots: Slot[] = [];
  for (const { id, ceiling } of lanes) {
    const slot = gateway.slots.take(id, ceiling);
    if (!slot) {
      releaseAll(slots);
      return queue(gateway, exchange, responder, attempt, lanes);
    }
    slots.push(slot);
  }
  return new Running(gateway, exchange, attempt, slots, now);
}

async function queue(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  attempt: Attempt,
  lanes: readonly Place[],
): Promise<Permission | UpstreamFailure | 'gone'> {
  const { clock } = gateway;
  const { totalTimeout } = attempt.provider.profile;
  const now = clock.monotonic();
  const until = Math.min(now + queueTime(attempt), exchange.began + totalTimeout);
  const stopTelling = tellThatItLives(gateway, exchange, responder, attempt);
  const slots: Slot[] = [];
  for (const { id, ceiling } of lanes) {
    if (responder.closed) break;
    const waiting = gateway.slots.wait(id, ceiling, until - clock.monotonic());
    responder.onClose(waiting.leave);
    const slot = await waiting.slot;
    if (!slot) break;
    slots.push(slot);
  }
  stopTelling();
  if (responder.closed) {
    releaseAll(slots);
    return 'gone';
  }
  // What was true before the queue may be true no more.
  const at = clock.now();
  const fault =
    slots.length < lanes.length
      ? describeHold({ kind: 'place', message: describeWait(attempt) })
      : findFault(gateway, exchange, attempt, at);
  if (!fault) return new Running(gateway, exchange, attempt, slots, at);
  releaseAll(slots);
  return fault;
}

// In the queue as at an upstream: a stream's head comes after `commitAfter` at the latest, then a sign of life now and then.
function tellThatItLives(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  { provider }: Attempt,
): CancelTimer {
  const { protocol, snapshot, began, stream } = exchange;
  if (!stream) return () => undefined;
  const { clock, timers } = gateway;
  let cancel: CancelTimer = () => undefined;
  const tell = (): void => {
    if (responder.closed) return;
    if (!exchange.committed) commitStream(gateway, exchange, responder, undefined);
    responder.write(protocol.keepAlive(false) ?? '');
    cancel = timers.after(snapshot.timing.keepAliveInterval, tell);
  };
  const { commitAfter } = provider.profile;
  const wait = exchange.committed
    ? snapshot.timing.keepAliveInterval
    : began + commitAfter - clock.monotonic();
  cancel = timers.after(Math.max(0, wait), tell);
  return () => cancel();
}

function findFault(
  { world }: Gateway,
  exchange: Exchange,
  attempt: Attempt,
  now: number,
): UpstreamFailure | undefined {
  const hold = findHold(world, attempt, exchange.attempts, now, listCharges(exchange, attempt, now));
  return hold && describeHold(hold);
}

function listCharges({ snapshot, facts }: Exchange, attempt: Attempt, now: number): readonly BudgetCharge[] {
  const { budgets } = snapshot;
  if (budgets.length === 0 || !facts) return noCharges;
  return listBudgetCharges(matchBudgets(budgets, facts, now), attempt, facts, now);
}

const noCharges: readonly BudgetCharge[] = [];
const noSlots: readonly Slot[] = [];

/** Begins in the turn of the question whether it may, and as of the same moment: nobody else can take its room. */
class Running implements Permission {
  readonly #gateway: Gateway;
  readonly #exchange: Exchange;
  readonly #attempt: Attempt;
  readonly #slots: readonly Slot[];
  readonly #charges: readonly BudgetCharge[];
  /** One object for begin and end: the world knows a probe by its identity. */
  readonly #call: Call;
  #over = false;

  constructor(gateway: Gateway, exchange: Exchange, attempt: Attempt, slots: readonly Slot[], now: number) {
    const { provider, connection, model } = attempt;
    const { world } = gateway;
    const call = { provider: provider.id, connection: connection.key, model, profile: provider.profile };
    this.#gateway = gateway;
    this.#exchange = exchange;
    this.#attempt = attempt;
    this.#slots = slots;
    this.#call = call;
    const { retryShare } = exchange.snapshot;
    world.record(
      { kind: 'call-began', call, retry: isRetry(exchange.attempts, provider.id), retryShare },
      now,
    );
    if (connection.quota) spendQuota(world, connection, 'requests', 1, now);
    const charges = listCharges(exchange, attempt, now);
    this.#charges = charges;
    if (charges.length > 0) world.record({ kind: 'money-reserved', charges }, now);
  }

  observe(headers: RawHeaders): void {
    const { world, clock } = this.#gateway;
    const at = clock.now();
    const seen = readRateLimits(headers, at);
    if (seen.length === 0) return;
    const windows = seen.map((window) => ({ ...window, source: 'header' as const, at }));
    world.record({ kind: 'quota-observed', connection: this.#call.connection, windows }, at);
  }

  end(end: CallEnd): void {
    if (this.#over) return;
    this.#over = true;
    const { world, clock } = this.#gateway;
    const { connection } = this.#attempt;
    world.record({ kind: 'call-ended', call: this.#call, end }, clock.now());
    if (connection.quota) spendQuota(world, connection, 'tokens', countTokens(this.#exchange), clock.now());
    if (this.#charges.length > 0) settleMoney(this.#gateway, this.#exchange, this.#attempt, this.#charges);
    releaseAll(this.#slots);
  }
}

function settleMoney(
  gateway: Gateway,
  exchange: Exchange,
  attempt: Attempt,
  begun: readonly BudgetCharge[],
): void {
  const { world, clock } = gateway;
  const charges = moveToPeriod(begun, clock.now());
  const { marks, usage } = exchange;
  const tokens = usage ?? { input: exchange.peek?.inputTokens ?? 0, output: estimateOutput(exchange) };
  const cost =
    marks.first === undefined ? 0 : (gateway.price(attempt.facts?.prices, tokens, exchange.at) ?? 0);
  world.record({ kind: 'money-settled', charges, cost }, clock.now());
  for (const notice of listNotices(charges, cost, world)) gateway.onBudget?.(notice);
}

function estimateOutput({ outputCharacters }: Exchange): number {
  return Math.ceil(outputCharacters / 4);
}

// Only an answer that began has cost anything; where the upstream does not say what, the estimate counts.
function countTokens({ marks, usage, peek, outputCharacters }: Exchange): number {
  if (usage) return (usage.input ?? 0) + (usage.output ?? 0);
  return marks.first === undefined ? 0 : (peek?.inputTokens ?? 0) + Math.ceil(outputCharacters / 4);
}

function releaseAll(slots: readonly Slot[]): void {
  for (const slot of slots) slot.release();
}
