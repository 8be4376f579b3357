// Policies in compiled form: what each tests about a request and about a target, and what follows from a match.
import type { SourcePosition } from '../../diagnostics.ts';
import type { Facts } from '../facts.ts';
import type { FactSet } from '../snapshot.ts';

/** A text for the system message and where it goes. */
export interface SystemPromptChange {
  readonly text: string;
  readonly position: 'prepend' | 'append' | 'replace';
}

/** What happens to reasoning effort; `passthrough` is the absence of this. */
export interface ThinkingChange {
  readonly mode: 'auto' | 'custom' | 'adaptive';
  /** Reasoning tokens for `custom`; 0 switches reasoning off. */
  readonly budget: number;
  /** The base for `adaptive`. */
  readonly effort: 'none' | 'low' | 'medium' | 'high';
}

/** Changes of one request, composed from every policy that matched; the protocols carry them out. */
export interface RequestChanges {
  /** The smallest of all caps. */
  readonly maxOutputTokens?: number;
  /** The intersection of all bounds; where they are disjoint, the last policy's. */
  readonly temperature?: { readonly min: number; readonly max: number };
  /** In order of the policies; a `replace` drops what came before it. */
  readonly systemPrompts: readonly SystemPromptChange[];
  /** The last policy's. */
  readonly thinking?: ThinkingChange;
}

/** The members of `set` as one policy writes them. */
export interface PolicyChanges {
  readonly maxOutputTokens?: number;
  readonly temperature?: { readonly min: number; readonly max: number };
  readonly systemPrompt?: SystemPromptChange;
  readonly thinking?: ThinkingChange | { readonly mode: 'passthrough' };
}

/** A test of everything about a request except its name and targets. Pure, never throws. */
export type PolicyTest = (facts: Facts, now: number) => boolean;

export interface Policy {
  readonly id: string;
  readonly at?: SourcePosition | undefined;
  /** The whole policy as one canonical text: two that mean the same are equal. */
  readonly meaning?: string;
  /** Recorded, but without effect. */
  readonly shadow: boolean;
  /** All must hold; cheap ones first. */
  readonly tests: readonly PolicyTest[];
  /** Names as the client asks for them, or targets; undefined: every model. */
  readonly models?: readonly string[];
  readonly providers?: readonly string[];
  readonly deny?: string;
  readonly allowProviders?: readonly string[];
  readonly blockProviders: readonly string[];
  readonly preferProviders: readonly string[];
  readonly allowModels?: readonly string[];
  readonly blockModels: readonly string[];
  readonly route?: string;
  readonly set: PolicyChanges;
  readonly noLog: boolean;
  readonly noCache: boolean;
}

/** The policies of a snapshot, in the order of the file. */
export interface PolicySet {
  readonly policies: readonly Policy[];
  readonly demands: FactSet;
}

/** A configuration without policies. */
export const noPolicies: PolicySet = {
  policies: [],
  demands: { has: () => false, size: 0, values: () => [] },
};
