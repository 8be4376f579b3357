// Secrets of a proposal lie in the same store under a name that no `${secret:}` can spell, so that nothing reads them
// before they are activated, and a rotation of the key takes them along.
import type { Slice } from '../routing/ports.ts';
import type { SecretRow } from './vault.ts';

export interface HeldSecret {
  readonly name: string;
  readonly branch: string;
  readonly commit: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly row: SecretRow;
}

/** Neither branch names nor names of secrets can hold a colon. */
const pattern = /^proposal:([^:]+):([0-9a-f]{40,64}):([^:]+)$/;

export function holdName(
  { branch, commit }: { readonly branch: string; readonly commit: string },
  name: string,
): string {
  return `proposal:${branch}:${commit}:${name}`;
}

/** The row as a held secret; undefined for one that is in use. */
export function readHeld(row: SecretRow): HeldSecret | undefined {
  const [, branch, commit, name] = pattern.exec(row.name) ?? [];
  if (branch === undefined || commit === undefined || name === undefined) return undefined;
  return { name, branch, commit, createdAt: row.createdAt, row };
}

/** A slice of this kind is a row of the secret store: it is written in one transaction with others, and never read back. */
export const secretSlice = 'secret';

export function toSlice(name: string, envelope: string | null, at: number): Slice {
  const value = envelope === null ? null : JSON.stringify({ envelope, at });
  return { kind: secretSlice, id: name, value };
}

/** What a slice says about its row. */
export function readSlice(value: string): { readonly envelope: string; readonly at: number } {
  return JSON.parse(value) as { envelope: string; at: number };
}
