// The closed vocabulary of a streamed answer: noun-verb, every block opened and closed under an id of its own. Blocks
// may be open side by side (parallel calls whose pieces interleave); a wire that knows no such thing must buffer.
import type { UpstreamFailure } from '../errors.ts';
import type { Citation, Part, Phase } from './parts.ts';
import type { Proof } from './proof.ts';
import type { Usage } from './usage.ts';

export type FinishReason =
  | 'stop'
  /** A text of `output.stop` was hit. */
  | 'stop-sequence'
  /** `output.maxTokens` was reached. */
  | 'length'
  /** The context window was reached. */
  | 'context'
  | 'tool-calls'
  /** The model or a filter refused. */
  | 'refusal'
  /** The provider paused its own tool loop; sending the answer back continues it. */
  | 'pause'
  /** A reason that this version does not know. */
  | 'other';

export interface Finish {
  readonly reason: FinishReason;
  readonly stopSequence?: string;
  /** Why it was refused, in the provider's words. */
  readonly explanation?: string;
  readonly category?: string;
}

export interface TokenProbability {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[] | null;
  readonly alternatives: readonly {
    readonly token: string;
    readonly logprob: number;
    readonly bytes?: readonly number[] | null;
  }[];
}

export interface AnswerStart {
  readonly type: 'answer-start';
  /** The upstream's id of the answer; empty when it has none. */
  readonly id: string;
  /** The model that answers, as the upstream names it; empty when it does not say. */
  readonly model: string;
  /** Epoch seconds. */
  readonly created?: number;
}

export type AnswerEvent =
  | AnswerStart
  | { readonly type: 'text-start'; readonly id: number; readonly phase?: Phase }
  | { readonly type: 'text-delta'; readonly id: number; readonly text: string }
  | { readonly type: 'text-end'; readonly id: number }
  | { readonly type: 'citation-add'; readonly id: number; readonly citation: Citation }
  | { readonly type: 'reasoning-start'; readonly id: number }
  | { readonly type: 'reasoning-delta'; readonly id: number; readonly text: string }
  | { readonly type: 'reasoning-end'; readonly id: number; readonly proof?: Proof }
  | { readonly type: 'refusal-start'; readonly id: number }
  | { readonly type: 'refusal-delta'; readonly id: number; readonly text: string }
  | { readonly type: 'refusal-end'; readonly id: number }
  | {
      readonly type: 'tool-call-start';
      readonly id: number;
      readonly callId: string;
      readonly name: string;
      readonly freeform?: boolean;
    }
  | { readonly type: 'tool-call-delta'; readonly id: number; readonly text: string }
  | { readonly type: 'tool-call-end'; readonly id: number }
  /** A block that arrives whole: a generated image, a server tool's result. */
  | { readonly type: 'part-add'; readonly id: number; readonly part: Part }
  | { readonly type: 'logprobs-add'; readonly tokens: readonly TokenProbability[] }
  /** Cumulative; may come before, with or after the last content. */
  | { readonly type: 'usage-update'; readonly usage: Usage }
  /** The upstream completed the answer. Nothing follows. */
  | { readonly type: 'answer-end'; readonly finish: Finish }
  /** The upstream reported a failure inside the answer. Nothing follows. */
  | { readonly type: 'answer-fail'; readonly failure: UpstreamFailure };

export type AnswerListener = (event: AnswerEvent) => void;

/** A whole answer: what `fold` makes of its events. */
export interface Answer {
  readonly id: string;
  readonly model: string;
  readonly created?: number;
  readonly parts: readonly Part[];
  readonly finish: Finish;
  readonly usage?: Usage;
  readonly logprobs?: readonly TokenProbability[];
}
