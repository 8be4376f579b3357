// Counts of requests by label, kept as plain numbers between two scrapes: an update of all metrics of a request costs
// a fraction of a microsecond, where a handful of prom-client updates cost several.
import { Buckets } from './buckets.ts';
import { metricTable } from './metric-table.ts';
import type { EventTokens, RequestEvent } from './request-event.ts';

/** The order of a target's sums. */
export const tokenKinds = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'reasoning',
  'audioInput',
  'audioOutput',
] as const satisfies readonly (keyof EventTokens)[];

/** Sums of one provider and model. */
export interface TargetSeries {
  readonly provider: string;
  readonly model: string;
  readonly tokens: Float64Array;
  /** Nano-USD. */
  cost: number;
  unpriced: number;
}

/** Everything that one combination of protocol, operation, provider and model touches. */
export interface RequestSeries {
  readonly protocol: string;
  readonly operation: string;
  readonly target: TargetSeries;
  readonly statuses: Map<number, number>;
  readonly total: Buckets;
  readonly overhead: Buckets;
  readonly upstream: Buckets;
  readonly firstToken: Buckets;
}

export interface SeriesOptions {
  /** Combinations that are told apart; what comes later counts under `other`. */
  readonly maxSeries?: number;
}

/** Name of everything beyond `maxSeries`. */
export const otherLabel = 'other';

export class SeriesTable {
  readonly #maxSeries: number;
  /** protocol → operation → provider → model */
  readonly #tree = new Map<string, Map<string, Map<string, Map<string, RequestSeries>>>>();
  readonly series: RequestSeries[] = [];
  readonly targets = new Map<string, TargetSeries>();
  /** Children of the histograms by their labels, joined by a line break. */
  readonly total = new Map<string, Buckets>();
  readonly overhead = new Map<string, Buckets>();
  readonly upstream = new Map<string, Buckets>();
  readonly firstToken = new Map<string, Buckets>();
  readonly fallbacks = new Map<string, number>();
  /** The one that was found last, and for which event: most requests are of the same kind as the one before. */
  #latest: RequestSeries | undefined;
  #latestEvent: RequestEvent | undefined;
  #perModel = true;

  constructor(options: SeriesOptions = {}) {
    this.#maxSeries = options.maxSeries ?? 2000;
  }

  /** Whether provider and model are told apart at all. */
  set perModel(perModel: boolean) {
    this.#perModel = perModel;
    this.#latest = undefined;
  }

  record(event: RequestEvent): void {
    const series = this.#findFor(event);
    series.statuses.set(event.status, (series.statuses.get(event.status) ?? 0) + 1);
    series.total.observe(event.total / 1000);
    if (event.upstream !== null) series.upstream.observe(event.upstream / 1000);
    if (event.overhead !== null) series.overhead.observe(event.overhead / 1000);
    if (event.firstToken !== null) series.firstToken.observe(event.firstToken / 1000);
    const { target } = series;
    if (event.cost !== null) target.cost += event.cost;
    else if (event.provider !== null) target.unpriced++;
    addTokens(target.tokens, event.tokens);
    for (const fallback of event.fallbacks) {
      const name = `${this.#perModel ? fallback.provider : ''}\n${fallback.class}`;
      this.fallbacks.set(name, (this.fallbacks.get(name) ?? 0) + 1);
    }
  }

  #findFor(event: RequestEvent): RequestSeries {
    const { protocol, operation, provider, model } = event;
    const before = this.#latestEvent;
    const isAlike =
      before?.model === model &&
      before.provider === provider &&
      before.protocol === protocol &&
      before.operation === operation;
    if (isAlike && this.#latest) return this.#latest;
    this.#latestEvent = event;
    this.#latest = this.#perModel
      ? this.#find(protocol, operation, provider ?? '', model ?? '')
      : this.#find(protocol, operation, '', '');
    return this.#latest;
  }

  #find(protocol: string, operation: string, provider: string, model: string): RequestSeries {
    return (
      this.#tree.get(protocol)?.get(operation)?.get(provider)?.get(model) ??
      this.#create(protocol, operation, provider, model)
    );
  }

  #create(protocol: string, operation: string, provider: string, model: string): RequestSeries {
    const bounded = this.series.length >= this.#maxSeries && model !== otherLabel;
    if (bounded) return this.#find(protocol, operation, provider === '' ? '' : otherLabel, otherLabel);
    const series: RequestSeries = {
      protocol,
      operation,
      target: getOrAdd(this.targets, `${provider}\n${model}`, () => ({
        provider,
        model,
        tokens: new Float64Array(tokenKinds.length),
        cost: 0,
        unpriced: 0,
      })),
      statuses: new Map(),
      total: child(this.total, `${protocol}\n${operation}`, 'omniroute_request_duration_seconds'),
      overhead: child(this.overhead, `${protocol}\n${operation}`, 'omniroute_overhead_seconds'),
      upstream: child(this.upstream, provider, 'omniroute_upstream_duration_seconds'),
      firstToken: child(this.firstToken, provider, 'omniroute_first_token_seconds'),
    };
    const byOperation = getOrAdd(this.#tree, protocol, () => new Map());
    const byProvider = getOrAdd(byOperation, operation, () => new Map());
    getOrAdd(byProvider, provider, () => new Map()).set(model, series);
    this.series.push(series);
    return series;
  }
}

// One line a kind: a loop over names would look each of them up anew in every request.
function addTokens(sums: Float64Array, counts: EventTokens): void {
  sums[0]! += counts.input ?? 0;
  sums[1]! += counts.output ?? 0;
  sums[2]! += counts.cacheRead ?? 0;
  sums[3]! += counts.cacheWrite ?? 0;
  sums[4]! += counts.cacheWrite1h ?? 0;
  sums[5]! += counts.reasoning ?? 0;
  sums[6]! += counts.audioInput ?? 0;
  sums[7]! += counts.audioOutput ?? 0;
}

type HistogramName = {
  [Name in keyof typeof metricTable]: (typeof metricTable)[Name]['kind'] extends 'histogram' ? Name : never;
}[keyof typeof metricTable];

function child(children: Map<string, Buckets>, labels: string, name: HistogramName): Buckets {
  return getOrAdd(children, labels, () => new Buckets(metricTable[name].buckets));
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
