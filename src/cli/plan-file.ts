// A plan on disk: the texts that it leads to, and the hashes of those that it was made from, so that it can only be
// applied to what its maker has seen.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FileSet } from '../config/file-set.ts';
import { sha256 } from '../control/evaluate.ts';
import { CliFailure } from './failure.ts';
import type { Terminal } from './terminal.ts';

export interface Plan {
  readonly format: 'omniroute-plan';
  readonly version: 1;
  readonly from: {
    readonly label: string;
    readonly revision: string | null;
    /** File → SHA-256 of its text. */
    readonly hashes: Readonly<Record<string, string>>;
  };
  readonly to: { readonly label: string; readonly revision: string };
  /** Files that change, whole. */
  readonly texts: Readonly<Record<string, string>>;
  readonly patch: string;
}

export function hashFiles(files: FileSet): Record<string, string> {
  return Object.fromEntries(files.map(({ name, text }) => [name, sha256(text)]));
}

/** Whether the files are those that the plan was made from. */
export function isCurrent(plan: Plan, files: FileSet): boolean {
  const now = hashFiles(files);
  const names = Object.keys(plan.from.hashes);
  return names.length === files.length && names.every((name) => plan.from.hashes[name] === now[name]);
}

/** Throws CliFailure when the file is no plan. */
export async function readPlan(path: string, { folder }: Terminal): Promise<Plan> {
  const text = await readFile(resolve(folder, path), 'utf8');
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch {
    plan = undefined;
  }
  const { format, version } = (plan ?? {}) as { readonly format?: unknown; readonly version?: unknown };
  if (format !== 'omniroute-plan') throw new CliFailure('cli/failed', `${path} is no plan`);
  if (version !== 1)
    throw new CliFailure('cli/failed', `${path} was saved by another version of OmniRoute: plan again`);
  return plan as Plan;
}
