// What the simulator received, for tests that assert what an upstream saw. Bounded, and without any credential.
import { createHash } from 'node:crypto';

export interface JournalEntry {
  /** Counts from 1 over the life of the simulator. */
  readonly number: number;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly method: string;
  /** With the query; a `key` in it is replaced. */
  readonly path: string;
  /** Lower-case names; values of credentials are replaced by a digest, so that tests can tell two apart. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed when it is JSON, else its text, cut at 1 MiB. */
  readonly body: unknown;
  readonly bodyBytes: number;
  /** The model that was asked for, where the request named one. */
  readonly model?: string;
  /** HTTP status of the answer; undefined when the script never sent one. */
  readonly status?: number;
}

export interface Journal {
  /** Oldest first. */
  entries(): readonly JournalEntry[];
  clear(): void;
  add(entry: Omit<JournalEntry, 'number'>): void;
}

const credentialHeaders = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
  'cookie',
]);

/** Keeps the newest `capacity` entries. */
export function createJournal(capacity: number): Journal {
  let entries: JournalEntry[] = [];
  let number = 0;
  return {
    entries: () => [...entries],
    clear: () => {
      entries = [];
    },
    add: (entry) => {
      number++;
      entries.push({
        ...entry,
        number,
        path: entry.path.replace(
          /([?&]key=)([^&]*)/gi,
          (_, name: string, value: string) => name + replaced(value),
        ),
        headers: Object.fromEntries(
          Object.entries(entry.headers).map(([name, value]) => [
            name,
            credentialHeaders.has(name) ? conceal(value) : value,
          ]),
        ),
      });
      if (entries.length > capacity) entries.shift();
    },
  };
}

/** The digest that stands in a journal for this credential. */
export function replaced(credential: string): string {
  return `[sha256:${createHash('sha256').update(credential).digest('hex').slice(0, 12)}]`;
}

function conceal(value: string): string {
  const bearer = /^Bearer\s+(.*)$/i.exec(value);
  return bearer ? `Bearer ${replaced(bearer[1] ?? '')}` : replaced(value);
}
