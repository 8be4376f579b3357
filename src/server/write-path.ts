// Everything behind a change of the configuration, wired for one running gateway: journal, git, audit, the writer, and
// the timers that pull and that try failed commits again.
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Environment, Flags } from '../config/environment.ts';
import { findMain, type LoadResult } from '../config/load.ts';
import type { Coordinator, ReloadTrigger } from '../control/coordinator.ts';
import { createEvaluate, sha256 } from '../control/evaluate.ts';
import { openGit } from '../control/git.ts';
import { createOwedFile } from '../control/owed.ts';
import { completeJournal, type JournalReport } from '../control/journal.ts';
import { pull, type PullOutcome } from '../control/pull.ts';
import { createRepository, type Repository } from '../control/repository.ts';
import type { AuditEntry } from '../control/write-types.ts';
import { createWriter, type Activation, type GitopsSettings, type Writer } from '../control/writer.ts';
import type { Watcher } from '../control/watch.ts';
import type { Clock } from '../lib/clock.ts';
import { parseDuration } from '../lib/duration.ts';
import type { Timers } from '../lib/timers.ts';
import type { AuditTrail } from '../management/audit-trail.ts';
import type { ConfigDesk } from '../management/desk.ts';
import type { Logs } from '../observability/logs.ts';
import type { Changes } from '../routing/diff.ts';
import type { State } from '../state/state.ts';
import { resolveDataFolder } from './data-folder.ts';
import { createProposedSecrets } from './proposed-secrets.ts';
import { describeDiagnostics } from './tell.ts';

export interface WritePathOptions {
  readonly config?: string | undefined;
  readonly directory?: string | undefined;
  readonly flags: Flags;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logs: Logs;
  /** Absolute. */
  readonly folder: string;
  readonly dataFolder: string;
  readonly coordinator: Coordinator<Changes, { readonly gitops: GitopsSettings }>;
  /** The watcher, or what stands in for it. */
  readonly bell: Bell;
  /** Resolves when the entry is durable. */
  audit(entry: AuditEntry): Promise<void>;
  /** The store of secrets; undefined while the gateway starts, and where nothing is kept. */
  state(): State | undefined;
  trail(): AuditTrail | undefined;
  /** The reading behind what serves. */
  reading(): LoadResult;
  /** Waits until the files are quiet. */
  settle(): Promise<void>;
}

export interface WritePath {
  readonly desk: ConfigDesk;
  readonly repository: Repository | undefined;
  /** What git owes, and what came of the last pull; undefined without a repository. */
  status(): Readonly<Record<string, unknown>> | undefined;
  /** Whether somebody should look after git. */
  owes(): boolean;
  /** Secrets of merged proposals come into use; before secrets are read. Never rejects. */
  settleSecrets(): Promise<boolean>;
  close(): void;
}

/** How often a failed commit or push is tried again, and `gitops.pull` is looked at; milliseconds. */
const retryInterval = 60_000;
const pullTick = 1_000;

/** Completes what a crash interrupted; before anything is read. */
export async function completeWrites(
  options: Pick<WritePathOptions, 'config' | 'directory' | 'flags' | 'environment'>,
): Promise<JournalReport | undefined> {
  const path = await journalPath(options);
  if (path === undefined) return undefined;
  const reports = [await completeJournal(path)];
  const folder = dirname(path);
  const prefix = `${basename(path, '.json')}.cli-`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(prefix) && each.endsWith('.json'))) {
    // A command that still runs completes its own.
    if (!isAlive(Number(name.slice(prefix.length, -'.json'.length))))
      reports.push(await completeJournal(join(folder, name)));
  }
  const done = reports.filter((report) => report !== undefined);
  if (done.length === 0) return undefined;
  return {
    completed: done.flatMap(({ completed }) => completed),
    skipped: done.flatMap(({ skipped }) => skipped),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export async function openWritePath(options: WritePathOptions): Promise<WritePath> {
  const { coordinator, clock, timers, logs } = options;
  const settings = (): GitopsSettings => coordinator.config().gitops;
  const git = await openGit(options.folder);
  const journal = (await journalPath(options)) ?? join(options.dataFolder, 'write.json');
  const owed = createOwedFile(journal.replace(/\.json$/, '.git.json'));
  const repository = git && createRepository({ git, settings, now: clock.now, owed });
  await repository?.restore();
  const secrets = createProposedSecrets({
    ...options,
    now: clock.now,
    judge: async (branch, commit) => repository?.judge(branch, commit) ?? 'open',
  });
  const settleSecrets = (): Promise<boolean> =>
    secrets.settle().catch((error: unknown) => {
      logs.log.error({ err: error }, 'secrets of proposals');
      return false;
    });
  const evaluate = createEvaluate({ ...options, config: (await findMain(options)) ?? options.config });
  const activate = async (trigger: ReloadTrigger): Promise<Activation> => {
    // First this, then the reading: an edit by hand that comes after it rings, one that came before is read now.
    await options.bell.acknowledge();
    const outcome = await coordinator.reload(trigger);
    return outcome.kind === 'refused'
      ? { kind: 'refused', diagnostics: outcome.diagnostics }
      : { kind: 'live', revision: outcome.revision };
  };
  const writer: Writer = createWriter({
    evaluate,
    gitops: settings,
    snapshot: () => coordinator.snapshots.current,
    activate: () => activate('write'),
    hold: () => options.bell.hold(),
    settle: async (files) => {
      const { sources } = options.reading();
      const known = new Map(sources.map(({ name, text }) => [name, text]));
      const serves =
        files.length === known.size &&
        files.every(({ name, text }) => known.get(name) === text.replace(/^\uFEFF/, ''));
      if (!serves) await options.settle();
      return !serves;
    },
    audit: async (entry) => {
      await options.audit(entry);
      const { patch: _patch, ...facts } = entry;
      logs.log.info({ audit: facts }, `configuration: ${entry.phase} of a change`);
    },
    journal,
    repository,
    get secrets() {
      return options.state() && secrets;
    },
    clock,
  });
  let last: { readonly at: number; readonly outcome: PullOutcome } | undefined;
  const pullNow = async (dryRun = false): Promise<PullOutcome> => {
    if (!repository) return { kind: 'failed', error: 'the configuration is in no git repository' };
    const pushes = (): boolean => settings().mode === 'push';
    const hold = (): (() => void) => options.bell.hold();
    const outcome = await pull({
      repository,
      evaluate,
      writer,
      pushes,
      hold,
      dryRun,
      snapshot: () => coordinator.snapshots.current,
      activate: () => activate('pull'),
    });
    if (dryRun) return outcome;
    // Said once, not at every pull for as long as nobody has done anything.
    const news = JSON.stringify(outcome) !== JSON.stringify(last?.outcome);
    last = { at: clock.now(), outcome };
    const told = { pull: outcome.kind, ...describePull(last) };
    if (outcome.kind === 'live') logs.log.info(told, 'pulled');
    else if (outcome.kind !== 'current' && news) logs.log.warn(told, 'nothing was pulled');
    if (outcome.dropped && (await settleSecrets())) await activate('pull');
    return outcome;
  };

  let pulled = clock.monotonic();
  let pulling = false;
  const cancelPull = timers.every(pullTick, () => {
    const every = parseDuration(settings().pull) ?? 0;
    if (every === 0 || pulling || clock.monotonic() - pulled < every) return;
    pulling = true;
    void pullNow().finally(() => {
      pulling = false;
      pulled = clock.monotonic();
    });
  });
  const retry = async (): Promise<void> => {
    if (!repository) return;
    if (repository.status().state !== 'clean') {
      await writer.exclusive(repository.retryCommits);
      await repository.retryPushes();
      const { state, error } = repository.status();
      if (state === 'clean') logs.log.info('git owes nothing any more');
      else logs.log.warn({ state, error }, 'git still owes');
    }
    if (await settleSecrets()) await activate('pull');
  };
  const cancelRetry = timers.every(retryInterval, () => void retry());
  // What the process before this one left; the start does not wait for a remote.
  if (repository?.status().state !== 'clean') void retry();
  return {
    repository,
    settleSecrets,
    status: () => repository && { ...repository.status(), ...(last && { pull: describePull(last) }) },
    owes: () =>
      repository !== undefined &&
      (repository.status().state !== 'clean' ||
        last?.outcome.kind === 'diverged' ||
        last?.outcome.kind === 'refused'),
    desk: {
      writer,
      evaluate,
      repository,
      pull: pullNow,
      pendingSecrets: secrets.list,
      settleSecrets: async () => {
        if (await settleSecrets()) await activate('api');
      },
      reading: options.reading,
      revision: () => coordinator.snapshots.current.revision,
      snapshot: () => coordinator.snapshots.current,
    },
    close: () => {
      cancelPull();
      cancelRetry();
    },
  };
}

function describePull({
  at,
  outcome,
}: {
  readonly at: number;
  readonly outcome: PullOutcome;
}): Readonly<Record<string, unknown>> {
  return 'diagnostics' in outcome
    ? { at, ...outcome, diagnostics: describeDiagnostics(outcome.diagnostics) }
    : { at, ...outcome };
}

type Bell = Pick<Watcher, 'acknowledge' | 'hold'>;

/** The watcher begins after the write path; until then there is nobody to tell. */
export function createRing(): Bell & { use(watcher: Bell): void } {
  let current: Bell | undefined;
  return {
    acknowledge: async () => current?.acknowledge(),
    hold: () => current?.hold() ?? (() => undefined),
    use: (watcher) => {
      current = watcher;
    },
  };
}

// Where it lies must be known before the file can be read, for the file may be torn: `storage.dir` takes no part.
async function journalPath({
  flags,
  environment,
  ...options
}: Pick<WritePathOptions, 'config' | 'directory' | 'flags' | 'environment'>): Promise<string | undefined> {
  const main = await findMain({ ...options, environment });
  if (main === undefined) return undefined;
  const named = flags.data ?? (environment['OMNIROUTE_DATA_DIR'] || environment['DATA_DIR'] || undefined);
  const folder = resolveDataFolder(named, options.directory ?? '.', environment);
  return join(folder, 'journals', `${nameJournal(main)}.json`);
}

/** Name of the journals of a configuration, by the absolute path of its main file. */
export function nameJournal(main: string): string {
  return sha256(main).slice(0, 16);
}
