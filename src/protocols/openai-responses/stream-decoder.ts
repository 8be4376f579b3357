// A Responses stream → events: plain state, safe at any byte split. The events of an item tell it in pieces, its end tells
// it whole: what the pieces left out is made up for there, so that a whole response is a stream of ends.
import type { UpstreamFailure } from '../../errors.ts';
import type { AnswerListener } from '../../ir/events.ts';
import { brokenAnswer, readInnerFailure } from '../../ir/failure.ts';
import { createFrameDecoder, type FrameReader } from '../../ir/frame-decoder.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { AnswerDecoder, DecodeContext } from '../protocol.ts';
import { readTerminal } from './events.ts';
import { decodeFinish, readFailedResponse } from './finish.ts';
import { createItem, type Item } from './stream-items.ts';
import type { ItemContext } from './stream-pieces.ts';
import { decodeUsage } from './usage.ts';

export function createAnswerDecoder(context: DecodeContext, emit: AnswerListener): AnswerDecoder {
  const ignored = (data: string): boolean => data.trim() === '' || data.trim() === '[DONE]';
  return createFrameDecoder(createEventReader(context, emit), ignored);
}

/** Events, already parsed → events of the hub. Only the terminal ends an answer. */
export function createEventReader(context: DecodeContext, emit: AnswerListener): FrameReader {
  /** By the id of the item and by its place: some servers leave out the one, some use the other twice. */
  const byId = new Map<string, Item>();
  const byIndex = new Map<unknown, Item>();
  const items: Item[] = [];
  const inner: ItemContext = { ...context, emit, nextId: () => count++, onCall: () => void calls++ };
  let count = 0;
  let calls = 0;
  let started = false;
  let closed = false;

  return {
    read,
    complete,
    fail,
    get closed() {
      return closed;
    },
  };

  function read(event: JsonObject): void {
    if (closed) return;
    const { type } = event;
    if (type === 'error' || isObject(event['error']))
      return fail(readInnerFailure(event) ?? brokenAnswer('The upstream reported an error.'));
    const terminal = readTerminal(event);
    if (terminal !== undefined) return end(terminal);
    if (isObject(event['response'])) return start(event['response']);
    if (type === 'response.output_item.added') {
      if (isObject(event['item'])) add(event, event['item']);
    } else if (type === 'response.output_item.done') {
      if (isObject(event['item']))
        (find(event, event['item']) ?? add(event, event['item'])).end(event['item']);
    } else if (typeof type === 'string') find(event, event)?.read(type, event);
  }

  function start(response: JsonObject): void {
    if (started) return;
    started = true;
    const { id, model, created_at: created } = response;
    emit(
      defined({
        type: 'answer-start' as const,
        id: typeof id === 'string' ? id : '',
        model: typeof model === 'string' ? model : '',
        created: typeof created === 'number' ? Math.trunc(created) : undefined,
      }),
    );
  }

  function add(event: JsonObject, value: JsonObject): Item {
    start({});
    const placed = byIndex.get(event['output_index']);
    // Told twice it is still one; another id at the same place is another item.
    if (placed !== undefined && !placed.ended && placed.id === value['id']) return placed;
    const item = createItem(value, inner);
    items.push(item);
    if (typeof value['id'] === 'string') byId.set(value['id'], item);
    byIndex.set(event['output_index'], item);
    return item;
  }

  /** `holder` is an item, or an event that names one. */
  function find(event: JsonObject, holder: JsonObject): Item | undefined {
    const id = holder['item_id'] ?? holder['id'];
    const named = typeof id === 'string' ? byId.get(id) : undefined;
    if (named !== undefined) return named;
    const placed = byIndex.get(event['output_index']);
    // Another id at the same place is another item; ids that change on the way (some hosts encrypt them) are not.
    return placed === undefined || placed.ended || !placed.fits(holder) ? undefined : placed;
  }

  function end(response: JsonObject): void {
    const failure = readFailedResponse(response);
    if (failure !== undefined) return fail(failure);
    start(response);
    for (const item of items) item.close();
    // A server that only ever tells the whole.
    if (items.length === 0 && Array.isArray(response['output'])) {
      (response['output'] as unknown[]).forEach((value, index) => {
        if (isObject(value)) add({ output_index: index }, value).end(value);
      });
    }
    const usage = decodeUsage(response['usage'], response['tool_usage']);
    if (usage !== undefined) emit({ type: 'usage-update', usage });
    closed = true;
    emit({ type: 'answer-end', finish: decodeFinish(response, calls) });
  }

  function complete(): void {
    fail(brokenAnswer(`The upstream ${started ? 'cut the stream' : 'answered with an empty stream'}.`));
  }

  function fail(failure: UpstreamFailure): void {
    if (closed) return;
    closed = true;
    emit({ type: 'answer-fail', failure });
  }
}
