// The one queue that every change of the configuration goes through: compare → edit the newest text → check → compile →
// audit → write → swap → audit → git. A change is live when its answer is sent, or nothing has changed.
import { applyEdits, StillUsedError } from '../config/change.ts';
import { findText, readFileSet, replaceText, tagSubtree, type FileSet } from '../config/file-set.ts';
import type { ResolvedConfig } from '../config/generated/types.ts';
import { hasErrors, type Diagnostic } from '../diagnostics.ts';
import { isGatewayError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { openAudit } from './audit-change.ts';
import { ChangedMeanwhileError, systemFiles, type WriteFiles } from './atomic-write.ts';
import { renderMessage } from './describe-change.ts';
import { describeEffect } from './effect.ts';
import { pathOf, type Evaluate, type Evaluation } from './evaluate.ts';
import { findForbidden } from './forbidden.ts';
import { writeJournaled, type PlannedWrite } from './journal.ts';
import { checkTags, findScope } from './precondition.ts';
import type { GitOutcome } from './git-outcome.ts';
import type { OwedCommit } from './owed.ts';
import { propose, readHead } from './propose.ts';
import type { Repository } from './repository.ts';
import { findSecretFault, type SecretStore } from './secret-store.ts';
import type { AuditEntry, Effect, WriteOutcome, WriteRequest } from './write-types.ts';

export type GitopsSettings = ResolvedConfig['gitops'];

/** What happened when the written files were taken into use. */
export type Activation =
  | { readonly kind: 'live'; readonly revision: string }
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] };

export interface WriterParts {
  readonly evaluate: Evaluate;
  /** Of the configuration that serves. */
  gitops(): GitopsSettings;
  /** Instead of the file's own: who has the file in hand needs nobody's leave. */
  readonly mode?: GitopsSettings['mode'];
  snapshot(): Snapshot | undefined;
  /** Takes what is on disk into use. The watcher has been told that the files are known. */
  activate(): Promise<Activation>;
  /** Waits until files that differ from what serves are quiet; true when it had to. */
  settle?(files: FileSet): Promise<boolean>;
  /** Keeps the watcher quiet about the write, until the answer is called. */
  hold?(): () => void;
  /** Rejects when the line could not be kept: then nothing is written. */
  audit(entry: AuditEntry): Promise<void>;
  /** Absolute path of the journal, outside the configuration's folder. */
  readonly journal: string;
  readonly repository?: Repository | undefined;
  /** Absent where nothing could keep a value. */
  readonly secrets?: SecretStore | undefined;
  readonly clock: Pick<Clock, 'now'>;
  readonly files?: WriteFiles;
}

export interface Writer {
  /** Resolves when the outcome is final; rejects only for faults of the machine or of ours. */
  write(request: WriteRequest): Promise<WriteOutcome>;
  /** Runs something that changes the files by other means, alone. */
  exclusive<Result>(run: () => Promise<Result>): Promise<Result>;
}

/** A person who saves without end must not make a change wait without end. */
const maxRepeats = 20;

/** Errors that say that this place takes no writes at all. */
const unwritable = new Set(['EROFS', 'EACCES', 'EPERM']);

export function createWriter(parts: WriterParts): Writer {
  let last: Promise<unknown> = Promise.resolve();
  function exclusive<Result>(run: () => Promise<Result>): Promise<Result> {
    const next = last.then(run, run);
    last = next.catch(() => undefined);
    return next;
  }
  return {
    exclusive,
    write: async (request) => offer(parts, await exclusive(() => write(parts, request))),
  };
}

// A remote that hangs must not hold up the next change: this happens outside the queue.
async function offer({ repository }: WriterParts, outcome: WriteOutcome): Promise<WriteOutcome> {
  if (!repository || !('git' in outcome) || outcome.git?.state !== 'unpushed') return outcome;
  const branch = outcome.kind === 'proposed' ? outcome.branch : undefined;
  const { commit } = outcome.git;
  const git = await repository.push(branch);
  return { ...outcome, git: { ...git, ...(commit === undefined ? {} : { commit }) } };
}

async function write(parts: WriterParts, request: WriteRequest): Promise<WriteOutcome> {
  for (let repeat = 0; ; repeat++) {
    try {
      return await attempt(parts, request);
    } catch (error) {
      if (error instanceof StillUsedError)
        return { kind: 'conflict', message: error.message, uses: error.uses };
      // Somebody saved between our reading and our writing: the change applies to what they wrote, or is stale.
      if (error instanceof ChangedMeanwhileError) {
        if (repeat < maxRepeats) continue;
        return { kind: 'stale', message: 'the files change faster than this change can be made' };
      }
      const outcome = explain(error);
      if (!outcome) throw error;
      return outcome;
    }
  }
}

function explain(error: unknown): WriteOutcome | undefined {
  if (!isGatewayError(error)) return undefined;
  const { message } = error;
  if (error.code === 'not_found') return { kind: 'missing', message };
  if (error.code === 'conflict') return { kind: 'conflict', message, uses: [] };
  if (error.code === 'config_invalid') return { kind: 'invalid', message, diagnostics: [] };
  if (error.code === 'precondition_failed') return { kind: 'stale', message };
  return undefined;
}

async function attempt(parts: WriterParts, request: WriteRequest): Promise<WriteOutcome> {
  const { change, dryRun = false, ifMatch } = request;
  let disk = await parts.evaluate();
  if ((await parts.settle?.(disk.files)) === true) disk = await parts.evaluate();
  // Half a file that somebody is saving may be valid by chance, but a faulty one is never edited: only replaced whole.
  if (disk.files.length === 0 || (change.kind === 'edits' && hasErrors(disk.diagnostics)))
    return {
      kind: 'invalid',
      message: 'the newest text on disk has errors; repair it first',
      diagnostics: disk.diagnostics,
    };
  if (change.kind === 'texts' && change.trusted !== true && ifMatch === undefined && !dryRun)
    return { kind: 'unconditional', message: 'replacing a whole file needs If-Match with its ETag' };
  const stale = checkTags(disk.files, change, ifMatch);
  if (stale) return stale;
  const written = disk.loaded.config?.gitops ?? parts.gitops();
  const gitops = parts.mode === undefined ? written : { ...written, mode: parts.mode };
  const branches = gitops.mode === 'branch';
  const base = branches ? await readHead(parts, disk) : disk.files;
  const next = applyChange(base, request, gitops);
  const changed = next.filter(({ name, text }) => findText(base, name) !== text);
  const scope = findScope(change);
  const carries = request.secrets !== undefined && request.secrets.size > 0;
  if (changed.length === 0 && carries && branches)
    return {
      kind: 'conflict',
      message: 'no file would change, so there is nothing to propose; omniroute secrets set stores a value',
      uses: [],
    };
  if (changed.length === 0 && !carries) {
    const revision = parts.snapshot()?.revision ?? '';
    return { kind: 'unchanged', revision, etag: tagSubtree(readFileSet(next), scope) };
  }
  const texts = new Map((branches ? next : changed).map(({ name, text }) => [pathOf(disk, name), text]));
  const candidate = await parts.evaluate(texts);
  const effect = describeEffect(parts.snapshot(), base, changed, candidate);
  const diagnostics = [...candidate.diagnostics, ...judge(disk, base, next, candidate, request, gitops)];
  const revision = candidate.snapshot?.revision ?? '';
  const fault = findSecretFault(request.secrets, parts.secrets, candidate, gitops.allowReferences);
  if (fault !== undefined) return { kind: 'conflict', message: fault, uses: [] };
  if (hasErrors(diagnostics)) {
    const message = 'the change would make the configuration invalid, or is not allowed through the API';
    return { kind: 'invalid', message, diagnostics, patch: effect.patch };
  }
  if (dryRun) return { kind: 'rehearsed', revision, ...effect };
  if (gitops.mode === 'readonly') {
    const message = 'gitops.mode is readonly: apply the patch by hand';
    return { kind: 'readonly', message, ...effect };
  }
  if (branches) return propose(parts, request, disk, changed, effect, revision);
  const etag = tagSubtree(readFileSet(next), scope);
  return commit(parts, request, { disk, changed, effect, etag, revision, gitops });
}

interface Prepared {
  readonly disk: Evaluation;
  readonly changed: FileSet;
  readonly effect: Effect;
  readonly etag: string;
  readonly revision: string;
  readonly gitops: GitopsSettings;
}

async function commit(parts: WriterParts, request: WriteRequest, prepared: Prepared): Promise<WriteOutcome> {
  const release = parts.hold?.();
  try {
    return await carryOut(parts, request, prepared);
  } finally {
    release?.();
  }
}

async function carryOut(
  parts: WriterParts,
  request: WriteRequest,
  prepared: Prepared,
): Promise<WriteOutcome> {
  const { disk, changed, effect, etag, gitops } = prepared;
  const writes = changed.map(({ name, text }): PlannedWrite => ({
    path: pathOf(disk, name),
    before: findText(disk.files, name) ?? null,
    after: text,
  }));
  const audit = openAudit(parts, request, writes, effect);
  await audit('intent');
  let intent: OwedCommit | undefined;
  let undo: (() => Promise<void>) | undefined;
  try {
    intent = await intend(parts, request, writes, prepared);
    // Before the files: whoever reads the new text finds the values that it names.
    if (request.secrets && request.secrets.size > 0) undo = await parts.secrets?.put(request.secrets);
    if (writes.length > 0) await writeJournaled(parts.journal, writes, parts.files ?? systemFiles);
  } catch (error) {
    await undo?.();
    if (intent) await parts.repository?.withdraw(intent);
    await audit('outcome', { result: error instanceof ChangedMeanwhileError ? 'repeated' : 'failed' });
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!unwritable.has(code)) throw error;
    return {
      kind: 'readonly',
      message: `the files cannot be written here (${code}): apply the patch by hand`,
      ...effect,
    };
  }
  const activation = await parts.activate();
  if (activation.kind === 'refused') {
    await undo?.();
    const back = await takeBack(parts, writes);
    if (intent && back) await parts.repository?.withdraw(intent);
    await audit('outcome', { result: back ? 'refused' : 'overtaken' });
    return { ...describeRefusal(back), diagnostics: activation.diagnostics, patch: effect.patch };
  }
  const { revision } = activation;
  const git = await record(parts, request, intent, revision, gitops);
  await audit('outcome', {
    result: 'live',
    revision,
    ...(git?.commit === undefined ? {} : { commit: git.commit }),
  });
  return { kind: 'live', revision, etag, ...effect, ...(git ? { git } : {}) };
}

function describeRefusal(back: boolean): { kind: 'invalid'; message: string; written?: true } {
  if (back)
    return {
      kind: 'invalid',
      message: 'the change was written, refused when it was to be used, and taken back',
    };
  const message = 'the change was written, then somebody edited the file, and the result is refused';
  return { kind: 'invalid', message, written: true };
}

// Disk and memory must not disagree: what cannot serve does not stay in the file, unless somebody has edited it since.
async function takeBack(parts: WriterParts, writes: readonly PlannedWrite[]): Promise<boolean> {
  const reversed = writes.flatMap(({ path, before, after }) =>
    before === null ? [] : [{ path, before: after, after: before }],
  );
  const files = parts.files ?? systemFiles;
  try {
    await writeJournaled(parts.journal, reversed, files);
    for (const { path, before, after } of writes) {
      // A file that the change has made goes again, as long as nobody has written into it.
      if (before !== null) continue;
      const now = await files.read(path).catch(() => undefined);
      if (now !== undefined && Buffer.from(after, 'utf8').equals(now)) await files.unlink(path);
    }
    await parts.activate();
    return true;
  } catch (error) {
    if (!(error instanceof ChangedMeanwhileError)) throw error;
    return false;
  }
}

/** Git owes the commit from here on, whatever happens to this process; undefined where no commit is wanted. */
async function intend(
  { repository }: WriterParts,
  request: WriteRequest,
  writes: readonly PlannedWrite[],
  { revision, gitops: { mode } }: Prepared,
): Promise<OwedCommit | undefined> {
  if (!repository || writes.length === 0 || (mode !== 'commit' && mode !== 'push')) return undefined;
  const texts = new Map(writes.map(({ path, after }) => [path, after]));
  const details = { message: renderMessage(request, revision), author: request.actor };
  return repository.intend(texts, details, mode === 'push');
}

async function record(
  { repository }: WriterParts,
  request: WriteRequest,
  intent: OwedCommit | undefined,
  revision: string,
  { mode }: GitopsSettings,
): Promise<GitOutcome | undefined> {
  if (repository && intent)
    return repository.record(intent, { message: renderMessage(request, revision), author: request.actor });
  if (repository || (mode !== 'commit' && mode !== 'push')) return undefined;
  return { state: 'uncommitted', error: 'the configuration is in no git repository' };
}

function applyChange(base: FileSet, { change }: WriteRequest, gitops: GitopsSettings): FileSet {
  if (change.kind === 'texts')
    return [...change.texts].reduce((files, [name, text]) => replaceText(files, name, text), base);
  const { edits, file, cascade = false } = change;
  return applyEdits(base, edits, { file, newEntries: gitops.files, cascade });
}

function judge(
  disk: Evaluation,
  base: FileSet,
  next: FileSet,
  candidate: Evaluation,
  { change }: WriteRequest,
  gitops: GitopsSettings,
): readonly Diagnostic[] {
  const { config, locate } = candidate.loaded;
  if (!config || (change.kind === 'texts' && change.trusted === true)) return [];
  const loaded = new Set(candidate.files.map(({ name }) => name));
  const unread = next.find(({ name }) => !loaded.has(name));
  if (unread)
    return [
      {
        code: 'source/include-unmatched',
        severity: 'error',
        message: `${unread.name} would not be read: no pattern of include matches it`,
      },
    ];
  return findForbidden({
    before: readBefore(base, disk),
    after: readFileSet(next),
    allowed: gitops.allowReferences,
    config,
    locate,
  });
}

// Whole texts may repair what does not parse; then everything in them counts as new.
function readBefore(base: FileSet, disk: Evaluation): ReturnType<typeof readFileSet> {
  try {
    return readFileSet(base);
  } catch (error) {
    if (hasErrors(disk.diagnostics)) return new Map();
    throw error;
  }
}
