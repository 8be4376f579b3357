// What changes about providers and about the settings of the gateway itself.
import type { SourcePosition } from '../../diagnostics.ts';
import { renderCanonical } from '../../lib/stable-hash.ts';
import type { ChangeKind } from '../diff.ts';
import type { Connection, Lookup, Provider, Snapshot } from '../snapshot.ts';

export interface ProviderChange {
  readonly id: string;
  readonly kind: ChangeKind;
  /** What about it changed: `endpoints`, `profile`, `sandbox`, `models`, `prefixes`. */
  readonly fields: readonly string[];
  readonly connections: readonly {
    readonly key: string;
    readonly kind: ChangeKind;
    readonly fields: readonly string[];
  }[];
  readonly at?: SourcePosition | undefined;
}

export interface SettingChange {
  /** Dotted, as in `access.requireApiKey`. */
  readonly setting: string;
  readonly before: string;
  readonly after: string;
}

export function diffProviders(previous: Snapshot, next: Snapshot): readonly ProviderChange[] {
  return unite(previous.providers, next.providers).flatMap((id) => {
    const [before, after] = [previous.providers.get(id), next.providers.get(id)];
    const kind = before ? (after ? 'changed' : 'removed') : 'added';
    const fields = before && after ? compareProviders(before, after) : [];
    const connections = diffConnections(before?.connections ?? [], after?.connections ?? []);
    if (before && after && fields.length + connections.length === 0) return [];
    return [{ id, kind, fields, connections, at: (after ?? before)?.at } as const];
  });
}

function compareProviders(before: Provider, after: Provider): readonly string[] {
  return (['endpoints', 'profile', 'sandbox', 'models', 'closed', 'prefixes'] as const).filter(
    (field) => renderCanonical(before[field]) !== renderCanonical(after[field]),
  );
}

function diffConnections(
  before: readonly Connection[],
  after: readonly Connection[],
): ProviderChange['connections'] {
  const [was, is] = [byKey(before), byKey(after)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((key): ProviderChange['connections'] => {
    const [old, now] = [was.get(key), is.get(key)];
    if (!old || !now) return [{ key, kind: old ? 'removed' : 'added', fields: [] }];
    const fields = (['enabled', 'priority', 'credential', 'maxConcurrent', 'pace', 'quota'] as const).filter(
      (field) => renderCanonical(old[field]) !== renderCanonical(now[field]),
    );
    return fields.length > 0 ? [{ key, kind: 'changed', fields }] : [];
  });
}

function byKey(connections: readonly Connection[]): ReadonlyMap<string, Connection> {
  return new Map(connections.map((connection) => [connection.key, connection]));
}

const sections = ['access', 'limits', 'timing'] as const;

export function diffSettings(previous: Snapshot, next: Snapshot): readonly SettingChange[] {
  return [...diffBudgets(previous, next), ...diffSections(previous, next)];
}

function diffBudgets(previous: Snapshot, next: Snapshot): readonly SettingChange[] {
  const [was, is] = [previous, next].map(
    ({ budgets }) => new Map(budgets.map((one) => [one.id, one.meaning])),
  );
  return [...new Set([...was!.keys(), ...is!.keys()])].sort().flatMap((id) => {
    const [before = 'absent', after = 'absent'] = [was!.get(id), is!.get(id)];
    return before === after ? [] : [{ setting: `budgets.${id}`, before, after }];
  });
}

function diffSections(previous: Snapshot, next: Snapshot): readonly SettingChange[] {
  return sections.flatMap((section) => {
    const was: Readonly<Record<string, unknown>> = previous[section];
    const is: Readonly<Record<string, unknown>> = next[section];
    return Object.keys(is).flatMap((name) => {
      const [before, after] = [renderCanonical(was[name]), renderCanonical(is[name])];
      return before === after ? [] : [{ setting: `${section}.${name}`, before, after }];
    });
  });
}

/** The names of both, sorted. */
function unite(a: Lookup<unknown>, b: Lookup<unknown>): readonly string[] {
  return [...new Set([...a.names(), ...b.names()])].sort();
}
