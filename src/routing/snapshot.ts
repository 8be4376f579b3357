// The compiled, read-only form of one configuration. Nothing behind this type knows that YAML exists.
// `Object.freeze(new Map())` still takes `set`, therefore maps are exposed as Lookup closures only.
import type { TokenPrices } from '../catalog/prices.ts';
import type { ResolvedSandbox } from '../config/generated/types.ts';
import type { Feature, SecretReference } from '../config/generated/types.ts';
import type { SourcePosition } from '../diagnostics.ts';
import type { Operation, ProtocolName } from '../protocols/capabilities.ts';
import type { Suffix } from './decision.ts';
import type { Budget } from './budgets.ts';
import type { CacheRule } from './cache-recipe.ts';
import type { DemandableFact, Facts } from './facts.ts';
import type { GlobIndex } from './globs.ts';
import type { ClientKey } from './client-key.ts';
import type { PolicySet } from './policies/policy.ts';
import type { BreakerSettings } from './world/breaker.ts';
import type { CooldownSettings } from './world/cooldown.ts';
import type { LockoutSettings } from './world/lockout.ts';

/** A read-only map. Names come from users: `__proto__` is a name like any other. */
export interface Lookup<Value> {
  get(name: string): Value | undefined;
  has(name: string): boolean;
  readonly size: number;
  names(): readonly string[];
  values(): readonly Value[];
}

/** Closes over a private copy of `entries`; the result offers no way to change it. */
export function createLookup<Value>(entries: Iterable<readonly [string, Value]>): Lookup<Value> {
  const map = new Map(entries);
  const names = Object.freeze([...map.keys()]);
  const values = Object.freeze([...map.values()]);
  return Object.freeze({
    get: (name: string) => map.get(name),
    has: (name: string) => map.has(name),
    size: map.size,
    names: () => names,
    values: () => values,
  });
}

/** The facts that rules read; has no way to change it (a frozen Set still takes `add`). */
export interface FactSet {
  has(fact: DemandableFact): boolean;
  readonly size: number;
  values(): readonly DemandableFact[];
}

/** A secret as the file names it; its value never enters a snapshot. */
export type { SecretReference };

/** One account at a provider. */
export interface Connection {
  /** Unique inside its provider; `provider@connection` is its stable id everywhere. */
  readonly id: string;
  /** `provider@connection`: the id by which the world keeps its state. */
  readonly key: string;
  readonly provider: string;
  /** Lower comes first. */
  readonly priority: number;
  readonly enabled: boolean;
  /** Globs of the models that it may serve; absent is all. */
  readonly models?: readonly string[];
  /** undefined: `auth: none`. */
  readonly credential?: SecretReference;
  /** Calls at the same time; `pace` may say less. */
  readonly maxConcurrent?: number;
  /** How fast calls may begin; absent is as they come. */
  readonly pace?: Pace;
  /** What the account includes; counted from usage. */
  readonly quota?: DeclaredQuota;
  readonly at?: SourcePosition | undefined;
}

/** Milliseconds, and calls in any window of `per` milliseconds. */
export interface Pace {
  readonly concurrent: number;
  readonly spacing: number;
  readonly rate: { readonly count: number; readonly per: number };
}

/** What an account includes per window (milliseconds), and the share at which routing leaves it. */
export interface DeclaredQuota {
  readonly window: number;
  readonly tokens?: number;
  readonly requests?: number;
  readonly threshold: number;
}

/** One wire that a provider speaks, and where. */
export interface Endpoint {
  readonly protocol: ProtocolName;
  /** Without a trailing slash; the protocol appends its own path (`/chat/completions`). */
  readonly baseUrl: string;
  /** How the credential travels; `none` sends nothing. */
  readonly auth: 'bearer' | 'x-api-key' | 'x-goog-api-key' | 'api-key' | 'none';
  /** Headers that every call carries (`anthropic-version`). */
  readonly headers: Readonly<Record<string, string>>;
  /** Named deviations of this host (`catalog/quirks.ts`). */
  readonly quirks: readonly string[];
  /** Connections may lead into private networks and to this machine; absent: to the internet only. */
  readonly reach?: 'private';
}

/** Timeouts in milliseconds and retry rules, from `resilience.profiles`. */
export interface ResilienceProfile {
  readonly name: string;
  readonly retries: number;
  readonly connectTimeout: number;
  readonly firstTokenTimeout: number;
  readonly idleTimeout: number;
  readonly totalTimeout: number;
  readonly commitAfter: number;
  readonly cooldown: CooldownSettings;
  readonly breaker: BreakerSettings;
}

/** `providers.X.sandbox` as written; the simulator reads it, routing does not. */
export type SandboxSettings = ResolvedSandbox;

export interface Provider {
  readonly id: string;
  /** Short prefixes that also name it (`ds` for deepseek). */
  readonly prefixes: readonly string[];
  readonly endpoints: readonly Endpoint[];
  /** In the order in which they are tried: by priority, then as written. */
  readonly connections: readonly Connection[];
  /** Which usable connection comes first; absent is fill-first, by priority. */
  readonly select?: 'fill-first' | 'round-robin' | 'p2c' | 'random' | 'least-used' | 'strict-random';
  /** Calls that `round-robin` stays on one connection. */
  readonly stickyCalls?: number;
  /** The simulator answers instead of a network, and behaves like this; false for a real upstream. */
  readonly sandbox: SandboxSettings | false;
  readonly profile: ResilienceProfile;
  /** Model ids that it lists. */
  readonly models?: readonly string[];
  /** The list is the file's own and complete: no other name is passed on. */
  readonly closed?: boolean;
  /** Patterns of bare names that belong to it (`claude-*`). */
  readonly families?: readonly string[];
  /** The catalog entry behind it. */
  readonly catalog?: string;
  readonly at?: SourcePosition | undefined;
}

export type { TokenPrices };

/** What is known about one model at one provider. */
export interface ModelFacts {
  /** `provider/model`. */
  readonly id: string;
  /** Context window in tokens. */
  readonly context?: number;
  readonly maxOutput?: number;
  /** For `priceTokens(prices, counts, at)` of catalog/prices. */
  readonly prices?: TokenPrices;
  /** What the model can do; absent is unknown. */
  readonly features?: readonly Feature[];
  /** Length of its vectors when a request does not say, for models that embed. */
  readonly dimensions?: number;
  /** What it can be asked for; absent is chat. */
  readonly operations?: readonly Operation[];
  /** The wire to use where the provider speaks several. */
  readonly protocol?: ProtocolName;
  /** The id that the upstream expects, where it differs. */
  readonly upstreamId?: string;
  /** Named deviations of this model, besides its endpoint's. */
  readonly quirks?: readonly string[];
  /** Left out of model lists. */
  readonly hidden?: boolean;
  /** Epoch milliseconds from which the provider no longer serves it. */
  readonly retires?: number;
  readonly deprecated?: boolean;
  readonly at?: SourcePosition | undefined;
}

/** A rule of the file about requests, compiled: bounded, never throws. */
export interface Condition {
  readonly text: string;
  /** `now` is epoch milliseconds. */
  holds(facts: Facts, now: number): boolean;
}

/** A time window of the file, compiled. */
export interface Opening {
  readonly text: string;
  isOpen(at: number): boolean;
  /** When it opens or closes next after an instant; undefined when never. */
  nextChange?(at: number): number | undefined;
}

export interface TargetOptions {
  readonly weight: number;
  /** Only for requests for which it holds. */
  readonly when?: Condition;
  /** Only at these times. */
  readonly schedule?: Opening;
  /** Only through these connections of the provider, by their id. */
  readonly connections?: readonly string[];
  /** `[1m]` and `-thinking` of the name as the file writes it. */
  readonly suffixes?: readonly Suffix[];
  readonly at?: SourcePosition | undefined;
}

/** What an alias, a combo entry or a client's name finally points at. */
export type Target = TargetOptions &
  (
    | { readonly kind: 'model'; readonly provider: string; readonly model: string }
    | { readonly kind: 'combo'; readonly combo: string }
  );

/** A name that stands for a target. Chains of aliases are followed when the configuration is compiled. */
export interface Alias {
  readonly name: string;
  readonly target: Target;
  readonly at?: SourcePosition | undefined;
}

/** An alias with `*` or `?`; every `*` of `model` is replaced by what the pattern's wildcards matched, in order. */
export interface GlobAlias {
  readonly pattern: string;
  readonly target: Target;
  readonly at?: SourcePosition | undefined;
}

/** Weights between 0 and 1 by factor. */
export interface AutoOptions {
  readonly weights: Readonly<Record<string, number>>;
  /** Share of requests that try another target than the best. */
  readonly exploration: number;
  /** Nano-USD that one request may cost. */
  readonly budgetCap?: number;
}

export interface Family {
  readonly pattern: string;
  readonly providers: readonly string[];
}

export interface Combo {
  readonly name: string;
  readonly strategy: string;
  /** What `context-optimized` prefers. */
  readonly order?: 'smallest-fit' | 'largest';
  /** What `sticky` keeps together. */
  readonly stickBy?: 'session' | 'key';
  /** What `auto` weighs. */
  readonly auto?: AutoOptions;
  /** Where to go on when a prompt does not fit, or when a provider refuses the content. */
  readonly onContextOverflow?: readonly Target[];
  readonly onContentPolicy?: readonly Target[];
  /** Calls to each target at the same time, and how long (milliseconds) a call waits for its turn. */
  readonly maxConcurrent?: number;
  readonly queueTimeout?: number;
  readonly targets: readonly Target[];
  readonly at?: SourcePosition | undefined;
}

/** A client key; the key itself is nowhere, only its digest. */
export type { ClientKey, KeyLimits, Rate } from './client-key.ts';

export interface Snapshot {
  /** Stable hash of the compiled meaning, 12 hex digits. */
  readonly revision: string;
  readonly providers: Lookup<Provider>;
  /** Provider ids and short prefixes → provider. */
  readonly prefixes: Lookup<Provider>;
  readonly combos: Lookup<Combo>;
  /** Aliases without wildcards; combos and aliases share one namespace. */
  readonly aliases: Lookup<Alias>;
  readonly globs: GlobIndex<GlobAlias>;
  /** Bare model id → ids of the providers that list it. */
  readonly listings: Lookup<readonly string[]>;
  /** Patterns of bare names → ids of the providers that they belong to. */
  readonly families: GlobIndex<Family>;
  readonly demands: FactSet;
  /** Facts about `provider/model`; undefined when nobody knows the model. */
  modelFacts(provider: string, model: string): ModelFacts | undefined;
  readonly limits: {
    readonly maxBodySize: number;
    readonly maxUploadSize: number;
    readonly maxDepth: number;
  };
  /** Milliseconds. */
  readonly timing: {
    readonly bodyTimeout: number;
    readonly keepAliveInterval: number;
    readonly drainTimeout: number;
  };
  readonly access: {
    readonly requireApiKey: boolean;
    readonly corsOrigins: readonly string[];
    readonly trustedProxies: readonly string[];
    readonly basePath: string;
    /** Which client addresses are served; the lists hold addresses and CIDR ranges. */
    readonly ipFilter: {
      readonly mode: 'off' | 'blacklist' | 'whitelist' | 'whitelist-priority';
      readonly blacklist: readonly string[];
      readonly whitelist: readonly string[];
    };
    readonly lockout: LockoutSettings;
  };
  readonly policies: PolicySet;
  /** In the order of the file. */
  readonly budgets: readonly Budget[];
  /** Which answers may be kept; absent: none. */
  readonly cache?: CacheRule;
  /** Conversations: milliseconds that they are remembered, and whether they stay where they are. */
  readonly sessions: { readonly ttl: number; readonly affinity: boolean };
  /** Bounds of the answers that clients may come back to: milliseconds, bytes of all, answers of one key. */
  readonly responses: { readonly ttl: number; readonly maxBytes: number; readonly maxPerKey: number };
  /** What to do when a translation cannot express something. */
  readonly onLoss: 'warn' | 'reject';
  /** Retries of a provider as a share of its calls. */
  readonly retryShare: number;
  /** SHA-256 hex digest of a client key → the key's entry. */
  readonly keys: Lookup<ClientKey>;
}

/** The one mutable pointer of the system: reload swaps it, requests read it once. */
export interface SnapshotRef {
  readonly current: Snapshot;
  swap(next: Snapshot): void;
}

export function createSnapshotRef(first: Snapshot): SnapshotRef {
  let current = first;
  return {
    get current() {
      return current;
    },
    swap: (next) => {
      current = next;
    },
  };
}
