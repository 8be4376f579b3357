// Blocks of the hub, one after the other → the output items of a response and the events that tell them.
import type { TokenProbability } from '../../ir/events.ts';
import type { BlockEvent } from '../../ir/in-order.ts';
import type { Citation, Part, Phase } from '../../ir/parts.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { EncodeContext } from '../protocol.ts';
import { createCallWriter, type CallWriter } from './output-call.ts';
import { createMessageWriter, type MessageWriter } from './output-message.ts';
import { encodeProof } from './proof.ts';
import type { Sink } from './stream-encoder.ts';
import { wire } from './wire.ts';

export interface Output {
  write(event: BlockEvent): void;
  addLogprobs(tokens: readonly TokenProbability[]): void;
  /** The answer is at an end. `explanation`: why it was refused, where no refusal says it. */
  end(status: 'completed' | 'incomplete', explanation: string | undefined): void;
  /** JSON of the items that are done. */
  readonly items: readonly string[];
}

/** Where an item stands: JSON members of its events. */
export interface Place {
  readonly id: string;
  readonly index: number;
  /** `"item_id":…,"output_index":…` */
  readonly members: string;
}

/** Begins and ends items. */
export interface Items {
  begin(prefix: string): Place;
  added(place: Place, item: JsonObject): void;
  done(place: Place, item: JsonObject): void;
}

export function createOutput(context: EncodeContext, sink: Sink): Output {
  const items: string[] = [];
  let count = 0;
  let refused = false;
  /** The phase of the text that begins. */
  let phase: Phase | undefined;
  let message: MessageWriter | undefined;
  let call: CallWriter | undefined;
  let thought: { readonly place: Place; text: string } | undefined;
  let early: TokenProbability[] = [];
  /** Citations that came before the text that they support. */
  let cited: Citation[] = [];

  const book: Items = {
    begin(prefix) {
      const id = context.newId(prefix);
      const index = count++;
      return { id, index, members: `"item_id":${JSON.stringify(id)},"output_index":${index}` };
    },
    added: ({ index }, item) =>
      sink('response.output_item.added', `"output_index":${index},"item":${JSON.stringify(item)}`),
    done({ index }, item) {
      const json = JSON.stringify(item);
      items.push(json);
      sink('response.output_item.done', `"output_index":${index},"item":${json}`);
    },
  };

  return {
    items,
    write,
    addLogprobs(tokens) {
      if (message?.writing) message.addLogprobs(tokens);
      else early.push(...tokens);
    },
    end(status, explanation) {
      settle();
      if (explanation !== undefined && explanation !== '' && !refused) speak().add('refusal', explanation);
      endMessage(status);
    },
  };

  function write(event: BlockEvent): void {
    switch (event.type) {
      case 'text-delta':
        speak().add('output_text', event.text);
        if (early.length > 0) message!.addLogprobs(early.splice(0));
        break;
      case 'reasoning-delta':
        think(event.text);
        break;
      case 'tool-call-delta':
        call?.add(event.text);
        break;
      case 'refusal-delta':
        refused = true;
        speak().add('refusal', event.text);
        break;
      case 'text-start':
        settle();
        if (message !== undefined && message.phase !== event.phase) endMessage('completed');
        phase = event.phase;
        break;
      case 'refusal-start':
        settle();
        phase = message?.phase;
        break;
      case 'citation-add':
        if (message === undefined) cited.push(event.citation);
        else message.cite(event.citation);
        break;
      case 'text-end':
      case 'refusal-end':
        message?.endPart();
        break;
      case 'reasoning-start':
        settle();
        endMessage('completed');
        break;
      case 'reasoning-end':
        if (thought !== undefined || event.proof !== undefined) endThought(event.proof);
        break;
      case 'tool-call-start':
        settle();
        endMessage('completed');
        call = createCallWriter(event, context, book, sink);
        break;
      case 'tool-call-end':
        call?.end();
        call = undefined;
        break;
      case 'part-add':
        settle();
        if (event.part.kind !== 'image') endMessage('completed');
        addPart(event.part);
    }
  }

  /** Texts side by side are parts of one message. */
  function speak(): MessageWriter {
    if (message !== undefined) return message;
    message = createMessageWriter(phase, context, book, sink);
    for (const citation of cited.splice(0)) message.cite(citation);
    return message;
  }

  /** Ends what its own end did not. */
  function settle(): void {
    call?.end();
    call = undefined;
    if (thought !== undefined) endThought(undefined);
  }

  function endMessage(status: 'completed' | 'incomplete'): void {
    message?.end(status);
    message = undefined;
  }

  function think(text: string): void {
    thought ??= beginThought();
    if (thought.text === '') {
      sink(
        'response.reasoning_summary_part.added',
        `${thought.place.members},"summary_index":0,"part":{"type":"summary_text","text":""}`,
      );
    }
    thought.text += text;
    sink(
      'response.reasoning_summary_text.delta',
      `${thought.place.members},"summary_index":0,"delta":${JSON.stringify(text)}`,
    );
  }

  function beginThought(): NonNullable<typeof thought> {
    const place = book.begin('rs_');
    book.added(place, { id: place.id, type: 'reasoning', summary: [] });
    return { place, text: '' };
  }

  function endThought(proof: Parameters<typeof encodeProof>[0]): void {
    const { place, text } = thought ?? beginThought();
    thought = undefined;
    const part = { type: 'summary_text', text };
    if (text !== '') {
      const members = `${place.members},"summary_index":0`;
      sink('response.reasoning_summary_text.done', `${members},"text":${JSON.stringify(text)}`);
      sink('response.reasoning_summary_part.done', `${members},"part":${JSON.stringify(part)}`);
    }
    book.done(place, {
      id: place.id,
      type: 'reasoning',
      summary: text === '' ? [] : [part],
      encrypted_content: encodeProof(proof, context.issuer),
    });
  }

  function addPart(part: Part): void {
    if (part.kind === 'opaque' && part.wire === wire && isObject(part.block)) {
      const { block } = part;
      const place = book.begin('item_');
      // Its own id is what the client's next request may refer to.
      const item = { id: place.id, ...block };
      book.added(place, item);
      book.done(place, item);
    } else if (part.kind === 'image' && part.source.kind === 'data') {
      endMessage('completed');
      const place = book.begin('ig_');
      const { data, mediaType } = part.source;
      const item = { id: place.id, type: 'image_generation_call' };
      book.added(place, { ...item, status: 'in_progress', result: null });
      const format = mediaType.replace(/^image\//, '');
      book.done(place, { ...item, status: 'completed', output_format: format, result: data });
    } else if (part.kind === 'image' && part.source.kind === 'url') {
      const { url } = part.source;
      speak().add('output_text', `![image](${url})`);
      message?.endPart();
    } else context.loss.add(`answer.${part.kind}`, 'Responses has no form for it');
  }
}
