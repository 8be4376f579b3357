// A message item of the output: parts of text and refusal, one after the other.
import type { TokenProbability } from '../../ir/events.ts';
import type { Citation, Phase } from '../../ir/parts.ts';
import { defined } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { EncodeContext } from '../protocol.ts';
import { encodeLogprobs } from '../openai/logprobs.ts';
import { encodeCitation } from './citations.ts';
import type { Items } from './output.ts';
import type { Sink } from './stream-encoder.ts';

export interface MessageWriter {
  readonly phase: Phase | undefined;
  /** A part of text is open. */
  readonly writing: boolean;
  add(kind: 'output_text' | 'refusal', text: string): void;
  cite(citation: Citation): void;
  addLogprobs(tokens: readonly TokenProbability[]): void;
  endPart(): void;
  end(status: 'completed' | 'incomplete'): void;
}

interface OpenPart {
  readonly kind: 'output_text' | 'refusal';
  /** JSON members that say where the part is. */
  readonly at: string;
  text: string;
  readonly logprobs: TokenProbability[];
}

/** The item begins with the first text: an empty one is never told. */
export function createMessageWriter(
  phase: Phase | undefined,
  context: EncodeContext,
  items: Items,
  sink: Sink,
): MessageWriter {
  const place = items.begin('msg_');
  const base = defined({ id: place.id, type: 'message', role: 'assistant', phase });
  const content: JsonObject[] = [];
  let part: OpenPart | undefined;
  let citations: Citation[] = [];
  items.added(place, { ...base, status: 'in_progress', content: [] });

  return {
    phase,
    get writing() {
      return part?.kind === 'output_text';
    },
    add(kind, text) {
      if (part !== undefined && part.kind !== kind) endPart();
      part ??= beginPart(kind);
      part.text += text;
      const delta = `${part.at},"delta":${JSON.stringify(text)}`;
      if (kind === 'refusal') sink('response.refusal.delta', delta);
      else sink('response.output_text.delta', `${delta},"logprobs":[]`);
    },
    cite: (citation) => void citations.push(citation),
    addLogprobs: (tokens) => void part?.logprobs.push(...tokens),
    endPart,
    end(status) {
      endPart();
      items.done(place, { ...base, status, content });
    },
  };

  function beginPart(kind: OpenPart['kind']): OpenPart {
    const at = `${place.members},"content_index":${content.length}`;
    const empty = kind === 'refusal' ? { type: kind, refusal: '' } : writeText('', [], []);
    sink('response.content_part.added', `${at},"part":${JSON.stringify(empty)}`);
    return { kind, at, text: '', logprobs: [] };
  }

  function endPart(): void {
    if (part === undefined) return;
    const { kind, at, text, logprobs } = part;
    part = undefined;
    if (kind === 'refusal') {
      sink('response.refusal.done', `${at},"refusal":${JSON.stringify(text)}`);
      return finish(at, { type: kind, refusal: text });
    }
    const probabilities = encodeLogprobs(logprobs, []);
    const annotations = annotate(text, at);
    sink(
      'response.output_text.done',
      `${at},"text":${JSON.stringify(text)},"logprobs":${JSON.stringify(probabilities)}`,
    );
    finish(at, writeText(text, annotations, probabilities));
  }

  function finish(at: string, value: JsonObject): void {
    content.push(value);
    sink('response.content_part.done', `${at},"part":${JSON.stringify(value)}`);
  }

  /** Late, because a citation of a whole part must know how long it is. */
  function annotate(text: string, at: string): readonly JsonObject[] {
    const annotations = citations
      .map((citation) => encodeCitation(citation, text.length))
      .filter((annotation) => annotation !== undefined);
    if (annotations.length < citations.length)
      context.loss.add('answer.citations', 'Responses can only cite web pages');
    citations = [];
    annotations.forEach((annotation, index) =>
      sink(
        'response.output_text.annotation.added',
        `${at},"annotation_index":${index},"annotation":${JSON.stringify(annotation)}`,
      ),
    );
    return annotations;
  }
}

function writeText(
  text: string,
  annotations: readonly JsonObject[],
  logprobs: readonly JsonObject[],
): JsonObject {
  return { type: 'output_text', text, annotations, logprobs };
}
