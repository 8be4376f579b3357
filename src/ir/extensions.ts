// Fields that only one vendor knows, kept under the name of the wire that brought them. They return to an upstream of
// the same wire; towards any other wire each one is a reported loss.
import type { JsonObject } from '../lib/json.ts';

/** Wire name (`openai-chat`) → its own fields, verbatim. */
export type Extensions = Readonly<Record<string, JsonObject>>;

/** Extensions of one wire, or undefined when there is nothing to carry. */
export function extend(wire: string, fields: JsonObject | undefined): Extensions | undefined {
  return fields === undefined ? undefined : { [wire]: fields };
}
