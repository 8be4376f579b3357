// The closed table of metrics, as data. Names, kinds and labels are promised to dashboards and alerts: append only.

interface MetricEntry {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** One sentence; the HELP text of the metric and its line in the reference. */
  readonly meaning: string;
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

/** Answers of models take from milliseconds to many minutes. */
const longBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120, 300, 600] as const;
/** What the gateway itself adds is far below that. */
const shortBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
] as const;

export const metricTable = {
  omniroute_requests_total: {
    kind: 'counter',
    labels: ['protocol', 'operation', 'provider', 'model', 'status'],
    meaning: 'Finished requests by client protocol, serving target and the status that the client saw.',
  },
  omniroute_tokens_total: {
    kind: 'counter',
    labels: ['provider', 'model', 'kind'],
    meaning: 'Tokens by kind, as the provider reported them or as estimated.',
  },
  omniroute_cost_usd_total: {
    kind: 'counter',
    labels: ['provider', 'model'],
    meaning: 'Cost of requests whose prices are known, in US dollars.',
  },
  omniroute_unpriced_requests_total: {
    kind: 'counter',
    labels: ['provider', 'model'],
    meaning: 'Requests whose cost is unknown because a price is missing.',
  },
  omniroute_fallbacks_total: {
    kind: 'counter',
    labels: ['provider', 'class'],
    meaning: 'Attempts that failed at a provider and were followed by another attempt, by failure class.',
  },
  omniroute_request_duration_seconds: {
    kind: 'histogram',
    labels: ['protocol', 'operation'],
    meaning: 'From the arrival of a request to the end of its answer.',
    buckets: longBuckets,
  },
  omniroute_upstream_duration_seconds: {
    kind: 'histogram',
    labels: ['provider'],
    meaning: 'From sending the last attempt upstream to the end of its answer.',
    buckets: longBuckets,
  },
  omniroute_first_token_seconds: {
    kind: 'histogram',
    labels: ['provider'],
    meaning: 'From the arrival of a streamed request to its first meaningful frame.',
    buckets: longBuckets,
  },
  omniroute_overhead_seconds: {
    kind: 'histogram',
    labels: ['protocol', 'operation'],
    meaning: 'Time of a request that was spent in the gateway and not upstream.',
    buckets: shortBuckets,
  },
  omniroute_in_flight_requests: { kind: 'gauge', labels: [], meaning: 'Requests that are being served now.' },
  omniroute_live_snapshots: {
    kind: 'gauge',
    labels: [],
    meaning: 'Compiled configurations in memory: 1, and more while requests finish on older ones.',
  },
  omniroute_kept_responses: {
    kind: 'gauge',
    labels: [],
    meaning: 'Answers of /v1/responses that are kept in memory for their keys.',
  },
  omniroute_kept_responses_bytes: {
    kind: 'gauge',
    labels: [],
    meaning:
      'Bytes that they take, the conversations before them included; bounded by storage.responses.maxSize.',
  },
  omniroute_config_git_owed: {
    kind: 'gauge',
    labels: [],
    meaning:
      '1 while a change that is live waits for its commit or push, or a pull waits for a person; else 0.',
  },
  omniroute_config_info: {
    kind: 'gauge',
    labels: ['revision'],
    meaning: 'Always 1; its label is the revision that serves.',
  },
  omniroute_config_last_reload_successful: {
    kind: 'gauge',
    labels: [],
    meaning: '1 when the latest load of the configuration went live, 0 when it was refused.',
  },
  omniroute_config_last_reload_success_timestamp_seconds: {
    kind: 'gauge',
    labels: [],
    meaning: 'When a configuration last went live, in seconds since the epoch.',
  },
  omniroute_ledger_up: {
    kind: 'gauge',
    labels: [],
    meaning: '1 while usage rows reach the database, 0 while they only wait.',
  },
  omniroute_ledger_queue_rows: { kind: 'gauge', labels: [], meaning: 'Usage rows that wait to be written.' },
  omniroute_ledger_queue_bytes: {
    kind: 'gauge',
    labels: [],
    meaning: 'Memory that waiting usage rows hold.',
  },
  omniroute_ledger_rows_total: {
    kind: 'counter',
    labels: ['outcome'],
    meaning: 'Usage rows by outcome: written, dropped (the queue was full), rejected (the schema refused).',
  },
  omniroute_ledger_retries_total: {
    kind: 'counter',
    labels: [],
    meaning: 'Batches that the database refused for now (locked, full) and that were sent again.',
  },
  omniroute_ledger_restarts_total: {
    kind: 'counter',
    labels: [],
    meaning: 'How often the writer thread had to be started again.',
  },
} as const satisfies Readonly<Record<string, MetricEntry>>;

export type MetricName = keyof typeof metricTable;
