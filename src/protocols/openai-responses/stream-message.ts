// A message item of a Responses stream: its parts of text and refusal, each a block of the hub.
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { decodeLogprobs } from '../openai/logprobs.ts';
import { decodeCitation } from './citations.ts';
import { asList, createRest, type ItemContext, type ItemKind } from './stream-pieces.ts';

interface MessagePart {
  /** The part whole, at its end. */
  settle(part: JsonObject): void;
  close(): void;
  add(piece: unknown): void;
  cite(annotation: unknown): void;
}

export function createMessageItem(first: JsonObject, context: ItemContext): ItemKind {
  const parts = new Map<unknown, MessagePart>();
  const phase = (['commentary', 'final_answer'] as const).find((known) => known === first['phase']);
  const find = (event: JsonObject, kind: 'text' | 'refusal'): MessagePart => {
    const index = event['content_index'] ?? 0;
    let part = parts.get(index);
    if (part === undefined) parts.set(index, (part = createPart(kind, phase, context)));
    return part;
  };

  return {
    read(type, event) {
      switch (type) {
        case 'response.output_text.delta':
          find(event, 'text').add(event['delta']);
          addLogprobs(event['logprobs'], context);
          break;
        case 'response.output_text.annotation.added':
          find(event, 'text').cite(event['annotation']);
          break;
        case 'response.refusal.delta':
          find(event, 'refusal').add(event['delta']);
          break;
        case 'response.content_part.done':
          if (isObject(event['part'])) settle(event, event['part']);
          break;
      }
    },
    end(value) {
      asList(value?.['content']).forEach((part, index) => settle({ content_index: index }, part));
      for (const part of parts.values()) part.close();
    },
  };

  function settle(at: JsonObject, part: JsonObject): void {
    const isNew = !parts.has(at['content_index'] ?? 0);
    if (part['type'] === 'refusal') find(at, 'refusal').settle(part);
    else if (part['type'] === 'output_text' || part['type'] === 'text') {
      find(at, 'text').settle(part);
      // Told in pieces they are told once.
      if (isNew) addLogprobs(part['logprobs'], context);
    }
  }
}

function addLogprobs(value: unknown, { emit }: ItemContext): void {
  const tokens = decodeLogprobs(value);
  if (tokens.length > 0) emit({ type: 'logprobs-add', tokens });
}

function createPart(
  kind: 'text' | 'refusal',
  phase: 'commentary' | 'final_answer' | undefined,
  { emit, nextId }: ItemContext,
): MessagePart {
  const id = nextId();
  let cited = 0;
  let closed = false;
  if (kind === 'text') emit(defined({ type: 'text-start' as const, id, phase }));
  else emit({ type: 'refusal-start', id });
  const words = createRest((text) =>
    emit(kind === 'text' ? { type: 'text-delta', id, text } : { type: 'refusal-delta', id, text }),
  );

  return {
    add: (piece) => void (closed || words.add(piece)),
    cite,
    settle(part) {
      if (closed) return;
      words.settle(part[kind]);
      asList(part['annotations']).slice(cited).forEach(cite);
      close();
    },
    close,
  };

  function cite(annotation: unknown): void {
    const citation = decodeCitation(annotation);
    if (closed || citation === undefined || kind !== 'text') return;
    cited++;
    emit({ type: 'citation-add', id, citation });
  }

  function close(): void {
    if (closed) return;
    closed = true;
    emit({ type: kind === 'text' ? 'text-end' : 'refusal-end', id });
  }
}
