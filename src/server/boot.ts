// A running gateway out of a configuration file: the first load, the state, the server, and everything that keeps them
// in step afterwards. Which file, which flags and where log lines go is the caller's business.
import type { Environment, Flags } from '../config/environment.ts';
import type { ResolvedConfig } from '../config/generated/types.ts';
import type { LoadResult } from '../config/load.ts';
import { reloadKinds } from '../config/generated/reload.ts';
import { createConfigFiles } from '../control/config-files.ts';
import {
  createCoordinator,
  type ConfigStatus,
  type Coordinator,
  type ReloadOutcome,
  type ReloadTrigger,
} from '../control/coordinator.ts';
import { createWatcher } from '../control/watch.ts';
import type { Diagnostic } from '../diagnostics.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { parseDuration } from '../lib/duration.ts';
import { parseListenAddress, type ListenAddress } from '../lib/listen-address.ts';
import { systemTimers, type Timers } from '../lib/timers.ts';
import { createComboMetrics } from '../management/combo-metrics.ts';
import { addManagementRoutes } from '../management/routes.ts';
import type { PasswordCost } from '../management/passwords.ts';
import { createLogs, type Logs } from '../observability/logs.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import { diffSnapshots, type Changes } from '../routing/diff.ts';
import { createSnapshotRef, type Snapshot } from '../routing/snapshot.ts';
import { createSecrets, type Secrets } from '../state/secrets.ts';
import type { State } from '../state/state.ts';
import { createStateWorld, type StateWorld } from '../state/world.ts';
import { createTransport } from '../upstream/transport.ts';
import { createServer, type RunningServer } from './compose.ts';
import { createCredentialCheck, listReferences } from './credentials.ts';
import { resolveDataFolder } from './data-folder.ts';
import { keepRequestsYoung } from './engine.ts';
import { describeReach, findOpenDoor } from './exposure.ts';
import { createLiveSnapshots } from './live-snapshots.ts';
import { createRevisions } from './revisions.ts';
import { openState } from './open-state.ts';
import { auditAddresses, auditChange, listOrigins, openSecurity, type Security } from './security.ts';
import { createReadStored, createSecretResolver } from './stored-secrets.ts';
import { describeOutcome, describeStatus, tellLive, tellRefused } from './tell.ts';
import { completeWrites, createRing, openWritePath, type WritePath } from './write-path.ts';

export interface BootOptions {
  /** Path of the main file; searched from `directory` when left out. */
  readonly config?: string | undefined;
  readonly directory?: string | undefined;
  readonly flags: Flags;
  readonly environment: Environment;
  /** Where log lines go; standard error, `pretty` or by what it is, when left out. */
  readonly logs?: Logs;
  /** Lines for a person, whatever standard error is. */
  readonly pretty?: boolean;
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** Milliseconds between two hash polls of the files, beside file events. */
  readonly pollInterval?: number;
  /** Of password digests; tests take less. */
  readonly cost?: PasswordCost;
  /** False where the file system sends no events; polling alone then. */
  readonly fileEvents?: boolean;
}

export interface BootedGateway {
  readonly server: RunningServer;
  readonly url: string;
  readonly metrics: Metrics;
  readonly secrets: Secrets;
  /** Absolute. */
  readonly dataFolder: string;
  readonly configPath: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  snapshot(): Snapshot;
  status(): ConfigStatus;
  reload(trigger: ReloadTrigger): Promise<ReloadOutcome<Changes>>;
  /** Drains, writes what waits, ends all threads; true when every running request could finish. */
  close(): Promise<boolean>;
}

/** Rejects with FirstLoadError when the file has errors, and with a plain Error when address or state cannot be used. */
export async function bootGateway(options: BootOptions): Promise<BootedGateway> {
  const { environment, clock = systemClock, timers = systemTimers } = options;
  keepRequestsYoung();
  const files = createConfigFiles({ ...options, clock, timers });
  const interrupted = await completeWrites(options);
  const loaded = await files.load();
  const format = options.pretty === true ? 'pretty' : (loaded.config?.observability.logs.format ?? 'auto');
  const logs = options.logs ?? createLogs({ format });
  const isSqlite = loaded.config?.storage.driver !== 'memory';
  const dataFolder = resolveDataFolder(loaded.config?.storage.dir, files.folder(), environment);
  const secrets = createSecrets({
    environment,
    folder: files.folder(),
    // The memory driver knows no secrets; the file of a store that was once there is still read.
    readStored: createReadStored({ environment, dataFolder, state: () => (isSqlite ? state : undefined) }),
  });
  const revisions = createRevisions({
    ...(isSqlite && { dataFolder }),
    report: (error) =>
      logs.log.warn({ err: error }, 'a configuration is not kept: why will not find its rules'),
  });
  const live = createLiveSnapshots();
  let server: RunningServer | undefined;
  let coordinator: Coordinator<Changes, ResolvedConfig> | undefined;
  let state: State | undefined;
  let writePath: WritePath | undefined;
  let stateWorld: StateWorld | undefined;
  const metrics = createMetrics({
    process: true,
    inFlight: () => server?.gateway.lifecycle.running ?? 0,
    liveSnapshots: live.count,
    keptResponses: () => server?.gateway.responses,
    ledger: () => state!.status(),
    gitOwes: () => writePath?.owes() === true,
  });
  let security: Security | undefined;
  const transport = createTransport({
    onRefused: ({ origin, address }) => {
      logs.log.warn({ origin, address }, 'an upstream resolves to an address that may not be reached');
      const details = { code: 'address_refused', address };
      security?.trail.refuse({ action: 'upstream.refused', actor: 'system', target: origin, details });
    },
  });
  let previous: Snapshot | undefined;
  let config: ResolvedConfig | undefined;
  let early: typeof loaded | undefined = loaded;
  const readings = new WeakMap<ResolvedConfig, LoadResult>();
  let newest = loaded.result;

  const configure = ({ observability }: ResolvedConfig): void => {
    logs.configure({ ...observability.logs, ...(options.pretty === true ? { format: 'pretty' } : {}) });
    metrics.setPerModel(observability.metrics.perModel);
  };

  coordinator = await createCoordinator<ResolvedConfig, Changes>(
    {
      // The first reading is taken as it is: the folder of the secrets had to be known before.
      load: async () => {
        await writePath?.settleSecrets();
        const reading = early ?? (await files.load());
        early = undefined;
        newest = reading.result;
        if (reading.config) readings.set(reading.config, reading.result);
        return reading;
      },
      compile: (reading) => {
        const result = revisions.compile(reading);
        // At the start the password is looked for later, with a message of its own.
        const door =
          result.snapshot && security
            ? findOpenDoor(readAddress(reading.config), result.snapshot, security.accounts.hasPassword)
            : undefined;
        if (door) return { diagnostics: [...result.diagnostics, door] };
        if (result.snapshot) config = reading.config;
        return result;
      },
      listReferences,
      diff: diffSnapshots,
      bind: (next) => server!.rebind(readAddress(next)),
      secrets: createSecretResolver(
        secrets,
        (name) =>
          newest.references.find(({ reference }) => reference.source === 'secret' && reference.name === name)
            ?.at,
      ),
      reloadKinds,
      clock,
      metrics,
      onLive: (outcome, snapshot) => {
        live.add(snapshot);
        logs.hide(secrets.values());
        if (config) configure(config);
        if (config) revisions.keep(config, snapshot);
        transport.retain(new Set(listOrigins(snapshot.providers.values().flatMap((each) => each.endpoints))));
        // In the turn of the swap: no request sees the new names without their state.
        if (config) stateWorld?.move(config.moved);
        tellLive(logs, outcome);
        if (security && previous) auditAddresses(security.trail, previous, snapshot, outcome.trigger);
        previous = snapshot;
      },
      onRefused: (outcome) => tellRefused(logs, outcome),
    },
    createSnapshotRef,
  );
  const { snapshots } = coordinator;
  live.add(snapshots.current);
  previous = snapshots.current;
  logs.hide(secrets.values());
  const start = config!;
  configure(start);

  if (interrupted) logs.log.warn({ interrupted }, 'an interrupted write was completed');
  const ringing = createRing();
  const writing = await openWritePath({
    ...options,
    clock,
    timers,
    logs,
    folder: files.folder(),
    dataFolder,
    coordinator,
    bell: ringing,
    reading: () => readings.get(coordinator.config())!,
    settle: files.settle,
    audit: (entry) => auditChange(security!.trail, entry),
    state: () => (isSqlite ? state : undefined),
    trail: () => security?.trail,
  });
  const status = (): Readonly<Record<string, unknown>> => ({
    ...describeStatus(coordinator.status()),
    git: writing.status(),
  });
  writePath = writing;
  state = await openState({ config: () => config ?? start, dataFolder, clock, timers, logs });
  // Not before: an unusable data folder is told by whoever opens the state.
  revisions.keep(start, snapshots.current);
  const combos = createComboMetrics();
  try {
    const saved = await state.store.load();
    const reach = describeReach(readAddress(start), snapshots.current);
    security = await openSecurity({ ...options, state, saved, dataFolder, clock, logs, reach });
    const world = createStateWorld({
      store: state.store,
      saved,
      hasCredential: createCredentialCheck(() => snapshots.current, secrets),
    });
    stateWorld = world;
    world.move(start.moved);
    // What was merged while nothing ran here.
    if (await writing.settleSecrets()) await coordinator.reload('start');
    server = await createServer({
      snapshots,
      secrets,
      ledger: state.ledger,
      world,
      transport,
      clock,
      timers,
      observe: (event, calls) => {
        logs.request(event);
        metrics.record(event);
        combos.record(event, calls, clock.now());
      },
      onBudget: ({ until, ...notice }) =>
        logs.log.warn(
          { ...notice, ...(until !== undefined && { until: new Date(until).toISOString() }) },
          'a budget has reached the share at which to warn',
        ),
      report: (error, requestId) => logs.log.error({ err: error, requestId }, 'fault of the gateway'),
      health: () => ({ config: describeStatus(coordinator.status()), state: state!.status() }),
      listen: readAddress(start),
    });
    addManagementRoutes(server.app, {
      world,
      clock,
      snapshot: () => snapshots.current,
      ...security,
      reader: state.reader,
      slots: server.gateway.slots,
      findRevision: revisions.find,
      login: () => {
        const { requireLogin, sessionLifetime } = (config ?? start).auth;
        return { required: requireLogin, lifetime: parseDuration(sessionLifetime) ?? 0 };
      },
      reload: async () => describeOutcome(await coordinator.reload('api')),
      status,
      desk: writing.desk,
      combos,
      renderMetrics: metrics.render,
      metricsEnabled: () => (config ?? start).observability.metrics.enabled,
    });
  } catch (error) {
    writing.close();
    await server?.close();
    await state.close();
    throw error;
  }

  const watcher = await createWatcher({
    paths: () => ({
      files: [...files.watched().files, ...secrets.files.map(({ path }) => path)],
      directories: files.watched().directories,
    }),
    fingerprint: () => files.fingerprint(secrets.files.map(({ path }) => path)),
    onChange: async () => void (await coordinator.reload('watch')),
    timers,
    pollInterval: options.pollInterval ?? 2_000,
    events: options.fileEvents ?? true,
  });
  ringing.use(watcher);

  const running = server;
  const kept = state;
  return {
    server: running,
    get url() {
      return running.url;
    },
    metrics,
    secrets,
    dataFolder,
    configPath: files.path(),
    diagnostics: coordinator.status().diagnostics,
    snapshot: () => snapshots.current,
    status: coordinator.status,
    reload: coordinator.reload,
    close: async () => {
      writing.close();
      await watcher.close();
      const clean = await running.close();
      await transport.close(1_000);
      await kept.close();
      await revisions.flush();
      logs.flush();
      return clean;
    },
  };
}

function readAddress({ server }: ResolvedConfig): ListenAddress {
  const address = parseListenAddress(server.listen);
  if (!address) throw new Error(`server.listen is no address: ${server.listen}`);
  return address;
}
