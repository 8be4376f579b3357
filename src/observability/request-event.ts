// The one wide event of a request: `settle` makes it once, the log writes it as a line, the metrics count it.

/** Everything worth knowing about a finished request. Never holds message text, header values or secrets. */
export interface RequestEvent {
  readonly requestId: string;
  readonly revision: string;
  readonly secretEpoch: number;
  readonly key: string | null;
  readonly protocol: string;
  readonly operation: string;
  readonly requestedModel: string;
  /** The combo that the request was for; null for a single model. */
  readonly combo: string | null;
  readonly provider: string | null;
  readonly connection: string | null;
  readonly model: string | null;
  /** Status that the client saw; 499 when it went away. */
  readonly status: number;
  readonly errorCode: string | null;
  readonly stream: boolean;
  /** Upstream calls that were made. */
  readonly attempts: number;
  /** Failed attempts that were followed by another one. */
  readonly fallbacks: readonly { readonly provider: string; readonly class: string }[];
  readonly tokens: EventTokens;
  /** Nano-USD, or null when a price is unknown. */
  readonly cost: number | null;
  readonly estimated: boolean;
  /** Milliseconds; null where the request never came that far. */
  readonly total: number;
  readonly upstream: number | null;
  readonly firstToken: number | null;
  readonly overhead: number | null;
}

/** Token counts by kind, as in the usage row; a kind that nobody reported is absent. */
export interface EventTokens {
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly reasoning?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
}
