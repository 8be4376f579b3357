// ResolvedConfig + catalog → Snapshot. The steps stand once, in order; each reports its faults and goes on, so that a
// person sees all of them at once. Pure: the digest is injected, because a browser has no synchronous one.
import type { Catalog } from '../catalog/catalog.ts';
import type { ResolvedConfig } from '../config/generated/types.ts';
import { hasErrors, type Diagnostic, type Locate } from '../diagnostics.ts';
import { renderCanonical } from '../lib/stable-hash.ts';
import { assembleSnapshot, freezeDeep } from './assemble.ts';
import { compileBudgets } from './compile/budgets.ts';
import { compileCache } from './compile/cache.ts';
import { createDraft, createReport, type CompileContext, type CompileStep } from './compile/context.ts';
import { compileKeys } from './compile/keys.ts';
import { compileModels } from './compile/models.ts';
import { compileNames } from './compile/names.ts';
import { compileProviders } from './compile/providers.ts';
import { compileRules } from './compile/policies.ts';
import { compileProfiles, compileServer } from './compile/server.ts';
import { createLookup, type Snapshot } from './snapshot.ts';

/** Goes into every revision; raised when the same configuration begins to mean something else. */
const compilerVersion = 1;

/** Each step needs what the ones above it have put into the draft. */
const steps: readonly CompileStep[] = [
  compileServer,
  compileProfiles,
  compileProviders,
  compileModels,
  compileNames,
  compileKeys,
  compileRules,
  compileBudgets,
  compileCache,
];

export interface CompileInput {
  readonly config: ResolvedConfig;
  readonly catalog: Catalog;
  readonly locate: Locate;
  /** Text → hex digits of a cryptographic hash, at least 12. */
  readonly digest: (text: string) => string;
  /** What the checks before have found: errors stop the snapshot, and their places are not reported twice. */
  readonly known?: readonly Diagnostic[];
}

export interface CompileResult {
  /** Absent when any diagnostic is an error. */
  readonly snapshot?: Snapshot;
  /** `known` and what the steps found. */
  readonly diagnostics: readonly Diagnostic[];
}

export function compile({ config, catalog, locate, digest, known = [] }: CompileInput): CompileResult {
  const diagnostics: Diagnostic[] = [...known];
  const draft = createDraft();
  const context: CompileContext = {
    config,
    catalog,
    draft,
    at: locate,
    report: createReport(locate, diagnostics),
  };
  for (const step of steps) step(context);
  if (hasErrors(diagnostics)) return { diagnostics };
  const { profiles: _, keys, ...parts } = draft;
  const snapshot = assembleSnapshot({
    ...parts,
    keys: createLookup([...keys].map(([digest, key]) => [digest, freezeDeep(key)] as const)),
    revision: '',
  });
  return {
    diagnostics,
    snapshot: Object.freeze({ ...snapshot, revision: computeRevision(config, catalog, snapshot, digest) }),
  };
}

// How the text is spread over files is no meaning, and neither is what is promised about it. The order of alias
// patterns is one where two are equally specific, hence the ranked list.
function computeRevision(
  config: ResolvedConfig,
  catalog: Catalog,
  { globs }: Snapshot,
  digest: (text: string) => string,
): string {
  const { include: _include, tests: _tests, ...meaning } = config;
  const ranks = globs.entries().map(({ pattern }) => pattern);
  return digest(renderCanonical({ compilerVersion, catalog: catalog.digest, meaning, ranks })).slice(0, 12);
}
