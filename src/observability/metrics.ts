// The metrics of the gateway. Requests are counted in plain numbers; prom-client renders them when somebody scrapes.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Buckets } from './buckets.ts';
import { type MetricName, metricTable } from './metric-table.ts';
import type { RequestEvent } from './request-event.ts';
import { SeriesTable, tokenKinds } from './series.ts';

/** What the ledger reports about itself. */
export interface LedgerFigures {
  readonly state: string;
  readonly queuedRows: number;
  readonly queuedBytes: number;
  readonly written: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly retries: number;
  readonly restarts: number;
}

export interface MetricsOptions {
  /** Requests that are being served now; asked at every scrape. */
  readonly inFlight?: () => number;
  readonly liveSnapshots?: () => number;
  /** Answers that clients may come back to. */
  readonly keptResponses?: () => { readonly count: number; readonly bytes: number } | undefined;
  readonly ledger?: () => LedgerFigures;
  /** Whether a change that is live still waits for its commit or push. */
  readonly gitOwes?: () => boolean;
  /** Adds prom-client's `process_*` and `nodejs_*` metrics; they start observers that live as long as the process. */
  readonly process?: boolean;
  /** Combinations of labels that are told apart; the rest counts under `other`. */
  readonly maxSeries?: number;
}

export interface Metrics {
  /** Counts one finished request. */
  record(event: RequestEvent): void;
  /** Whether counters carry provider and model, from the next request on. */
  setPerModel(perModel: boolean): void;
  /** A configuration went live. Together with `failed` it is what the reload coordinator wants. */
  succeeded(revision: string, epochMilliseconds: number): void;
  /** A configuration was refused; the last good one serves on. */
  failed(): void;
  /** The answer of `GET /metrics`. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const table = new SeriesTable(options.maxSeries === undefined ? {} : { maxSeries: options.maxSeries });
  const config = { revision: '', successful: 0, timestamp: 0 };
  if (options.process === true) collectDefaultMetrics({ register: registry });

  counter(registry, 'omniroute_requests_total', (add) => {
    for (const { protocol, operation, target, statuses } of table.series) {
      const { provider, model } = target;
      for (const [status, count] of statuses) add({ protocol, operation, provider, model, status }, count);
    }
  });
  counter(registry, 'omniroute_tokens_total', (add) => {
    for (const { provider, model, tokens } of table.targets.values()) {
      for (const [index, kind] of tokenKinds.entries()) {
        const count = tokens[index] ?? 0;
        if (count > 0) add({ provider, model, kind }, count);
      }
    }
  });
  counter(registry, 'omniroute_cost_usd_total', (add) => {
    for (const { provider, model, cost } of table.targets.values()) add({ provider, model }, cost / 1e9);
  });
  counter(registry, 'omniroute_unpriced_requests_total', (add) => {
    for (const { provider, model, unpriced } of table.targets.values()) add({ provider, model }, unpriced);
  });
  counter(registry, 'omniroute_fallbacks_total', (add) => {
    for (const [name, count] of table.fallbacks) add(readLabels('omniroute_fallbacks_total', name), count);
  });
  histogram(registry, 'omniroute_request_duration_seconds', table.total);
  histogram(registry, 'omniroute_upstream_duration_seconds', table.upstream);
  histogram(registry, 'omniroute_first_token_seconds', table.firstToken);
  histogram(registry, 'omniroute_overhead_seconds', table.overhead);

  const { inFlight, liveSnapshots, ledger, gitOwes, keptResponses } = options;
  if (inFlight) gauge(registry, 'omniroute_in_flight_requests', (set) => set({}, inFlight()));
  if (liveSnapshots) gauge(registry, 'omniroute_live_snapshots', (set) => set({}, liveSnapshots()));
  if (keptResponses) {
    gauge(registry, 'omniroute_kept_responses', (set) => set({}, keptResponses()?.count ?? 0));
    gauge(registry, 'omniroute_kept_responses_bytes', (set) => set({}, keptResponses()?.bytes ?? 0));
  }
  if (gitOwes) gauge(registry, 'omniroute_config_git_owed', (set) => set({}, gitOwes() ? 1 : 0));
  gauge(registry, 'omniroute_config_info', (set) => {
    if (config.revision !== '') set({ revision: config.revision }, 1);
  });
  gauge(registry, 'omniroute_config_last_reload_successful', (set) => set({}, config.successful));
  gauge(registry, 'omniroute_config_last_reload_success_timestamp_seconds', (set) =>
    set({}, config.timestamp / 1000),
  );
  if (ledger) registerLedger(registry, ledger);

  return {
    record: (event) => table.record(event),
    setPerModel: (perModel) => {
      table.perModel = perModel;
    },
    succeeded: (revision, epochMilliseconds) => {
      config.revision = revision;
      config.successful = 1;
      config.timestamp = epochMilliseconds;
    },
    failed: () => {
      config.successful = 0;
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

type Labels = Readonly<Record<string, string | number>>;
type Report = (labels: Labels, value: number) => void;

function registerLedger(registry: Registry, ledger: () => LedgerFigures): void {
  gauge(registry, 'omniroute_ledger_up', (set) => set({}, ledger().state === 'ok' ? 1 : 0));
  gauge(registry, 'omniroute_ledger_queue_rows', (set) => set({}, ledger().queuedRows));
  gauge(registry, 'omniroute_ledger_queue_bytes', (set) => set({}, ledger().queuedBytes));
  counter(registry, 'omniroute_ledger_retries_total', (add) => add({}, ledger().retries));
  counter(registry, 'omniroute_ledger_restarts_total', (add) => add({}, ledger().restarts));
  counter(registry, 'omniroute_ledger_rows_total', (add) => {
    const figures = ledger();
    for (const outcome of ['written', 'dropped', 'rejected'] as const) add({ outcome }, figures[outcome]);
  });
}

function describe(name: MetricName): {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: [];
} {
  const { labels, meaning } = metricTable[name];
  return { name, help: meaning, labelNames: labels, registers: [] };
}

function counter(registry: Registry, name: MetricName, collect: (add: Report) => void): void {
  const metric = new Counter({
    ...describe(name),
    collect() {
      this.reset();
      collect((labels, value) => this.inc(labels, value));
    },
  });
  registry.registerMetric(metric);
}

function gauge(registry: Registry, name: MetricName, collect: (set: Report) => void): void {
  const metric = new Gauge({
    ...describe(name),
    collect() {
      this.reset();
      collect((labels, value) => this.set(labels, value));
    },
  });
  registry.registerMetric(metric);
}

function histogram(registry: Registry, name: MetricName, children: ReadonlyMap<string, Buckets>): void {
  registry.registerMetric(new CollectedHistogram(name, children));
}

/** A histogram that prom-client renders and somebody else fills. */
class CollectedHistogram extends Histogram {
  readonly #name: MetricName;
  readonly #children: ReadonlyMap<string, Buckets>;

  constructor(name: MetricName, children: ReadonlyMap<string, Buckets>) {
    super(describe(name));
    this.#name = name;
    this.#children = children;
  }

  /** The registry calls this instead of `get` where it exists (prom-client 15, lib/registry.js). */
  getForPromString(): Promise<{
    readonly name: string;
    readonly help: string;
    readonly type: 'histogram';
    readonly values: readonly {
      readonly metricName: string;
      readonly labels: Labels;
      readonly value: number;
    }[];
  }> {
    const name = this.#name;
    const values = [...this.#children].flatMap(([text, { bounds, counts, sum }]) => {
      const labels = readLabels(name, text);
      let count = 0;
      const buckets = [...bounds, '+Inf'].map((le, index) => {
        count += counts[index] ?? 0;
        return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
      });
      // A child that nothing was observed in (an upstream duration of a refused request) is noise.
      if (count === 0) return [];
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    });
    return Promise.resolve({ name, help: metricTable[name].meaning, type: 'histogram', values });
  }
}

/** Label values that a series joined by line breaks, back under their names. */
function readLabels(name: MetricName, text: string): Labels {
  const values = text.split('\n');
  return Object.fromEntries(metricTable[name].labels.map((label, index) => [label, values[index] ?? '']));
}
