// How the model shall draw, how long and in which form it shall answer, and how hard it shall think.
import type { JsonObject } from '../lib/json.ts';

/** Numbers as the client sent them; ranges differ per wire and are the encoder's business. */
export interface Sampling {
  /** 0–2. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  /** Token id → bias. */
  readonly logitBias?: JsonObject;
}

export interface Output {
  /** Upper bound of answer tokens, reasoning included. */
  readonly maxTokens?: number;
  /** Texts that end the answer. */
  readonly stop?: readonly string[];
  /** How many answers; absent means one. */
  readonly choices?: number;
  /** Log probabilities, with this many alternatives per token. */
  readonly logprobs?: number;
  readonly verbosity?: 'low' | 'medium' | 'high';
  /** Kinds of output besides text (`audio`). */
  readonly modalities?: readonly string[];
  readonly format?: ResponseFormat;
}

export type ResponseFormat =
  | { readonly kind: 'text' }
  /** Any JSON object. */
  | { readonly kind: 'json' }
  | {
      readonly kind: 'schema';
      readonly schema: JsonObject;
      readonly name?: string;
      readonly description?: string;
      readonly strict?: boolean;
    };

export const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

export type Effort = (typeof efforts)[number];

export interface Reasoning {
  readonly effort?: Effort;
  /** Tokens; the older way to say effort. */
  readonly budget?: number;
  /** `adaptive`: the model decides when. */
  readonly mode?: 'adaptive' | 'enabled' | 'disabled' | 'between-tools';
  /** Whether the client wants to read it. */
  readonly display?: 'summarized' | 'omitted';
}

export function isEffort(value: unknown): value is Effort {
  return efforts.some((effort) => effort === value);
}

/** The effort that a token budget stands for (protocols §8.5). */
export function effortOfBudget(budget: number): Effort {
  if (budget < 1536) return 'minimal';
  if (budget < 4096) return 'low';
  return budget < 12_288 ? 'medium' : 'high';
}

/** The nearest effort among `available`: the same, else the next weaker, else the weakest. */
export function clampEffort(effort: Effort, available: readonly Effort[]): Effort | undefined {
  const wanted = efforts.indexOf(effort);
  const ranked = available.map((candidate) => efforts.indexOf(candidate)).sort((a, b) => a - b);
  const weaker = ranked.filter((rank) => rank <= wanted).at(-1);
  const rank = weaker ?? ranked[0];
  return rank === undefined ? undefined : efforts[rank];
}
