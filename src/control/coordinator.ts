// Reload as a transaction: load → compile → diff → bind → swap one pointer → notify. On any failure nothing changes and
// the last good snapshot serves on. It never reads HTTP and never decides when to run: watch.ts, a signal or the API do.
import { hasErrors, type Diagnostic, type Locate } from '../diagnostics.ts';
import type { Clock } from '../lib/clock.ts';
import type { SecretReference, Snapshot, SnapshotRef } from '../routing/snapshot.ts';
import { classifyChanges, type ReloadKinds } from './reload-kinds.ts';

/** What one reading of all files gave; `config` is absent when an error diagnostic is present. */
export interface LoadedConfig<Config> {
  readonly config?: Config;
  readonly locate: Locate;
  readonly diagnostics: readonly Diagnostic[];
}

/** Secrets are resolved outside the snapshot, in two steps, so that a refused reload leaves the values in use alone. */
export interface SecretResolver {
  /** Counts how often any value changed. */
  readonly epoch: number;
  prepare(references: readonly SecretReference[]): Promise<{
    readonly changed: boolean;
    /** Faults of secrets; an error refuses the configuration. */
    readonly diagnostics?: readonly Diagnostic[];
    commit(): void;
  }>;
}

export interface ReloadMetrics {
  succeeded(revision: string, epochMilliseconds: number): void;
  failed(): void;
}

/** Who asked; goes into the log line and the status. */
export type ReloadTrigger = 'start' | 'watch' | 'signal' | 'api' | 'write' | 'pull';

export interface CoordinatorParts<Config, Changes> {
  load(): Promise<LoadedConfig<Config>>;
  /** What the loader has found comes in and goes out with the rest, so that nothing is told twice. */
  compile(loaded: LoadedConfig<Config> & { readonly config: Config }): {
    readonly snapshot?: Snapshot;
    readonly diagnostics: readonly Diagnostic[];
  };
  /** Every secret that the snapshot or the configuration names. */
  listReferences(config: Config, snapshot: Snapshot): readonly SecretReference[];
  diff(previous: Snapshot, next: Snapshot): Changes;
  /** Moves sockets to the new configuration before the swap; a rejection refuses the reload. */
  bind(config: Config, changed: readonly string[]): Promise<void>;
  readonly secrets: SecretResolver;
  readonly reloadKinds: ReloadKinds;
  readonly clock: Clock;
  readonly metrics: ReloadMetrics;
  /** Runs after each swap, in the same turn; drains pools of removed providers and writes the log line. */
  onLive(outcome: LiveOutcome<Changes>, snapshot: Snapshot): void;
  onRefused(outcome: RefusedOutcome): void;
}

export interface LiveOutcome<Changes> {
  readonly kind: 'live';
  readonly trigger: ReloadTrigger;
  readonly revision: string;
  /** The revision before; equal to `revision` when only secrets changed; undefined at the first start. */
  readonly previous?: string;
  readonly secretEpoch: number;
  readonly changes?: Changes;
  readonly diagnostics: readonly Diagnostic[];
  /** Pointers whose new value waits for a restart. */
  readonly pendingRestart: readonly string[];
}

export interface UnchangedOutcome {
  readonly kind: 'unchanged';
  readonly trigger: ReloadTrigger;
  readonly revision: string;
  readonly secretEpoch: number;
}

export interface RefusedOutcome {
  readonly kind: 'refused';
  readonly trigger: ReloadTrigger;
  /** The revision that serves on; undefined when nothing was ever live. */
  readonly revision?: string;
  readonly diagnostics: readonly Diagnostic[];
}

export type ReloadOutcome<Changes> = LiveOutcome<Changes> | UnchangedOutcome | RefusedOutcome;

/** The state that health, status and metrics show. */
export interface ConfigStatus {
  /** False while the newest text on disk is not what serves. */
  readonly healthy: boolean;
  readonly revision: string;
  readonly secretEpoch: number;
  /** Epoch milliseconds of the last successful load. */
  readonly liveSince: number;
  /** Epoch milliseconds of the last attempt. */
  readonly lastAttempt: number;
  readonly diagnostics: readonly Diagnostic[];
  readonly pendingRestart: readonly string[];
}

export interface Coordinator<Changes, Config = unknown> {
  readonly snapshots: SnapshotRef;
  /** The configuration that serves, with the places of its newest reading. */
  config(): Config;
  /** Loads again; calls that arrive during a run share one following run, so that none reads a stale file. */
  reload(trigger: ReloadTrigger): Promise<ReloadOutcome<Changes>>;
  status(): ConfigStatus;
}

/** Thrown when the very first load fails: a start with a bad file must not serve anything. */
export class FirstLoadError extends Error {
  override readonly name = 'FirstLoadError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super('the configuration has errors');
    this.diagnostics = diagnostics;
  }
}

/** Performs the first load and returns the coordinator around it; rejects with FirstLoadError. */
export async function createCoordinator<Config, Changes>(
  parts: CoordinatorParts<Config, Changes>,
  createRef: (first: Snapshot) => SnapshotRef,
): Promise<Coordinator<Changes, Config>> {
  const first = await prepare(parts);
  if (first.kind === 'refused') throw new FirstLoadError(first.diagnostics);
  first.secrets.commit();
  const snapshots = createRef(first.snapshot);
  const startConfig = first.config;
  let live = first;
  let status: ConfigStatus = liveStatus(first.diagnostics, []);
  parts.metrics.succeeded(first.snapshot.revision, parts.clock.now());

  function liveStatus(diagnostics: readonly Diagnostic[], pendingRestart: readonly string[]): ConfigStatus {
    const now = parts.clock.now();
    return {
      healthy: true,
      revision: snapshots.current.revision,
      secretEpoch: parts.secrets.epoch,
      liveSince: now,
      lastAttempt: now,
      diagnostics,
      pendingRestart,
    };
  }

  function refuse(trigger: ReloadTrigger, diagnostics: readonly Diagnostic[]): RefusedOutcome {
    const outcome: RefusedOutcome = {
      kind: 'refused',
      trigger,
      revision: snapshots.current.revision,
      diagnostics,
    };
    status = { ...status, healthy: false, lastAttempt: parts.clock.now(), diagnostics };
    parts.metrics.failed();
    parts.onRefused(outcome);
    return outcome;
  }

  async function run(trigger: ReloadTrigger): Promise<ReloadOutcome<Changes>> {
    const next = await prepare(parts);
    if (next.kind === 'refused') return refuse(trigger, next.diagnostics);
    const previous = snapshots.current;
    if (next.snapshot.revision !== previous.revision) {
      const changed = classifyChanges(live.config, next.config, parts.reloadKinds);
      try {
        if (changed.rebind.length > 0) await parts.bind(next.config, changed.rebind);
      } catch (error) {
        return refuse(trigger, [...next.diagnostics, describeBindFailure(error, changed.rebind)]);
      }
    }
    // From here to the end nothing waits: a request sees either all of the old or all of the new.
    const rotated = next.secrets.changed;
    next.secrets.commit();
    const pendingRestart = classifyChanges(startConfig, next.config, parts.reloadKinds).restart;
    live = next;
    if (next.snapshot.revision === previous.revision && !rotated) {
      status = { ...liveStatus(next.diagnostics, pendingRestart), liveSince: status.liveSince };
      parts.metrics.succeeded(previous.revision, parts.clock.now());
      return { kind: 'unchanged', trigger, revision: previous.revision, secretEpoch: parts.secrets.epoch };
    }
    const moved = next.snapshot.revision !== previous.revision;
    if (moved) snapshots.swap(next.snapshot);
    const outcome: LiveOutcome<Changes> = {
      kind: 'live',
      trigger,
      revision: next.snapshot.revision,
      previous: previous.revision,
      secretEpoch: parts.secrets.epoch,
      ...(moved ? { changes: parts.diff(previous, next.snapshot) } : {}),
      diagnostics: next.diagnostics,
      pendingRestart,
    };
    status = liveStatus(next.diagnostics, pendingRestart);
    parts.metrics.succeeded(outcome.revision, parts.clock.now());
    parts.onLive(outcome, next.snapshot);
    return outcome;
  }

  let running: Promise<ReloadOutcome<Changes>> | undefined;
  let following: Promise<ReloadOutcome<Changes>> | undefined;

  function start(trigger: ReloadTrigger): Promise<ReloadOutcome<Changes>> {
    running = run(trigger).finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    snapshots,
    reload: (trigger) => {
      if (!running) return start(trigger);
      following ??= running
        .catch(() => undefined)
        .then(() => {
          following = undefined;
          return start(trigger);
        });
      return following;
    },
    status: () => status,
    config: () => live.config,
  };
}

type Prepared<Config> =
  | {
      readonly kind: 'ready';
      readonly config: Config;
      readonly snapshot: Snapshot;
      readonly secrets: { readonly changed: boolean; commit(): void };
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

async function prepare<Config, Changes>(parts: CoordinatorParts<Config, Changes>): Promise<Prepared<Config>> {
  const loaded = await parts.load();
  const { config } = loaded;
  if (config === undefined || hasErrors(loaded.diagnostics)) {
    return { kind: 'refused', diagnostics: loaded.diagnostics };
  }
  const { snapshot, diagnostics } = parts.compile({ ...loaded, config });
  if (snapshot === undefined || hasErrors(diagnostics)) return { kind: 'refused', diagnostics };
  const secrets = await parts.secrets.prepare(parts.listReferences(config, snapshot));
  const all = [...diagnostics, ...(secrets.diagnostics ?? [])];
  if (hasErrors(all)) return { kind: 'refused', diagnostics: all };
  return { kind: 'ready', config, snapshot, secrets, diagnostics: all };
}

function describeBindFailure(error: unknown, pointers: readonly string[]): Diagnostic {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    code: 'reload/cannot-bind',
    severity: 'error',
    message: `the new address cannot be bound (${reason}); the old one keeps serving`,
    ...(pointers[0] === undefined ? {} : { pointer: pointers[0] }),
  };
}
