// What git did with a change, and the settings that it goes by: shared by commits and proposals.

/** What became of a live change, or of a proposal, in git. */
export interface GitOutcome {
  /** `unpushed`: committed, but the remote did not take it. */
  readonly state: 'committed' | 'pushed' | 'unpushed' | 'uncommitted';
  readonly commit?: string;
  /** Why it is uncommitted or unpushed. */
  readonly error?: string;
}

/** The part of `gitops` that git needs. */
export interface RepositorySettings {
  readonly remote: string;
  /** Template of a proposal's branch. */
  readonly branch: string;
}
