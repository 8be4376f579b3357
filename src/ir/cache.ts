// Prompt caching: marks on parts and tools, and the policy of a whole request.

/** "Everything up to here may be cached." */
export interface CacheMark {
  /** How long the client asked to keep it; absent means the provider's default. */
  readonly ttl?: '5m' | '30m' | '1h' | '12h';
}

export interface CachePolicy {
  /** True when the provider shall choose the breakpoints itself, as OpenAI does when nothing is said. */
  readonly automatic: boolean;
  readonly ttl?: NonNullable<CacheMark['ttl']>;
  /** Routing hint that keeps equal prefixes on one machine. */
  readonly key?: string;
}
