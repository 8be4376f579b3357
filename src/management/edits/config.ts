// Requests that change the configuration → the write queue → answers. A rehearsal (`?dryRun=1`) goes the same way and
// stops before anything is written.
import type { Edit } from '../../config/edit.ts';
import { findText, readTag, type FileSet } from '../../config/file-set.ts';
import { pathOf, type Evaluation } from '../../control/evaluate.ts';
import { createGitFiles } from '../../control/git-files.ts';
import { writeStatuses, type Change, type WriteOutcome } from '../../control/write-types.ts';
import { hasErrors } from '../../diagnostics.ts';
import { GatewayError } from '../../errors.ts';
import { renderChanges } from '../../routing/render-diff.ts';
import { secretName } from '../../state/vault.ts';
import { isTrue, readMember, readObject, type Answer, type Ask, type ConfigDesk } from '../desk.ts';

/** PUT /api/config: one whole file. The body is its text; `file` names another one than the main file. */
export async function putConfig(desk: ConfigDesk, ask: Ask): Promise<Answer> {
  const text = await ask.text();
  if (text.trim() === '')
    throw new GatewayError('config_invalid', 'an empty text never means "delete everything"');
  const name = ask.query.get('file') ?? (await desk.evaluate()).files.at(-1)?.name ?? '';
  checkName(name);
  return write(desk, ask, { kind: 'texts', texts: new Map([[name, text]]) });
}

/**
 * PATCH /api/config: `{ edits: [{ op, pointer, … }], message?, secrets? }`; `secrets` are values for `${secret:}`. With
 * `texts: { name: text }` instead of edits whole files are replaced together; If-Match names the tag of each.
 */
export async function patchConfig(desk: ConfigDesk, ask: Ask): Promise<Answer> {
  const body = await readObject(ask);
  const change = 'texts' in body ? readTexts(body) : readEdits(body, ask);
  return write(desk, ask, change, readMember(body, 'message', 'string'), readSecrets(body));
}

/** POST /api/config/rollback: `{ to: COMMIT }`; the files as they were at a commit of their history. */
export async function rollBack(desk: ConfigDesk, ask: Ask): Promise<Answer> {
  const { repository } = desk;
  const body = await readObject(ask);
  const to = readMember(body, 'to', 'string');
  if (to === undefined) throw new GatewayError('invalid_body', '"to" must name a commit', { param: 'to' });
  if (!repository) throw new GatewayError('conflict', 'the configuration is in no git repository');
  const disk = await desk.evaluate();
  const change = await readRevision(desk, disk, to);
  const message = readMember(body, 'message', 'string') ?? `config: roll back to ${to.slice(0, 12)}`;
  return write(desk, ask, change, message);
}

/** POST /api/config/validate: `{ text, file? }` or `{ edits }`; without either, what is on disk. */
export async function validateConfig(desk: ConfigDesk, ask: Ask): Promise<Answer> {
  const body = await readObject(ask);
  if ('edits' in body || 'text' in body) return rehearse(desk, ask, body);
  const { diagnostics, snapshot } = await desk.evaluate();
  return {
    status: 200,
    body: { valid: !hasErrors(diagnostics), revision: snapshot?.revision, diagnostics },
  };
}

/** POST /api/config/plan: like validate, with what would change and for whom. */
export async function planConfig(desk: ConfigDesk, ask: Ask): Promise<Answer> {
  return rehearse(desk, ask, await readObject(ask));
}

async function rehearse(
  desk: ConfigDesk,
  ask: Ask,
  body: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const text = readMember(body, 'text', 'string');
  const change: Change =
    text === undefined
      ? readEdits(body, ask)
      : { kind: 'texts', texts: new Map([[await nameFile(desk, readMember(body, 'file', 'string')), text]]) };
  const outcome = await desk.writer.write({
    change,
    actor: toActor(ask.actor),
    ifMatch: readTags(ask.ifMatch),
    dryRun: true,
  });
  const answer = render(outcome);
  if (outcome.kind !== 'rehearsed' && outcome.kind !== 'invalid' && outcome.kind !== 'unchanged')
    return answer;
  const valid = outcome.kind !== 'invalid';
  return { ...answer, status: 200, body: { valid, ...(answer.body as object) } };
}

async function write(
  desk: ConfigDesk,
  ask: Ask,
  change: Change,
  message?: string,
  secrets?: ReadonlyMap<string, string>,
): Promise<Answer> {
  const outcome = await desk.writer.write({
    change,
    secrets,
    actor: toActor(ask.actor),
    ifMatch: readTags(ask.ifMatch),
    dryRun: isTrue(ask.query.get('dryRun')),
    message: message ?? ask.query.get('message') ?? undefined,
  });
  return render(outcome);
}

function render(outcome: WriteOutcome): Answer {
  const status = writeStatuses[outcome.kind];
  const { kind, ...rest } = outcome;
  const etag = 'etag' in outcome ? outcome.etag : undefined;
  const plan = 'changes' in outcome && outcome.changes ? { summary: renderChanges(outcome.changes) } : {};
  if (status < 400) return { status, etag, body: { outcome: kind, ...rest, ...plan } };
  const message = 'message' in outcome ? outcome.message : kind;
  return { status, etag, body: { error: { code: codes[kind], message }, outcome: kind, ...rest, ...plan } };
}

const codes: Readonly<Partial<Record<WriteOutcome['kind'], string>>> = {
  missing: 'not_found',
  readonly: 'conflict',
  conflict: 'conflict',
  stale: 'precondition_failed',
  invalid: 'config_invalid',
  unconditional: 'precondition_required',
};

/** The texts of all files at a commit; what came later says nothing there. */
async function readRevision(desk: ConfigDesk, disk: Evaluation, to: string): Promise<Change> {
  const { repository } = desk;
  const { files, folder } = disk;
  const commit = await repository?.resolve(to);
  const known = (await repository?.history(disk, 1_000)) ?? [];
  // Only what has been in force here: the branch of a proposal is a commit too, and nobody has agreed to it.
  if (!repository || commit === undefined || !known.some((revision) => revision.commit === commit))
    throw new GatewayError('not_found', `"${to}" is no commit in the history of these files`);
  const texts = new Map<string, string>();
  // What was included then may have been removed since.
  const then = await desk.evaluate(undefined, createGitFiles(repository.git, commit));
  for (const name of new Set([...then.files, ...files].map((file) => file.name))) {
    const text = await repository.read(commit, pathOf({ folder }, name));
    if (text !== findText(files, name)) texts.set(name, text ?? '{}\n');
  }
  return { kind: 'texts', texts, trusted: true };
}

// --- reading requests ---

function readEdits(body: Readonly<Record<string, unknown>>, ask: Ask): Change {
  const { edits } = body;
  if (!Array.isArray(edits) || edits.length === 0 || edits.length > 1_000)
    throw new GatewayError('invalid_body', '"edits" must be a list of 1 to 1000 edits', { param: 'edits' });
  const file = ask.query.get('file') ?? undefined;
  if (file !== undefined) checkName(file);
  return {
    kind: 'edits',
    edits: edits.map((edit: unknown, index) => readEdit(edit, index)),
    file,
    cascade: isTrue(ask.query.get('cascade')),
  };
}

function readTexts({ texts, edits }: Readonly<Record<string, unknown>>): Change {
  const fail = (what: string): GatewayError =>
    new GatewayError('invalid_body', `"texts" ${what}`, { param: 'texts' });
  if (edits !== undefined) throw fail('and "edits" cannot come together');
  if (texts === null || typeof texts !== 'object' || Array.isArray(texts))
    throw fail('must map names to texts');
  const entries = Object.entries(texts as Readonly<Record<string, unknown>>);
  if (entries.length === 0 || entries.length > 1_000) throw fail('must hold 1 to 1000 files');
  return {
    kind: 'texts',
    texts: new Map(
      entries.map(([name, text]) => {
        checkName(name);
        if (typeof text !== 'string' || text.trim() === '')
          throw fail(`: an empty text of "${name}" never means "delete everything"`);
        return [name, text];
      }),
    ),
  };
}

/** Never says a value, right or wrong. */
function readSecrets(body: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> | undefined {
  const { secrets } = body;
  if (secrets === undefined) return undefined;
  const fail = (what: string): GatewayError =>
    new GatewayError('invalid_body', `"secrets" ${what}`, { param: 'secrets' });
  if (secrets === null || typeof secrets !== 'object' || Array.isArray(secrets))
    throw fail('must be an object of names and values');
  const entries = Object.entries(secrets as Readonly<Record<string, unknown>>);
  if (entries.length > 100) throw fail('holds more than 100 names');
  return new Map(
    entries.map(([name, value]) => {
      if (!secretName.test(name)) throw fail('holds a name that no reference can spell');
      if (typeof value !== 'string' || value === '' || value.length > 65_536)
        throw fail(`holds no text of 1 to 65536 characters for "${name}"`);
      return [name, value];
    }),
  );
}

function readEdit(edit: unknown, index: number): Edit {
  const fail = (what: string): GatewayError =>
    new GatewayError('invalid_body', `edits[${index}]: ${what}`, { param: `edits[${index}]` });
  if (edit === null || typeof edit !== 'object') throw fail('must be an object');
  const { op, pointer, value, to, before } = edit as Readonly<Record<string, unknown>>;
  if (typeof pointer !== 'string' || !/^(\/[^\u0000-\u001f]*)?$/.test(pointer) || pointer.length > 2_000)
    throw fail('"pointer" must be a JSON pointer');
  if ((op === 'set' || op === 'insert') && value !== undefined) return { op, pointer, value };
  if (op === 'set' || op === 'insert') throw fail('"value" is missing; delete removes a value');
  if (op === 'delete') return { op, pointer };
  if (op === 'rename' && typeof to === 'string' && to !== '') return { op, pointer, to };
  if (op === 'rename') throw fail('"to" must be the new name');
  if (op === 'move' && typeof before === 'string') return { op, pointer, before };
  if (op === 'move') throw fail('"before" must name the item that follows, or be "-"');
  throw fail('"op" must be set, insert, delete, rename or move');
}

/** `"a", "b"` or `*`; undefined when the header is absent. Throws GatewayError 412 for tags that were never ours. */
function readTags(header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return undefined;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  for (const tag of tags) {
    if (tag !== '*' && !readTag(tag))
      throw new GatewayError('precondition_failed', `If-Match ${tag} is no ETag of this configuration`);
  }
  return tags;
}

async function nameFile(desk: ConfigDesk, given: string | undefined): Promise<string> {
  const files: FileSet = given === undefined ? (await desk.evaluate()).files : [];
  const name = given ?? files.at(-1)?.name ?? '';
  checkName(name);
  return name;
}

// Relative, below the folder, and YAML: what the schema asks of `gitops.files`.
function checkName(name: string): void {
  if (/^(?![/\\])(?!.*(^|[/\\])\.\.?([/\\]|$))[^\\\u0000]+\.ya?ml$/.test(name) && name.length <= 300) return;
  throw new GatewayError('invalid_body', `"${name}" is no YAML file below the folder of the configuration`, {
    param: 'file',
  });
}

function toActor(name: string): { readonly name: string; readonly email: string } {
  return { name, email: `${name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}@omniroute.invalid` };
}
