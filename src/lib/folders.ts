// Folders made where they are missing. Node's own recursive form never returns below file systems that answer "no such
// file" whatever exists, as /proc does.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes `folder` and what is missing above it, for their owner only unless `mode` says otherwise; throws what the system says. */
export function ensureFolder(folder: string, mode = 0o700): void {
  const missing: string[] = [];
  for (let each = folder; !existsSync(each) && each !== dirname(each); each = dirname(each))
    missing.push(each);
  for (const each of missing.reverse()) {
    try {
      mkdirSync(each, { mode });
    } catch (error) {
      // Somebody else may have made it in between.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(each)) throw error;
    }
  }
}
