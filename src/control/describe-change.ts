// A change in words: the commit's first line, its body, and the name of a proposal's branch. Pointers and names only;
// a value may be long, and a reference says more than a log should.
import type { Edit } from '../config/edit.ts';
import { sha256 } from './evaluate.ts';
import type { Change, WriteRequest } from './write-types.ts';

const maxSubject = 72;

/** One line without a line end. */
export function describeChange({ change, message }: Pick<WriteRequest, 'change' | 'message'>): string {
  const given = message?.split('\n')[0]?.trim();
  if (given) return given;
  return `config: ${cut(summarize(change), maxSubject - 8)}`;
}

/** The commit message: the subject, the rest of the writer's own message, and every edit. */
export function renderMessage(request: WriteRequest, revision: string): string {
  const { change, message = '' } = request;
  const more = message.includes('\n') ? message.slice(message.indexOf('\n') + 1).trim() : '';
  const lines =
    change.kind === 'edits'
      ? change.edits.map(renderEdit)
      : [...change.texts.keys()].map((name) => `write ${name}`);
  return [describeChange(request), more, lines.join('\n'), `OmniRoute-Revision: ${revision}`]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Distinct for distinct changes, so that a second proposal never meets the first one's branch. */
export function nameChange(request: WriteRequest, texts: Iterable<string>): string {
  const subject = describeChange(request).replace(/^config: /, '');
  return `${cut(subject, 40)}-${sha256([...texts].join('\0')).slice(0, 8)}`;
}

function summarize(change: Change): string {
  if (change.kind === 'texts') return `write ${[...change.texts.keys()].join(', ')}`;
  const [first, ...more] = change.edits;
  if (!first) return 'nothing';
  return renderEdit(first) + (more.length > 0 ? ` and ${more.length} more` : '');
}

function renderEdit(edit: Edit): string {
  if (edit.op === 'rename') return `rename ${edit.pointer} to ${edit.to}`;
  if (edit.op === 'move') return `move ${edit.pointer} before ${edit.before}`;
  return `${edit.op} ${edit.pointer}`;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
