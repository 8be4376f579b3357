// Who changed what, when, and what came of it: one JSON line before each change and one after, only ever appended. The
// file holds no values; the texts are in git, and here are their hashes.
import { open } from 'node:fs/promises';
import type { AuditEntry } from './write-types.ts';

/** Resolves once the line is durable. The file is for the owner alone. */
export function createAuditLog(path: string): (entry: AuditEntry) => Promise<void> {
  return async (entry) => {
    const handle = await open(path, 'a', 0o600);
    try {
      await handle.write(`${JSON.stringify(entry)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
}
