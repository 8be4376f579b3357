// Tool calls of a Chat stream: pieces keyed by index, or by id where a server sends no index, or by order where it
// sends neither. A call opens when its name is known and closes when its arguments are whole or the answer ends.
import type { AnswerListener } from '../../ir/events.ts';
import type { Blocks } from '../../ir/blocks.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { DecodeContext } from '../protocol.ts';
import { readArguments } from './parts.ts';

interface Call {
  readonly key: number | string;
  callId: string;
  name: string;
  readonly freeform: boolean;
  /** Number of its block, once it was opened. */
  block: number | undefined;
  /** All arguments so far. */
  text: string;
  closed: boolean;
}

export interface Calls {
  /** One entry of `delta.tool_calls`, or the old `delta.function_call` with `legacy`. */
  read(piece: JsonObject, legacy: boolean): void;
  /** Closes calls whose arguments are whole: something else began. */
  closeWhole(): void;
  /** Closes everything: the answer ended. */
  closeAll(): void;
  /** How many calls were opened. */
  readonly count: number;
}

export function createCalls(context: DecodeContext, blocks: Blocks, emit: AnswerListener): Calls {
  const calls: Call[] = [];
  let opened = 0;

  return {
    read(piece, legacy) {
      const custom = isObject(piece['custom']) ? piece['custom'] : undefined;
      const fn = legacy ? piece : (custom ?? piece['function']);
      const holder = isObject(fn) ? fn : {};
      const call = find(piece, holder, custom !== undefined);
      const id = piece['id'];
      if (call.callId === '' && typeof id === 'string') call.callId = id;
      if (call.block === undefined && typeof holder['name'] === 'string') call.name = holder['name'];
      if (call.block === undefined && call.name !== '') open(call);
      const text = readArguments(holder[call.freeform ? 'input' : 'arguments']);
      // What comes after a whole object can only be blank.
      if (text === '' || call.closed) return;
      call.text += text;
      if (call.block !== undefined) emit({ type: 'tool-call-delta', id: call.block, text });
    },
    closeWhole() {
      for (const call of calls) if (!call.closed && isWhole(call)) close(call);
    },
    closeAll() {
      for (const call of calls) if (!call.closed) close(call);
    },
    get count() {
      return opened;
    },
  };

  function find(piece: JsonObject, holder: JsonObject, freeform: boolean): Call {
    const { index, id } = piece;
    const key = typeof index === 'number' ? index : typeof id === 'string' && id !== '' ? id : undefined;
    const known =
      key === undefined
        ? holder['name'] === undefined
          ? calls.at(-1)
          : undefined
        : calls.findLast((call) => call.key === key);
    if (known !== undefined && !isAnother(known, piece, holder)) return known;
    for (const call of calls) if (!call.closed && isWhole(call)) close(call);
    const call: Call = {
      key: key ?? calls.length,
      callId: '',
      name: '',
      freeform,
      block: undefined,
      text: '',
      closed: false,
    };
    calls.push(call);
    return call;
  }

  function open(call: Call): void {
    blocks.close();
    call.block = blocks.next();
    opened++;
    if (call.callId === '') call.callId = context.newId('call_');
    const { block: id, callId, name } = call;
    emit(
      call.freeform
        ? { type: 'tool-call-start', id, callId, name, freeform: true }
        : { type: 'tool-call-start', id, callId, name },
    );
    if (call.text !== '') emit({ type: 'tool-call-delta', id, text: call.text });
  }

  function close(call: Call): void {
    call.closed = true;
    if (call.block === undefined) return;
    // Clients parse the whole: nothing at all must become an object.
    if (call.text.trim() === '' && !call.freeform)
      emit({ type: 'tool-call-delta', id: call.block, text: '{}' });
    emit({ type: 'tool-call-end', id: call.block });
  }
}

/** Some servers give every parallel call the index 0; a new id together with a name tells them apart. */
function isAnother(call: Call, piece: JsonObject, holder: JsonObject): boolean {
  const { id } = piece;
  const { name } = holder;
  return (
    typeof id === 'string' &&
    id !== '' &&
    call.callId !== '' &&
    id !== call.callId &&
    typeof name === 'string' &&
    name !== ''
  );
}

function isWhole(call: Call): boolean {
  return call.block !== undefined && !call.freeform && isObject(parseJson(call.text));
}
