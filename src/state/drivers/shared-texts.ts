// Long texts that many usage rows have in common, kept once: the reasons of a combo are as long as the rest of a row, and
// the same for all that it serves. A row names such a text by `#` and its number; JSON never begins so.
import type { Connection } from './sqlite.ts';

/** Below it a name saves nothing. */
const shortest = 64;

export interface SharedTexts {
  /** To be called first in a transaction, with how many rows it may add at most. */
  begin(rows: number): void;
  /** What the rows of this transaction hold in place of the text. */
  share(text: string): string;
  /** Forgets the texts that no row names any more. */
  prune(): void;
}

/** SQL that reads a column with shared texts. */
export function readShared(column: string): string {
  return `CASE WHEN ${column} GLOB '#*'
    THEN (SELECT text FROM texts WHERE texts.id = CAST(substr(${column}, 2) AS INTEGER)) ELSE ${column} END AS ${column}`;
}

/** False for a file that a gateway of the version before still writes: commands of this one read it all the same. */
export function hasSharedTexts(database: Connection): boolean {
  return database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'texts'`).get() !== undefined;
}

export function createSharedTexts(database: Connection): SharedTexts {
  // Ids are never used twice, so that rows to come lie above the sequence even where the newest ones were removed.
  const lastId = database
    .prepare<[], number>(`SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'usage'), 0)`)
    .pluck();
  const put = database
    .prepare<[string, number], number>(
      `INSERT INTO texts (text, last_usage) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET last_usage = max(last_usage, excluded.last_usage) RETURNING id`,
    )
    .pluck();
  const forget = database.prepare<[]>(
    'DELETE FROM texts WHERE last_usage < coalesce((SELECT min(id) FROM usage), 9223372036854775807)',
  );
  let end = 0;
  return {
    begin(rows) {
      end = lastId.get()! + rows;
    },
    share: (text) => (text.length < shortest ? text : `#${put.get(text, end)!}`),
    prune: () => void forget.run(),
  };
}
