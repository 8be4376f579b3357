// Every configuration that serves is kept with its places, so that a request of the past is explained by the rules of then.
import { createHash } from 'node:crypto';
import { catalog } from '../catalog/catalog.ts';
import type { ResolvedConfig } from '../config/generated/types.ts';
import type { Diagnostic, Locate, SourcePosition } from '../diagnostics.ts';
import { recordPlaces, renderArchive, reviveSnapshot } from '../routing/archive.ts';
import { compile, type CompileResult } from '../routing/compile.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import { createRevisionArchive, type RevisionArchive } from '../state/revisions.ts';

export interface Revisions {
  /** compile() with the catalog and digest of a gateway; remembers the places until the configuration is kept. */
  compile(reading: {
    readonly config: ResolvedConfig;
    readonly locate: Locate;
    readonly diagnostics: readonly Diagnostic[];
  }): CompileResult;
  /** Keeps a configuration that has begun to serve. */
  keep(config: ResolvedConfig, snapshot: Snapshot): void;
  /** The rules of a revision; undefined where they are gone. */
  find(revision: string): Promise<Snapshot | undefined>;
  flush(): Promise<void>;
}

/** Whoever asks about many requests of the past asks about few revisions. */
const mostRevived = 8;

export function createRevisions(options: {
  /** Absent with a memory driver: nothing outlives the process. */
  readonly dataFolder?: string;
  readonly report: (error: unknown) => void;
}): Revisions {
  const archive: RevisionArchive = createRevisionArchive(options);
  const placesOf = new WeakMap<ResolvedConfig, ReadonlyMap<string, SourcePosition>>();
  const revived = new Map<string, Snapshot>();
  return {
    compile: ({ config, locate, diagnostics: known }) => {
      const recorder = recordPlaces(locate);
      const result = compile({ config, catalog, locate: recorder.locate, digest, known });
      if (result.snapshot) placesOf.set(config, recorder.places);
      return result;
    },
    keep: (config, { revision }) =>
      archive.keep(revision, () => renderArchive(config, placesOf.get(config) ?? new Map())),
    find: async (revision) => {
      const known = revived.get(revision);
      if (known) return known;
      const text = await archive.read(revision);
      const snapshot = text === undefined ? undefined : reviveSnapshot({ text, revision, catalog, digest });
      if (!snapshot) return undefined;
      revived.set(revision, snapshot);
      for (const oldest of revived.keys()) if (revived.size > mostRevived) revived.delete(oldest);
      return snapshot;
    },
    flush: archive.flush,
  };
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
