// What the events of a Responses stream say, apart from their content.
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

const terminals: ReadonlySet<unknown> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
]);

/** Items that say nothing yet when they begin. */
const silent: ReadonlySet<unknown> = new Set(['message', 'reasoning']);

/** The response of the event that ends a stream; undefined for every other event. */
export function readTerminal(event: JsonObject): JsonObject | undefined {
  if (!terminals.has(event['type'])) return undefined;
  return isObject(event['response']) ? event['response'] : {};
}

/** Whether an event carries something that a client would show or act on. */
export function isContent(event: JsonObject): boolean {
  const { type, item } = event;
  if (type === 'response.output_item.added') return isObject(item) && !silent.has(item['type']);
  if (typeof type !== 'string') return false;
  return (
    type === 'response.output_item.done' ||
    (type.endsWith('.delta') && event['delta'] !== '') ||
    type.endsWith('_text.done')
  );
}
