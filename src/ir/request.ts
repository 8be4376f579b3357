// What a client asks of a model, independent of any vendor's spelling.
import type { CachePolicy } from './cache.ts';
import type { Extensions } from './extensions.ts';
import type { Message } from './message.ts';
import type { Output, Reasoning, Sampling } from './options.ts';
import type { Tool, ToolChoice } from './tools.ts';

export interface ModelRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  /** False: at most one call per turn. */
  readonly parallelTools?: boolean;
  readonly sampling: Sampling;
  readonly output: Output;
  readonly reasoning?: Reasoning;
  readonly cache: CachePolicy;
  /** Id of the end user, for the provider's abuse handling. */
  readonly user?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly serviceTier?: string;
  readonly extensions?: Extensions;
}
