// Counts of requests by label, kept as plain numbers between two scrapes: an update of all metrics of a request costs
// a fraction of a microsecond, where a handful of prom-client updates cost several.
import { Buckets } from './buckets.ts';
import { metricTable } from './metric-table.ts';
import type { EventTokens, RequestEvent } from './request-event.ts';

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
  /** Whether provider and model are told apart at all. */
  perModel = true;

  constructor(options: SeriesOptions = {}) {
    this.#maxSeries = options.maxSeries ?? 2000;
  }

  record(event: RequestEvent): void {
    const series = this.#find(
      event.protocol,
      event.operation,
      this.perModel ? (event.provider ?? '') : '',
      this.perModel ? (event.model ?? '') : '',
    );
    series.statuses.set(event.status, (series.statuses.get(event.status) ?? 0) + 1);
    series.total.observe(event.total / 1000);
    if (event.upstream !== null) series.upstream.observe(event.upstream / 1000);
    if (event.overhead !== null) series.overhead.observe(event.overhead / 1000);
    if (event.firstToken !== null) series.firstToken.observe(event.firstToken / 1000);
    const { target } = series;
    if (event.cost !== null) target.cost += event.cost;
    else if (event.provider !== null) target.unpriced++;
    const { tokens } = target;
    for (let kind = 0; kind < tokenKinds.length; kind++) {
      const count = event.tokens[tokenKinds[kind] ?? 'input'];
      if (count !== undefined) tokens[kind] = (tokens[kind] ?? 0) + count;
    }
    for (const fallback of event.fallbacks) {
      const name = `${this.perModel ? fallback.provider : ''}\n${fallback.class}`;
      this.fallbacks.set(name, (this.fallbacks.get(name) ?? 0) + 1);
    }
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
