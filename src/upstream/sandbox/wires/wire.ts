// What each wire's templates must offer. Templates are written by hand against the vendors' published shapes and are
// parsed with the vendors' own SDKs in test/conformance; nothing here comes from the gateway's codecs.
import type { Ask } from '../ask.ts';
import type { Say } from '../say.ts';
import type { ProblemKind } from '../script.ts';

/** Every answer claims to be made at this moment (2026-01-01), so that equal requests give equal bytes. */
export const answerTime = 1_767_225_600;

/**
 * One piece of a streamed answer as it stands on the wire, blank line included.
 * `open` comes before the first token, `close` after the last, `end` is the mark that ends the stream.
 */
export interface Frame {
  readonly text: string;
  readonly phase: 'open' | 'token' | 'close' | 'end';
  /** Tokens that it carries, for pacing. */
  readonly tokens: number;
}

export interface Problem {
  readonly kind: ProblemKind;
  readonly message: string;
  /** Instead of the kind's own. */
  readonly status?: number;
  readonly param?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Stable digits for request ids. */
  readonly id: string;
  /** Epoch milliseconds; only for reset times, which clients compare with their own clock. */
  readonly now: number;
}

export interface WireError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Wire {
  readonly streamType: string;
  /** Vendor headers of every successful answer. */
  headers(id: string): Readonly<Record<string, string>>;
  unary(say: Say, ask: Ask): string;
  stream(say: Say, ask: Ask): readonly Frame[];
  error(problem: Problem): WireError;
  /** The same failure as a frame, after status 200; `first` when no frame stands before it. */
  errorFrame(problem: Problem, first: boolean): string;
}

/** Status codes and default texts, shared by all wires; each wire words the type in its own way. */
export const problemTable = {
  'bad-request': { status: 400, message: 'The sandbox refuses this request.' },
  context: { status: 400, message: 'The prompt is too long.' },
  authentication: { status: 401, message: 'The sandbox does not accept this key.' },
  billing: { status: 402, message: 'The sandbox account has no money left.' },
  permission: { status: 403, message: 'The sandbox account may not use this.' },
  'not-found': { status: 404, message: 'The sandbox has no such model.' },
  'rate-limit': { status: 429, message: 'The sandbox is rate limited, try again later.' },
  quota: { status: 429, message: 'The sandbox quota is used up.' },
  server: { status: 500, message: 'The sandbox had an internal error.' },
  unavailable: { status: 503, message: 'The sandbox is temporarily unavailable.' },
  overloaded: { status: 529, message: 'The sandbox is overloaded.' },
} as const satisfies Record<ProblemKind, { readonly status: number; readonly message: string }>;

/** The status that the problem is answered with. */
export function statusOf(problem: Problem): number {
  return problem.status ?? problemTable[problem.kind].status;
}

/** Text in pieces of a word each, long words cut; joined they are the text again. */
export function splitText(text: string): readonly string[] {
  return text.match(/\s*\S{1,24}|\s+$/gu) ?? [];
}

/** Argument text in pieces that respect no token boundary, as vendors stream it. */
export function splitArguments(text: string): readonly string[] {
  return text.match(/[\s\S]{1,9}/gu) ?? [];
}
