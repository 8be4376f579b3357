// Tools that a model may call, and how free it is to call them.
import type { JsonObject } from '../lib/json.ts';
import type { CacheMark } from './cache.ts';
import type { Extensions } from './extensions.ts';

interface Named {
  readonly name: string;
  readonly description?: string;
  readonly cache?: CacheMark;
  readonly extensions?: Extensions;
}

export interface FunctionTool extends Named {
  readonly kind: 'function';
  /** JSON Schema of the arguments; absent means no arguments. */
  readonly parameters?: JsonObject;
  /** The provider shall guarantee the schema. */
  readonly strict?: boolean;
}

/** A tool whose input is plain text, perhaps bound by a grammar. */
export interface FreeformTool extends Named {
  readonly kind: 'freeform';
  readonly grammar?: { readonly syntax: string; readonly definition: string };
}

/** A search that the provider itself runs. */
export interface WebSearchTool extends Named {
  readonly kind: 'web-search';
  readonly contextSize?: 'low' | 'medium' | 'high';
  /** `{city, country, region, timezone}`, each optional. */
  readonly location?: JsonObject;
  /** The definition as its own wire sent it, for the way back. */
  readonly raw?: { readonly wire: string; readonly value: JsonObject };
}

/** A tool that only one wire defines (code execution, computer use, …). */
export interface OpaqueTool extends Named {
  readonly kind: 'opaque';
  readonly wire: string;
  readonly value: JsonObject;
}

export type Tool = FunctionTool | FreeformTool | WebSearchTool | OpaqueTool;

export type ToolChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  /** At least one call, of any tool. */
  | { readonly kind: 'required' }
  | { readonly kind: 'tool'; readonly name: string }
  /** Only these tools, freely or with at least one call. */
  | { readonly kind: 'allowed'; readonly names: readonly string[]; readonly required: boolean };
