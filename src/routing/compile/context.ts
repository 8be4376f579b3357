// What the compile steps share: the input, the parts that grow step by step, and one place to report faults.
import type { Catalog } from '../../catalog/catalog.ts';
import type { ResolvedConfig } from '../../config/generated/types.ts';
import type { Diagnostic, Locate, SourcePosition } from '../../diagnostics.ts';
import type { DemandableFact } from '../facts.ts';
import type { Budget } from '../budgets.ts';
import { noPolicies, type PolicySet } from '../policies/policy.ts';
import type {
  Alias,
  ClientKey,
  Combo,
  GlobAlias,
  ModelFacts,
  Provider,
  ResilienceProfile,
  Snapshot,
} from '../snapshot.ts';
import { compileRules, type CompileCode } from './rules.ts';

/** The parts of a snapshot while it is being compiled. */
export interface Draft {
  readonly profiles: Map<string, ResilienceProfile>;
  readonly providers: Provider[];
  readonly models: ModelFacts[];
  findModel: (provider: string, model: string) => ModelFacts | undefined;
  readonly combos: Combo[];
  readonly aliases: Alias[];
  readonly globs: GlobAlias[];
  /** By digest. */
  readonly keys: Map<string, ClientKey>;
  policies: PolicySet;
  retryShare: number;
  onLoss: Snapshot['onLoss'];
  sessions: Snapshot['sessions'];
  responses: Partial<Snapshot['responses']>;
  readonly demands: Set<DemandableFact>;
  readonly budgets: Budget[];
  cache?: NonNullable<Snapshot['cache']>;
  limits: Partial<Snapshot['limits']>;
  timing: Partial<Snapshot['timing']>;
  access: Partial<Snapshot['access']>;
}

export interface CompileContext {
  readonly config: ResolvedConfig;
  readonly catalog: Catalog;
  readonly draft: Draft;
  /** Where the value at a pointer, or its key, was written. */
  readonly at: (pointer: string, part?: 'key' | 'value') => SourcePosition | undefined;
  readonly report: (code: CompileCode, pointer: string, message: string, suggestion?: string) => void;
}

/** One step; it reads what earlier steps put into the draft. */
export type CompileStep = (context: CompileContext) => void;

export function createDraft(): Draft {
  return {
    profiles: new Map(),
    providers: [],
    models: [],
    findModel: () => undefined,
    combos: [],
    aliases: [],
    globs: [],
    keys: new Map(),
    budgets: [],
    policies: noPolicies,
    retryShare: 0,
    onLoss: 'warn',
    sessions: { ttl: 1_800_000, affinity: true },
    responses: {},
    demands: new Set(),
    limits: {},
    timing: {},
    access: {},
  };
}

/** Faults at a pointer that the checks have already refused are not reported a second time. */
export function createReport(locate: Locate, diagnostics: Diagnostic[]): CompileContext['report'] {
  return (code, pointer, message, suggestion) => {
    if (diagnostics.some((known) => known.severity === 'error' && known.pointer === pointer)) return;
    const at = locate(pointer);
    diagnostics.push({
      code,
      severity: compileRules[code].severity,
      message,
      pointer,
      ...(at && { at }),
      ...(suggestion !== undefined && { suggestion }),
    });
  };
}
