// What a benchmark is: a load, the targets that take it in turns, the partner that they are compared with, and goals.

/**
 * Who answers: the upstream itself, a plain Node proxy in front of it, the gateway in front of it, or the gateway that
 * asks it in another wire (Anthropic Messages).
 */
export const targetNames = ['direct', 'bare', 'gateway', 'translated'] as const;

export type TargetName = (typeof targetNames)[number];

/** What a target process is told when it starts; it answers the base URL that it serves. */
export interface TargetStart {
  /** Base URL of the upstream, with `/v1`. */
  readonly upstream: string;
  /** The client key that the load sends; `sha256:` and hex digest of it are what a configuration would hold. */
  readonly key: string;
  /** The model that the load asks for; the upstream takes any name. */
  readonly model: string;
}

/** Requests one after the other on `connections` connections, each as soon as the one before is answered. */
export interface UnaryLoad {
  readonly kind: 'unary';
  readonly connections: number;
  /** Size of each request's JSON body. */
  readonly bodyBytes: number;
  /** Milliseconds that the upstream thinks before it answers. */
  readonly delay?: number;
}

/** `streams` streams at a time; each sends `chunks` chunks, `gap` milliseconds apart (0: back to back). */
export interface StreamLoad {
  readonly kind: 'stream';
  readonly streams: number;
  readonly chunks: number;
  readonly gap: number;
}

export type Load = UnaryLoad | StreamLoad;

/** What is measured for each target in each repetition. */
export const metrics = {
  cpu: { title: 'CPU µs per request or chunk (user + system) of the target process', unit: 'µs', digits: 1 },
  rate: { title: 'requests or chunks per second', unit: '/s', digits: 0 },
  p50: { title: 'time of a whole answer, median', unit: 'ms', digits: 2 },
  p99: { title: 'time of a whole answer, 99th percentile', unit: 'ms', digits: 2 },
  firstByte: { title: 'time to the first byte of the body, median', unit: 'ms', digits: 2 },
  rss: { title: 'resident memory of the target process after the load', unit: 'MB', digits: 0 },
} as const;

export type MetricName = keyof typeof metrics;

/** One measurement; a metric that a target cannot have (CPU of `direct`) is absent. */
export type Sample = Readonly<Partial<Record<MetricName, number>>>;

/** `times`: subject / partner; `plus`: subject − partner. Both are taken inside one repetition. */
export interface Goal {
  readonly metric: MetricName;
  /** The subject; absent: the gateway. */
  readonly of?: TargetName;
  readonly against: TargetName;
  readonly compare: 'times' | 'plus';
  readonly atMost: number;
}

/** A file in bench/scenarios exports one as `scenario`. */
export interface Scenario {
  readonly name: string;
  /** One line for the report. */
  readonly title: string;
  readonly targets: readonly TargetName[];
  readonly load: Load;
  readonly goals: readonly Goal[];
}
