// Which changed keys cannot simply go live: `rebind` keys move a socket, `restart` keys wait for the next start.
// The schema marks each key with x-reload; this file only compares two configurations under those marks.
import { escapeSegment } from '../lib/json-pointer.ts';
import { renderCanonical } from '../lib/stable-hash.ts';

/** Pointer pattern (`*` stands for any one segment) → how a change of that value reaches the running process. */
export type ReloadKinds = Readonly<Record<string, 'rebind' | 'restart'>>;

export interface ClassifiedChanges {
  /** Pointers whose change needs a new socket before the old one goes. */
  readonly rebind: readonly string[];
  /** Pointers whose new value waits for a restart. */
  readonly restart: readonly string[];
}

/** Compares every value that `kinds` names in two configurations. */
export function classifyChanges(previous: unknown, next: unknown, kinds: ReloadKinds): ClassifiedChanges {
  const found = { rebind: [] as string[], restart: [] as string[] };
  for (const [pattern, kind] of Object.entries(kinds)) {
    const segments = pattern.split('/').slice(1);
    for (const pointer of new Set([...expand(previous, segments), ...expand(next, segments)])) {
      const before = renderCanonical(readPointer(previous, pointer));
      const after = renderCanonical(readPointer(next, pointer));
      if (before !== after) found[kind].push(pointer);
    }
  }
  return { rebind: found.rebind.sort(), restart: found.restart.sort() };
}

function expand(root: unknown, segments: readonly string[], prefix = ''): string[] {
  const [segment, ...rest] = segments;
  if (segment === undefined) return [prefix];
  if (segment !== '*') return expand(readMember(root, segment), rest, `${prefix}/${segment}`);
  if (root === null || typeof root !== 'object') return [];
  return Object.entries(root).flatMap(([name, value]) =>
    expand(value, rest, `${prefix}/${escapeSegment(name)}`),
  );
}

function readPointer(root: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (value, segment) => readMember(value, segment.replaceAll('~1', '/').replaceAll('~0', '~')),
      root,
    );
}

function readMember(value: unknown, name: string): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
