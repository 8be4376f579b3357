// Keeps the answer of a Responses call for its key, as the client sees it, before the client sees its end: whoever asks
// for it the next moment finds it. Only what `retainable` allows and `store` does not forbid; broken answers are not kept.
import { findText, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import { eachFrame, readData } from '../lib/sse-frames.ts';
import type { AnswerPipe, PipeStep } from '../protocols/protocol.ts';
import type { ClientRequest } from '../protocols/translate.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Issuer, OutputItem } from '../state/responses.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { ownerOf } from './recall.ts';
import { retainable } from './retainable.ts';
import type { PreparedCall } from './translate.ts';
import { watchPipe } from './watch-pipe.ts';

type Output = PipeStep['output'];

/** The call with a pipe that keeps its answer, or the call itself where nothing may or need be kept. */
export function keepAnswer(
  gateway: Gateway,
  exchange: Exchange,
  attempt: Attempt,
  call: PreparedCall,
): PreparedCall {
  const { stream, snapshot } = exchange;
  if (!isKept(exchange)) return call;
  const passed = call.wire.name === exchange.protocol.name;
  const keep = (response: unknown): void => keepOne(gateway, exchange, attempt, passed, response);
  return {
    ...call,
    pipe: stream ? watchStream(call.pipe, keep) : watchWhole(call.pipe, keep, snapshot.responses.maxBytes),
  };
}

/** The request with what its translated answer says of itself: whether it is kept, and what it continues. */
export function describeKept(exchange: Exchange, request: ClientRequest): ClientRequest {
  const { recalled } = exchange;
  if (!recalled) return request;
  const { client } = request;
  const told = { store: isKept(exchange), previous_response_id: recalled.previous?.id ?? null };
  return { ...request, client: { ...client, echo: { ...client.echo, ...told } } };
}

function isKept(exchange: Exchange): boolean {
  const { recalled, snapshot } = exchange;
  return recalled?.store === true && snapshot.responses.maxPerKey > 0 && retainable(exchange);
}

function watchStream(pipe: AnswerPipe, keep: (response: unknown) => void): AnswerPipe {
  const items: unknown[] = [];
  return watchPipe(pipe, ({ output, failure }) => {
    for (const piece of output) {
      if (!mayHold(piece)) continue;
      for (const event of readEvents(piece)) {
        if (event['type'] === itemDone) items.push(event['item']);
        else if (!failure && ends.has(event['type'])) keep(complete(event['response'], items));
      }
    }
  });
}

/** `limit`: bytes above which nobody would keep it. */
function watchWhole(pipe: AnswerPipe, keep: (response: unknown) => void, limit: number): AnswerPipe {
  let pieces: (Uint8Array | string)[] = [];
  let size = 0;
  return watchPipe(
    pipe,
    ({ output }) => {
      for (const piece of output) {
        size += piece.length;
        pieces.push(piece);
      }
      if (size > limit) pieces = [];
    },
    ({ failure }) => {
      if (!failure && size <= limit) keep(parseJson(Buffer.concat(pieces.map(toBytes)).toString()));
      pieces = [];
    },
  );
}

const itemDone = 'response.output_item.done';
const ends: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete']);
const marks = [itemDone, ...ends] as readonly string[];

// Quick and too generous: most pieces of a stream are deltas. The words lack their first sign, because a search that begins
// with a quote stops at every member.
function mayHold(piece: Output[number]): boolean {
  return typeof piece === 'string'
    ? piece.includes('item.done') || piece.includes('esponse":')
    : findText(piece, 'item.done') >= 0 || findText(piece, 'esponse":') >= 0;
}

/** The events with items and answers among whole frames. */
function readEvents(piece: Output[number]): readonly JsonObject[] {
  const text = typeof piece === 'string' ? piece : utf8(piece);
  const events: JsonObject[] = [];
  eachFrame(text, (start, end) => {
    const frame = text.slice(start, end);
    if (!marks.some((mark) => frame.includes(mark))) return;
    const event = parseJson(readData(frame) ?? '');
    if (isObject(event)) events.push(event);
  });
  return events;
}

// Some upstreams do not repeat in the end what they said before.
function complete(response: unknown, items: readonly unknown[]): unknown {
  if (!isObject(response) || items.length === 0) return response;
  const { output } = response;
  return Array.isArray(output) && output.length > 0 ? response : { ...response, output: items };
}

function keepOne(
  { responses }: Gateway,
  exchange: Exchange,
  { provider, connection, target }: Attempt,
  passed: boolean,
  response: unknown,
): void {
  const { input, previous } = exchange.recalled!;
  if (!isObject(response) || typeof response['id'] !== 'string' || !Array.isArray(response['output'])) return;
  // A compaction is no answer that anybody could go on from.
  if ((response['object'] ?? 'response') !== 'response') return;
  const { output, ...head } = response as JsonObject & { readonly output: readonly unknown[] };
  const how: Issuer['how'] = !passed ? 'translated' : head['store'] === true ? 'kept' : 'passed';
  const link = previous ? { previous_response_id: previous.id } : {};
  responses.put(
    ownerOf(exchange),
    {
      id: response['id'],
      before: previous,
      root: previous?.root ?? response['id'],
      issuer: { provider: provider.id, connection: connection.key, target, how },
      input,
      output: output.filter(isObject).map(describeItem),
      head: JSON.stringify({ ...head, store: true, ...link }),
    },
    exchange.snapshot.responses,
  );
}

function describeItem(item: JsonObject): OutputItem {
  const { id, type, encrypted_content: proof, content } = item;
  return {
    id: typeof id === 'string' ? id : undefined,
    type: typeof type === 'string' ? type : '',
    json: JSON.stringify(item),
    sort:
      type !== 'reasoning' && type !== 'compaction'
        ? 'plain'
        : typeof proof === 'string'
          ? 'proof'
          : Array.isArray(content) && content.length > 0
            ? 'plain'
            : 'bare',
  };
}

function toBytes(piece: Uint8Array | string): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece) : piece;
}
