// One output item of a Responses stream → the blocks of the hub that it holds.
import type { ImagePart } from '../../ir/parts.ts';
import type { JsonObject } from '../../lib/json.ts';
import { flattenName } from './namespace.ts';
import { decodeReasoning, summaryBreak } from './parts.ts';
import { createMessageItem } from './stream-message.ts';
import { createRest, type ItemContext, type ItemKind } from './stream-pieces.ts';
import { readTypedCall, toolOfCall } from './typed-tools.ts';
import { wire } from './wire.ts';

export interface Item {
  /** An event of the item other than its end. */
  read(type: string, event: JsonObject): void;
  /** The item as its end tells it. */
  end(value: JsonObject): void;
  /** The answer is at an end, whether the item's own end came or not. */
  close(): void;
  /** Whether an item or event without a known id may belong here. */
  fits(holder: JsonObject): boolean;
  readonly ended: boolean;
  /** Its id, where it has one. */
  readonly id: unknown;
}

export function createItem(value: JsonObject, context: ItemContext): Item {
  const kind = createKind(value, context);
  let ended = false;
  const end = (last: JsonObject | undefined): void => {
    if (ended) return;
    ended = true;
    kind.end(last);
  };
  return {
    read: (type, event) => void (ended || kind.read(type, event)),
    end,
    close: () => end(undefined),
    id: value['id'],
    fits: (holder) => holder['type'] === value['type'] || holder['item_id'] !== undefined,
    get ended() {
      return ended;
    },
  };
}

function createKind(value: JsonObject, context: ItemContext): ItemKind {
  switch (value['type']) {
    case 'message':
      return createMessageItem(value, context);
    case 'reasoning':
      return createReasoningItem(context);
    case 'function_call':
    case 'custom_tool_call':
      return createCallItem(value, context);
    default:
      return createWholeItem(value, context);
  }
}

/** Thoughts of open models come as they are, others' as a summary in parts: whichever comes first is told. */
function createReasoningItem({ emit, nextId, issuer }: ItemContext): ItemKind {
  let id: number | undefined;
  let source: string | undefined;
  let part: unknown;
  const words = createRest((text) => emit({ type: 'reasoning-delta', id: open(), text }));

  function open(): number {
    if (id === undefined) {
      id = nextId();
      emit({ type: 'reasoning-start', id });
    }
    return id;
  }

  return {
    read(type, event) {
      const index = event['summary_index'] ?? event['content_index'];
      if (!type.endsWith('_text.delta') || event['delta'] === '') return;
      source ??= type;
      if (source !== type) return;
      if (part !== undefined && part !== index) words.add(summaryBreak);
      part = index;
      words.add(event['delta']);
    },
    end(value) {
      if (value === undefined) {
        if (id !== undefined) emit({ type: 'reasoning-end', id });
        return;
      }
      const { text, proof } = decodeReasoning(value, issuer);
      words.settle(text);
      // An item that says nothing and proves nothing is OpenAI's way to hide it.
      if (id === undefined && proof === undefined) return;
      const block = open();
      emit(
        proof === undefined
          ? { type: 'reasoning-end', id: block }
          : { type: 'reasoning-end', id: block, proof },
      );
    },
  };
}

function createCallItem(first: JsonObject, { emit, nextId, newId, onCall }: ItemContext): ItemKind {
  const freeform = first['type'] === 'custom_tool_call';
  const field = freeform ? 'input' : 'arguments';
  let id: number | undefined;
  const words = createRest((text) => emit({ type: 'tool-call-delta', id: open(first), text }));

  function open(item: JsonObject): number {
    if (id !== undefined) return id;
    id = nextId();
    onCall();
    const { call_id: callId, name, namespace } = item;
    emit({
      type: 'tool-call-start',
      id,
      callId: typeof callId === 'string' && callId !== '' ? callId : newId('call_'),
      name: flattenName(
        typeof namespace === 'string' ? namespace : undefined,
        typeof name === 'string' ? name : '',
      ),
      ...(freeform && { freeform }),
    });
    return id;
  }

  if (typeof first['name'] === 'string' && first['name'] !== '') open(first);
  return {
    read(type, event) {
      if (type.endsWith('.delta')) words.add(event['delta']);
      else if (type.endsWith('.done')) words.settle(event[field]);
    },
    end(value) {
      const block = open(value ?? first);
      words.settle(value?.[field]);
      // Clients parse the whole: nothing at all must become an object.
      if (!freeform && words.text.trim() === '') emit({ type: 'tool-call-delta', id: block, text: '{}' });
      emit({ type: 'tool-call-end', id: block });
    },
  };
}

/** Items of the provider's own tools, and calls of tools that are known by type alone. */
function createWholeItem(first: JsonObject, { emit, nextId, newId, onCall }: ItemContext): ItemKind {
  return {
    read: () => {},
    end(value) {
      const item = value ?? first;
      const id = nextId();
      const called = typeof item['type'] === 'string' ? toolOfCall(item['type']) : undefined;
      if (called !== undefined) {
        const { call_id: callId } = item;
        onCall();
        emit({
          type: 'tool-call-start',
          id,
          callId: typeof callId === 'string' && callId !== '' ? callId : newId('call_'),
          name: called.type,
        });
        emit({ type: 'tool-call-delta', id, text: readTypedCall(called, item) });
        emit({ type: 'tool-call-end', id });
        return;
      }
      const image = readImage(item);
      // What a provider did on its own is no part of the answer's text.
      emit({ type: 'part-add', id, part: image ?? { kind: 'opaque', wire, block: item, text: '' } });
    },
  };
}

function readImage(item: JsonObject): ImagePart | undefined {
  const { type, result, output_format: format } = item;
  if (type !== 'image_generation_call' || typeof result !== 'string' || result === '') return undefined;
  const mediaType = `image/${typeof format === 'string' ? format : 'png'}`;
  return { kind: 'image', source: { kind: 'data', mediaType, data: result } };
}
