// The configuration as an operator reads it: its text, one subtree as written, and every effective value with the place
// and the person that it comes from. Secrets are references here as everywhere.
import { findNode } from '../../config/edit/find.ts';
import { parseTree } from '../../config/edit/tree.ts';
import { readPath, type Value } from '../../config/edit/value.ts';
import {
  findPlace,
  findText,
  readFileSet,
  tagSubtree,
  tagText,
  type FileSet,
} from '../../config/file-set.ts';
import { findEffective } from '../../control/effective.ts';
import { hasErrors, type Diagnostic } from '../../diagnostics.ts';
import { maskSecrets } from '../../diagnostics/secret-shapes.ts';
import { GatewayError } from '../../errors.ts';
import { parsePointer } from '../../lib/json-pointer.ts';
import type { Answer, Ask, ConfigDesk } from '../desk.ts';

/** GET /api/config: all texts; with `path` one subtree as written, with `file` one text. */
export async function viewConfig(desk: ConfigDesk, { query }: Ask): Promise<Answer> {
  const { files, diagnostics, loaded } = await desk.evaluate();
  const path = query.get('path');
  if (path !== null) return viewSubtree(desk, files, path);
  const name = query.get('file') ?? files.at(-1)?.name ?? '';
  const text = findText(files, name);
  if (text === undefined) throw new GatewayError('not_found', `the configuration reads no file "${name}"`);
  const shown = hideLiterals(name, text, diagnostics);
  // What is hidden must not be written back, so there is no tag to write it with.
  const etag = shown === text ? tagText({ name, text }) : undefined;
  return {
    status: 200,
    etag,
    body: {
      revision: desk.revision(),
      valid: !hasErrors(diagnostics),
      file: name,
      text: shown,
      etag,
      hidden: shown !== text,
      files: loaded.sources.map((source) => ({
        name: source.name,
        hash: source.hash,
        size: source.size,
        etag: tagText({ name: source.name, text: findText(files, source.name) ?? '' }),
      })),
    },
  };
}

function viewSubtree(desk: ConfigDesk, files: FileSet, pointer: string): Answer {
  const root = readFileSet(files);
  const etag = tagSubtree(root, pointer);
  const value = readPath(root, parsePointer(pointer));
  if (value === undefined)
    return {
      status: 404,
      etag,
      body: { error: { code: 'not_found', message: `nothing is written at ${pointer}` }, etag },
    };
  const body = {
    revision: desk.revision(),
    pointer,
    value: toPlain(value),
    etag,
    at: locate(files, pointer),
  };
  return { status: 200, etag, body };
}

function locate(files: FileSet, pointer: string): { file: string; line: number; column: number } | undefined {
  if (pointer === '') return undefined;
  const place = findPlace(files, pointer);
  const text = findText(files, place.file) ?? '';
  const found = findNode(parseTree(text), parsePointer(place.pointer));
  if (!found) return undefined;
  const before = text.slice(0, found.node?.range?.[0] ?? 0);
  return {
    file: place.file,
    line: before.split('\n').length,
    column: before.length - before.lastIndexOf('\n'),
  };
}

/** GET /api/config/effective?path= */
export async function viewEffective(desk: ConfigDesk, { query }: Ask): Promise<Answer> {
  const pointer = query.get('path') ?? '';
  return { status: 200, body: await findEffective(desk, pointer) };
}

/** GET /api/config/history: commits that touched the files. */
export async function viewHistory(desk: ConfigDesk, { query }: Ask): Promise<Answer> {
  const { repository } = desk;
  if (!repository) return { status: 200, body: { repository: false, revisions: [] } };
  const limit = Math.min(Math.max(Number(query.get('limit') ?? 50) || 50, 1), 1_000);
  const revisions = await repository.history(await desk.evaluate(), limit);
  return { status: 200, body: { repository: true, owed: repository.status(), revisions } };
}

/** GET /api/config/proposals: branches that wait for a merge. */
export async function viewProposals(desk: ConfigDesk): Promise<Answer> {
  const found = (await desk.repository?.listProposals()) ?? [];
  const pending = await desk.pendingSecrets();
  const proposals = found.map((each) => ({
    ...each,
    secrets: pending.filter(({ branch }) => branch === each.branch).map(({ name }) => name),
  }));
  return { status: 200, body: { proposals } };
}

// --- what may be shown ---

// A literal where a reference belongs is refused at load, but the newest text on disk may hold one all the same.
function hideLiterals(file: string, text: string, diagnostics: readonly Diagnostic[]): string {
  const lines = text.split('\n');
  for (const { at, sensitive } of diagnostics) {
    if (sensitive !== true || !at || at.file !== file) continue;
    for (let line = at.line; line <= at.endLine; line++) {
      const whole = lines[line - 1] ?? '';
      const start = line === at.line ? at.column - 1 : 0;
      const end = line === at.endLine ? at.endColumn - 1 : whole.length;
      lines[line - 1] = `${whole.slice(0, start)}[hidden]${whole.slice(Math.max(start, end))}`;
    }
  }
  return maskSecrets(lines.join('\n'));
}

function toPlain(value: Value): unknown {
  if (value instanceof Map) {
    const plain: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [name, member] of value) plain[name] = toPlain(member);
    return plain;
  }
  if (Array.isArray(value)) return value.map(toPlain);
  return typeof value === 'string' ? maskSecrets(value) : value;
}
