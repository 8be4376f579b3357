// The pieces that a message is made of. A part knows no wire; what only one wire understands travels as `opaque`.
import type { CacheMark } from './cache.ts';
import type { Extensions } from './extensions.ts';
import type { Proof } from './proof.ts';

/** Where the bytes of an image, file or recording are. */
export type Source =
  /** Base64 without a prefix. */
  | { readonly kind: 'data'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string }
  /** Plain text that the client sent as a document. */
  | { readonly kind: 'text'; readonly text: string }
  /** An id at one provider; meaningless anywhere else. */
  | { readonly kind: 'reference'; readonly wire: string; readonly id: string };

interface Marked {
  readonly cache?: CacheMark;
  readonly extensions?: Extensions;
}

export interface TextPart extends Marked {
  readonly kind: 'text';
  readonly text: string;
  readonly citations?: readonly Citation[];
  readonly phase?: Phase;
}

/** Whether an assistant's text goes along with its work or is the answer itself, where its model says so. */
export type Phase = 'commentary' | 'final_answer';

export interface ImagePart extends Marked {
  readonly kind: 'image';
  readonly source: Source;
  readonly detail?: 'auto' | 'low' | 'high' | 'original';
}

/** A PDF or text document. */
export interface FilePart extends Marked {
  readonly kind: 'file';
  readonly source: Source;
  readonly name?: string;
  /** What the client says about the document. */
  readonly context?: string;
  /** The client asks for citations into this document. */
  readonly citable?: boolean;
}

export interface AudioPart extends Marked {
  readonly kind: 'audio';
  readonly source: Source;
}

export interface ToolCallPart extends Marked {
  readonly kind: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** JSON text; for a free-form tool the raw input. */
  readonly arguments: string;
  /** True for a free-form ("custom") tool. */
  readonly freeform?: boolean;
}

export interface ToolResultPart extends Marked {
  readonly kind: 'tool-result';
  readonly id: string;
  readonly parts: readonly Part[];
  readonly failed?: boolean;
}

export interface ReasoningPart extends Marked {
  readonly kind: 'reasoning';
  /** Empty when the provider hides it and only the proof is there. */
  readonly text: string;
  readonly proof?: Proof;
}

export interface RefusalPart extends Marked {
  readonly kind: 'refusal';
  readonly text: string;
}

/** A block that only its own wire can take back verbatim: server tools and their results, compaction, new kinds. */
export interface OpaquePart extends Marked {
  readonly kind: 'opaque';
  readonly wire: string;
  readonly block: unknown;
  /** What any other model should read instead; empty when there is nothing to say. */
  readonly text: string;
}

export type Part =
  | TextPart
  | ImagePart
  | FilePart
  | AudioPart
  | ToolCallPart
  | ToolResultPart
  | ReasoningPart
  | RefusalPart
  | OpaquePart;

/** A place that supports a piece of answer text. */
export interface Citation {
  /** A web page, or a place inside a document of the request. */
  readonly kind: 'url' | 'document';
  readonly url?: string;
  readonly title?: string;
  readonly citedText?: string;
  /** Span of the answer text that it supports, in UTF-16 units from the start of its part; absent: the whole part. */
  readonly start?: number;
  readonly end?: number;
  /** The citation as its own wire sent it, for the way back. */
  readonly raw?: { readonly wire: string; readonly value: unknown };
}

/** Joins the text of parts; parts without text count as nothing. */
export function joinText(parts: readonly Part[], separator: string): string {
  const texts: string[] = [];
  for (const part of parts) {
    if (part.kind === 'text' || part.kind === 'refusal') texts.push(part.text);
    else if (part.kind === 'opaque' && part.text !== '') texts.push(part.text);
  }
  return texts.join(separator);
}

export function isBlank(text: string): boolean {
  return text.trim() === '';
}
