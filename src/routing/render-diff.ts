// Changes as text for a terminal or a log: one line each, the gravest first, long lists cut with their count.
import { renderPosition, type SourcePosition } from '../diagnostics.ts';
import type { Audience, Changes, KeyChange, NameChange } from './diff.ts';
import { isEmptyDiff } from './diff.ts';

const mostNames = 5;
const signs = { added: '+', removed: '-', changed: '~', moved: '↕' } as const;

/** Lines without a line end at the end; `no change of meaning` when there is none. */
export function renderChanges(changes: Changes): string {
  const head = `${changes.from} → ${changes.to}`;
  if (isEmptyDiff(changes)) return `${head}: no change of meaning`;
  return [
    head,
    ...section('names', changes.names.map(renderName)),
    ...section('alias patterns', changes.patterns.map(renderPattern)),
    ...section('keys', changes.keys.flatMap(renderKey)),
    ...section(
      'policies',
      changes.policies.map(
        ({ id, kind, at }) =>
          `${signs[kind]} ${id}${kind === 'moved' ? ': another place in the order' : ''}${renderAt(at)}`,
      ),
    ),
    ...section('providers', changes.providers.flatMap(renderProvider)),
    ...section(
      'settings',
      changes.settings.map(({ setting, before, after }) => `~ ${setting}: ${before} → ${after}`),
    ),
    ...section(
      'state',
      changes.state.map(({ kind, id, fate, reason }) => `${kind} ${id}: ${fate}, ${reason}`),
    ),
  ].join('\n');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function renderPattern({ name, kind, before, after, at }: Omit<NameChange, 'who'>): string {
  const text = [before, after].filter((part) => part !== undefined).join(' → ');
  return `${signs[kind]} ${name}: ${text}${renderAt(at)}`;
}

function renderName(change: NameChange): string {
  return `${renderPattern(change)}  for ${renderAudience(change.who)}`;
}

function renderAudience(who: Audience): string {
  if (who === 'everybody') return 'everybody';
  const parts = [...(who.anonymous ? ['callers without a key'] : []), ...who.keys.map((key) => `key ${key}`)];
  return parts.length === 0 ? 'nobody' : renderList(parts);
}

function renderKey({ id, kind, fields, gains, loses, at }: KeyChange): readonly string[] {
  const what = fields.length > 0 ? `: ${fields.join(', ')}` : '';
  return [
    `${signs[kind]} ${id}${what}${renderAt(at)}`,
    ...(gains.length > 0 ? [`    may now ask for ${renderList(gains)}`] : []),
    ...(loses.length > 0 ? [`    may no longer ask for ${renderList(loses)}`] : []),
  ];
}

function renderProvider({
  id,
  kind,
  fields,
  connections,
  at,
}: Changes['providers'][number]): readonly string[] {
  const what = fields.length > 0 ? `: ${fields.join(', ')}` : '';
  const accounts = kind === 'changed' ? connections : [];
  return [
    `${signs[kind]} ${id}${what}${renderAt(at)}`,
    ...accounts.map(
      (account) =>
        `    ${signs[account.kind]} ${account.key}${account.fields.length > 0 ? `: ${account.fields.join(', ')}` : ''}`,
    ),
  ];
}

function renderList(items: readonly string[]): string {
  const rest = items.length - mostNames;
  return items.slice(0, mostNames).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function renderAt(at: SourcePosition | undefined): string {
  return at ? `  (${renderPosition(at)})` : '';
}
