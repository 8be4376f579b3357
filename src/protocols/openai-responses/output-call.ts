// A call of a tool as an item of the output, spelled as the client knows the tool.
import type { BlockEvent } from '../../ir/in-order.ts';
import { defined, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { EncodeContext } from '../protocol.ts';
import type { Items } from './output.ts';
import type { Sink } from './stream-encoder.ts';
import { typedTool, writeTypedCall, type TypedTool } from './typed-tools.ts';

export interface CallWriter {
  add(text: string): void;
  end(): void;
}

type CallStart = Extract<BlockEvent, { type: 'tool-call-start' }>;

export function createCallWriter(
  start: CallStart,
  context: EncodeContext,
  items: Items,
  sink: Sink,
): CallWriter {
  const typed = typedTool(context.client.tools?.get(start.name)?.type ?? '');
  return typed === undefined
    ? streamCall(start, context, items, sink)
    : holdCall(typed, start, context, items, sink);
}

/** A function or a free-form tool: its input streams. */
function streamCall(
  { callId, name: flat, freeform }: CallStart,
  { client }: EncodeContext,
  items: Items,
  sink: Sink,
): CallWriter {
  const { name = flat, namespace } = client.tools?.get(flat) ?? {};
  const [prefix, type, field, event] = freeform
    ? (['ctc_', 'custom_tool_call', 'input', 'custom_tool_call_input'] as const)
    : (['fc_', 'function_call', 'arguments', 'function_call_arguments'] as const);
  const place = items.begin(prefix);
  const base = defined({ id: place.id, type, call_id: callId, name, namespace });
  let text = '';
  items.added(place, { ...base, status: 'in_progress', [field]: '' });

  function add(piece: string): void {
    text += piece;
    sink(`response.${event}.delta`, `${place.members},"delta":${JSON.stringify(piece)}`);
  }

  return {
    add,
    end() {
      // Codex parses the arguments of a call without any.
      if (!freeform && text.trim() === '') add('{}');
      const whole = `"${field}":${JSON.stringify(text)}`;
      sink(
        `response.${event}.done`,
        `${place.members},${freeform ? '' : `"name":${JSON.stringify(name)},`}${whole}`,
      );
      // A limit may cut a call off: nobody can run it then.
      const cut = !freeform && parseJson(text) === undefined;
      items.done(place, { ...base, status: cut ? 'incomplete' : 'completed', [field]: text });
    },
  };
}

/** A tool that is known by its type: its item holds an object, which must be whole. */
function holdCall(
  typed: TypedTool,
  start: CallStart,
  context: EncodeContext,
  items: Items,
  sink: Sink,
): CallWriter {
  let text = '';
  return {
    add: (piece) => void (text += piece),
    end() {
      const wanted = writeTypedCall(typed, text);
      if (wanted === undefined) {
        const call = streamCall(start, context, items, sink);
        call.add(text);
        return call.end();
      }
      const place = items.begin(typed.prefix);
      const item: JsonObject = { id: place.id, type: typed.call, call_id: start.callId, ...wanted };
      items.added(place, { ...item, status: 'in_progress' });
      items.done(place, { ...item, status: 'completed' });
    },
  };
}
