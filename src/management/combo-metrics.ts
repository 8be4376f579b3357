// How the combos fared since the start: memory only, one entry per combo and per model in it (contract §9.6).
import type { AttemptRecord } from '../gateway/exchange.ts';
import type { RequestEvent } from '../observability/request-event.ts';

export interface ComboMetrics {
  /** Counts a finished request; those that were not for a combo are none of ours. */
  record(event: RequestEvent, calls: readonly AttemptRecord[], now: number): void;
  /** Figures by combo, as the API shows them. */
  view(): Readonly<Record<string, ComboFigures>>;
  /** Forgets one combo, or all; true when there was something to forget. */
  reset(combo: string | undefined): boolean;
}

/** Times in milliseconds, rates from 0 to 100. */
export interface ComboFigures {
  readonly totalRequests: number;
  readonly totalSuccesses: number;
  readonly totalFailures: number;
  /** Requests that needed more than one call. */
  readonly totalFallbacks: number;
  readonly totalLatencyMs: number;
  readonly avgLatencyMs: number;
  readonly successRate: number;
  readonly fallbackRate: number;
  /** ISO 8601. */
  readonly lastUsedAt: string;
  readonly byModel: Readonly<Record<string, ModelFigures>>;
}

export interface ModelFigures {
  readonly requests: number;
  readonly successes: number;
  readonly failures: number;
  readonly totalLatencyMs: number;
  readonly avgLatencyMs: number;
  readonly successRate: number;
  readonly lastStatus: 'ok' | 'error';
  readonly lastUsedAt: string;
}

interface Tally {
  requests: number;
  successes: number;
  latency: number;
  at: number;
  ok: boolean;
}

interface ComboTally extends Tally {
  fallbacks: number;
  readonly models: Map<string, Tally>;
}

export function createComboMetrics(): ComboMetrics {
  const combos = new Map<string, ComboTally>();
  return {
    record: ({ combo, status, total, errorCode }, calls, now) => {
      if (combo === null) return;
      let tally = combos.get(combo);
      if (!tally) combos.set(combo, (tally = { ...emptyTally(), fallbacks: 0, models: new Map() }));
      count(tally, status < 400 && errorCode === null, total, now);
      if (calls.length > 1) tally.fallbacks++;
      for (const { target, class: failure, milliseconds } of calls) {
        let model = tally.models.get(target);
        if (!model) tally.models.set(target, (model = emptyTally()));
        count(model, failure === undefined, milliseconds, now);
      }
    },
    view: () => toRecord(combos, describeCombo),
    reset: (combo) => {
      if (combo !== undefined) return combos.delete(combo);
      const any = combos.size > 0;
      combos.clear();
      return any;
    },
  };
}

function emptyTally(): Tally {
  return { requests: 0, successes: 0, latency: 0, at: 0, ok: true };
}

function count(tally: Tally, ok: boolean, milliseconds: number, now: number): void {
  tally.requests++;
  if (ok) tally.successes++;
  tally.latency += milliseconds;
  tally.at = now;
  tally.ok = ok;
}

function describeCombo(tally: ComboTally): ComboFigures {
  const { requests, successes, latency, fallbacks, at, models } = tally;
  return {
    totalRequests: requests,
    totalSuccesses: successes,
    totalFailures: requests - successes,
    totalFallbacks: fallbacks,
    totalLatencyMs: Math.round(latency),
    avgLatencyMs: Math.round(latency / requests),
    successRate: rate(successes, requests),
    fallbackRate: rate(fallbacks, requests),
    lastUsedAt: new Date(at).toISOString(),
    byModel: toRecord(models, describeModel),
  };
}

function describeModel({ requests, successes, latency, at, ok }: Tally): ModelFigures {
  return {
    requests,
    successes,
    failures: requests - successes,
    totalLatencyMs: Math.round(latency),
    avgLatencyMs: Math.round(latency / requests),
    successRate: rate(successes, requests),
    lastStatus: ok ? 'ok' : 'error',
    lastUsedAt: new Date(at).toISOString(),
  };
}

function rate(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 10;
}

// Names come from users: a combo may be called `__proto__`.
function toRecord<Value, Shown>(
  map: ReadonlyMap<string, Value>,
  show: (value: Value) => Shown,
): Readonly<Record<string, Shown>> {
  const record = Object.create(null) as Record<string, Shown>;
  for (const [name, value] of map) record[name] = show(value);
  return record;
}
