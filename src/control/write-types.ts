// What goes into the write queue and what comes out of it: the vocabulary of the writer, its API and the command line.
import type { UsePlace } from '../config/change.ts';
import type { Edit } from '../config/edit.ts';
import type { Diagnostic } from '../diagnostics.ts';
import type { Changes } from '../routing/diff.ts';
import type { Actor } from './git.ts';
import type { GitOutcome } from './git-outcome.ts';

/** `edits` go to the files that hold their places; `texts` are whole files by name. */
export type Change =
  | {
      readonly kind: 'edits';
      readonly edits: readonly Edit[];
      /** File of new entries. */
      readonly file?: string | undefined;
      /** Deletes what names the deleted thing too. */
      readonly cascade?: boolean;
    }
  | {
      readonly kind: 'texts';
      readonly texts: ReadonlyMap<string, string>;
      /** From the history of the repository: what it references is nothing new. */
      readonly trusted?: boolean;
    };

export interface WriteRequest {
  readonly change: Change;
  readonly actor: Actor;
  /** Entity tags as in If-Match; `*` is any. Absent: no condition. */
  readonly ifMatch?: readonly string[] | undefined;
  /** Whole texts want a condition, unless this is a rehearsal. */
  readonly dryRun?: boolean;
  /** Values for `${secret:}` references that the change brings along: name → value. */
  readonly secrets?: ReadonlyMap<string, string> | undefined;
  /** First line of the commit; made from the change when left out. */
  readonly message?: string | undefined;
}

/** What the change is as text and as meaning. */
export interface Effect {
  /** Unified diff of all files; empty when nothing changes. */
  readonly patch: string;
  /** Names of the files that change. */
  readonly files: readonly string[];
  /** Against what serves; absent where the text means nothing. */
  readonly changes?: Changes;
  readonly diagnostics: readonly Diagnostic[];
}

export type WriteOutcome =
  | ({
      readonly kind: 'live';
      readonly revision: string;
      readonly etag: string;
      /** Absent without `gitops.mode` commit or push. */
      readonly git?: GitOutcome;
    } & Effect)
  /** The files say so already. */
  | { readonly kind: 'unchanged'; readonly revision: string; readonly etag: string }
  | ({ readonly kind: 'rehearsed'; readonly revision: string } & Effect)
  | ({
      readonly kind: 'proposed';
      readonly branch: string;
      readonly commit: string;
      readonly revision: string;
      readonly git: GitOutcome;
      /** Names of the secrets that wait for the merge. */
      readonly secrets?: readonly string[];
    } & Effect)
  /** Nobody writes here; the patch is for a person to apply. */
  | ({ readonly kind: 'readonly'; readonly message: string } & Effect)
  | { readonly kind: 'conflict'; readonly message: string; readonly uses: readonly UsePlace[] }
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'stale'; readonly message: string; readonly etag?: string }
  | { readonly kind: 'unconditional'; readonly message: string }
  | {
      readonly kind: 'invalid';
      readonly message: string;
      readonly diagnostics: readonly Diagnostic[];
      readonly patch?: string;
      /** The change stands in the files all the same: somebody's later edit of them is what is refused. */
      readonly written?: true;
    };

/** HTTP status of each outcome. */
export const writeStatuses = {
  live: 200,
  unchanged: 200,
  rehearsed: 200,
  proposed: 202,
  missing: 404,
  readonly: 409,
  conflict: 409,
  stale: 412,
  invalid: 422,
  unconditional: 428,
} as const satisfies Record<WriteOutcome['kind'], number>;

/** One line of the audit: before a change is made, and what came of it. Never holds a value. */
export interface AuditEntry {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The same for both lines of one change. */
  readonly id: string;
  readonly phase: 'intent' | 'outcome';
  readonly actor: string;
  readonly subject: string;
  readonly files: readonly string[];
  /** Names of the secrets that came along. */
  readonly secrets?: readonly string[];
  /** Of the files, joined: SHA-256 before and after. */
  readonly before?: string;
  readonly after?: string;
  readonly result?: string;
  /** Revision that served before. */
  readonly previous?: string;
  /** Unified difference of the files; whoever keeps it masks what may be a secret. */
  readonly patch?: string;
  readonly revision?: string;
  readonly commit?: string;
}
