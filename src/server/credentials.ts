// Which accounts have their credential, for decisions; and which secrets a configuration needs at all.
import type { ResolvedConfig } from '../config/generated/types.ts';
import type { SecretReader } from '../routing/ports.ts';
import type { SecretReference, Snapshot } from '../routing/snapshot.ts';

/** Answers for `provider@connection` of the snapshot that is current when it is asked. */
export function createCredentialCheck(
  current: () => Snapshot | undefined,
  secrets: SecretReader,
): (connection: string) => boolean {
  const indexes = new WeakMap<Snapshot, ReadonlyMap<string, SecretReference | undefined>>();
  return (connection) => {
    const snapshot = current();
    if (!snapshot) return false;
    let index = indexes.get(snapshot);
    if (!index) indexes.set(snapshot, (index = indexConnections(snapshot)));
    const reference = index.get(connection);
    return reference === undefined ? index.has(connection) : secrets.read(reference) !== undefined;
  };
}

/** Every reference of the file, and those that the catalog adds (the usual variable of a provider). */
export function listReferences(config: ResolvedConfig, snapshot: Snapshot): readonly SecretReference[] {
  const references = [...indexConnections(snapshot).values()].filter((reference) => reference !== undefined);
  collect(config, references);
  return references;
}

function indexConnections(snapshot: Snapshot): ReadonlyMap<string, SecretReference | undefined> {
  const connections = snapshot.providers.values().flatMap((provider) => provider.connections);
  return new Map(connections.map(({ key, credential }) => [key, credential]));
}

// In the resolved configuration a secret field is an object with exactly these members; nothing else looks like it.
function collect(value: unknown, found: SecretReference[]): void {
  if (value === null || typeof value !== 'object') return;
  if (isReference(value)) found.push(value);
  else for (const member of Object.values(value)) collect(member, found);
}

function isReference(value: object): value is SecretReference {
  const { source, name } = value as Partial<SecretReference>;
  return typeof name === 'string' && (source === 'env' || source === 'file' || source === 'secret');
}
