// Takes back what the gateway sealed into a client's history, before another upstream reads it: entries of
// `reasoning_details` that prove another provider's reasoning. A body without seals is not touched.
import { isSealed, mayHoldSeal } from '../../ir/proof.ts';
import { encodeUtf8, utf8 } from '../../lib/bytes.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** The body without sealed entries, or undefined when it holds none. */
export function stripSealed(body: Uint8Array): Uint8Array | undefined {
  if (!mayHoldSeal(body)) return undefined;
  const value = parseJson(utf8(body));
  if (!isObject(value) || !Array.isArray(value['messages'])) return undefined;
  let found = false;
  const messages = (value['messages'] as unknown[]).map((message) => {
    const stripped = stripMessage(message);
    found ||= stripped !== message;
    return stripped;
  });
  return found ? encodeUtf8(JSON.stringify({ ...value, messages })) : undefined;
}

function stripMessage(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message['reasoning_details'])) return message;
  const before = message['reasoning_details'] as unknown[];
  const details = before.filter((detail) => !isObject(detail) || !isSealedDetail(detail));
  if (details.length === before.length) return message;
  const { reasoning_details: _, ...bare } = message as JsonObject & { reasoning_details: unknown };
  return details.length === 0 ? bare : { ...bare, reasoning_details: details };
}

function isSealedDetail(detail: JsonObject): boolean {
  return [detail['signature'], detail['data']].some((slot) => typeof slot === 'string' && isSealed(slot));
}
